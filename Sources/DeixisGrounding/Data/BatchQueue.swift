import Foundation

/// Makes batches on a thread of its own, `depth` ahead of the training step, in order.
public final class BatchQueue: @unchecked Sendable {
    // Everything mutable is guarded by `condition`.
    private let condition = NSCondition()
    private var ready: [Result<GroundingBatch, GroundingError>] = []
    private var stopped = false

    public init(_ maker: BatchMaker, from first: Int, depth: Int = 2) {
        let thread = Thread { [weak self] in
            var number = first
            while let self, self.hasRoom(depth) {
                let result: Result<GroundingBatch, GroundingError>
                do throws(GroundingError) {
                    result = .success(try maker.batch(number))
                } catch {
                    result = .failure(error)
                }
                self.append(result)
                if case .failure = result { return }
                number += 1
            }
        }
        thread.name = "batches"
        thread.stackSize = 1 << 21
        thread.start()
    }

    /// Waits for room; false once nobody wants batches any more.
    private func hasRoom(_ depth: Int) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while ready.count >= depth, !stopped { condition.wait() }
        return !stopped
    }

    private func append(_ result: Result<GroundingBatch, GroundingError>) {
        condition.lock()
        defer { condition.unlock() }
        ready.append(result)
        condition.broadcast()
    }

    /// The next batch in order; waits until it is made.
    public func next() throws(GroundingError) -> GroundingBatch {
        condition.lock()
        while ready.isEmpty { condition.wait() }
        // A failure stays: whoever asks again hears it again.
        let first = ready[0]
        if case .success = first { ready.removeFirst() }
        condition.broadcast()
        condition.unlock()
        return try first.get()
    }

    /// Ends the thread; call it when training ends.
    public func stop() {
        condition.lock()
        stopped = true
        condition.broadcast()
        condition.unlock()
    }
}
