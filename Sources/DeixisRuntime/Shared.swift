import CDeixisSystem

/// Short sections of which one thread at a time is in one (`deixis_lock`). A child of a fork finds whole what they
/// guard.
enum Shared {
    static func locked<R>(_ body: () -> R) -> R {
        deixis_lock()
        defer { deixis_unlock() }
        return body()
    }
}

/// Long work that one thread at a time does, such as making a plan: the others wait for it. What a thread was at when
/// its process forked does not hold up the child, where that thread is not.
final class Turn: @unchecked Sendable {
    // `Shared` guards it. The process generation of the thread whose turn it is; 0: nobody's.
    private var holder: UInt64 = 0

    func take<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        deixis_lock()
        while holder == deixis_process_generation() { deixis_lock_wait() }
        holder = deixis_process_generation()
        deixis_unlock()
        defer {
            Shared.locked {
                holder = 0
                deixis_lock_notify()
            }
        }
        return try body()
    }
}

/// Things that one thread at a time works with: taken for a call, given back for the next. Kept are as many as were
/// ever out at once, `limit` at most.
package final class Idle<Thing: AnyObject>: @unchecked Sendable {
    // `Shared` guards it.
    private var things: [Thing] = []
    private let limit: Int

    package init(limit: Int) {
        self.limit = limit
        things.reserveCapacity(limit)
    }

    /// One that `suits`, else the one given back last; nil: make one.
    package func take(_ suits: (Thing) -> Bool = { _ in false }) -> Thing? {
        Shared.locked {
            guard let at = things.firstIndex(where: suits) else { return things.popLast() }
            return things.remove(at: at)
        }
    }

    package func give(_ thing: Thing) {
        Shared.locked { if things.count < limit { things.append(thing) } }
    }
}
