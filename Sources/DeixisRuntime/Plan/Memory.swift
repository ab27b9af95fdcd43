import CDeixisSystem
import DeixisGraph

/// Memory of one context, for whichever plan it runs.
final class Arena {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    /// Of the steps that run in it.
    let faults = FaultRecord()

    init(byteCount: Int) throws(RuntimeError) {
        guard let base = deixis_allocate(max(byteCount, 64), 64) else { throw .outOfMemory(bytes: byteCount) }
        self.base = base
        self.byteCount = byteCount
    }

    deinit { deixis_deallocate(base) }
}

/// Which values share memory, and how long each piece of memory is needed. A forest: a value lies inside its parent at
/// an offset.
struct Placement {
    struct Root {
        var byteCount: Int
        /// First and last step that touches it.
        var first: Int, last: Int
        /// Inputs, outputs: contents outlive the run.
        var isPinned: Bool
        /// Lies in `KeptMemory`, not in the arena.
        var isKept = false
    }

    private var parents: [Int?]
    private var offsets: [Int]
    private(set) var roots: [Root?]

    init(valueCount: Int) {
        parents = Array(repeating: nil, count: valueCount)
        offsets = Array(repeating: 0, count: valueCount)
        roots = Array(repeating: nil, count: valueCount)
    }

    mutating func add(_ value: ValueID, byteCount: Int, step: Int, isPinned: Bool = false) {
        roots[value.index] = Root(byteCount: byteCount, first: step, last: step, isPinned: isPinned)
    }

    /// The memory `value` lies in, and where in it.
    func find(_ value: ValueID) -> (root: Int, offset: Int) {
        var at = value.index, offset = 0
        while let parent = parents[at] {
            offset += offsets[at]
            at = parent
        }
        return (at, offset)
    }

    func root(_ value: ValueID) -> Root? { roots[find(value).root] }

    mutating func touch(_ value: ValueID, step: Int) {
        let root = find(value).root
        guard var entry = roots[root] else { return }
        entry.first = min(entry.first, step)
        entry.last = max(entry.last, step)
        roots[root] = entry
    }

    mutating func pin(_ value: ValueID) { roots[find(value).root]?.isPinned = true }

    mutating func keep(_ value: ValueID) {
        pin(value)
        roots[find(value).root]?.isKept = true
    }

    /// Puts all of `value`'s memory inside `parent`'s.
    mutating func put(_ value: ValueID, inside parent: ValueID, at offset: Int) {
        let child = find(value), target = find(parent)
        guard child.root != target.root else { return }
        if let moved = roots[child.root], var root = roots[target.root] {
            root.first = min(root.first, moved.first)
            root.last = max(root.last, moved.last)
            root.isPinned = root.isPinned || moved.isPinned
            root.isKept = root.isKept || moved.isKept
            roots[target.root] = root
        }
        parents[child.root] = target.root
        offsets[child.root] = target.offset + offset - child.offset
        roots[child.root] = nil
    }

    static let mostCompared = 1 << 14

    /// The same in the order of the steps: what ends gives its place to what begins after it, where that fits.
    private func layoutInOrder() -> (offsets: [Int], byteCount: Int) {
        var places = [Int](repeating: 0, count: roots.count), top = 0
        var steps = 0
        for case let root? in roots where !root.isKept && !root.isPinned { steps = max(steps, root.last + 1) }
        var beginning = [[Int]](repeating: [], count: steps), ending = beginning
        for (index, root) in roots.enumerated() {
            guard let root, !root.isKept else { continue }
            if root.isPinned {
                places[index] = top
                top += Placement.room(root)
            } else {
                beginning[root.first].append(index)
                ending[root.last].append(index)
            }
        }
        // Places that are free, by the power of 2 in their size: all of a class above that of a piece hold it, and so
        // may the last of its own.
        var free = [[(begin: Int, size: Int)]](repeating: [], count: Int.bitWidth)
        for step in 0..<steps {
            for index in beginning[step] {
                guard let root = roots[index] else { continue }
                let size = Placement.room(root), level = Int.bitWidth - 1 - size.leadingZeroBitCount
                let own = (free[level].last?.size ?? 0) >= size ? level : nil
                if let found = own ?? (level + 1..<free.count).first(where: { !free[$0].isEmpty }),
                    let place = free[found].popLast()
                {
                    places[index] = place.begin
                    if place.size > size { give(place.begin + size, place.size - size) }
                } else {
                    places[index] = top
                    top += size
                }
            }
            for index in ending[step] { if let root = roots[index] { give(places[index], Placement.room(root)) } }
        }
        func give(_ begin: Int, _ size: Int) { free[Int.bitWidth - 1 - size.leadingZeroBitCount].append((begin, size)) }
        return (places, top)
    }

    private static func room(_ root: Root) -> Int { (max(root.byteCount, 1) + 63) & ~63 }

    /// Offsets of all roots but the kept in one arena, those needed at the same time side by side, and the arena's
    /// size. Largest first, each at the lowest place that is free for its lifetime.
    func layout() -> (offsets: [Int], byteCount: Int) {
        // Each piece is compared with all before it: so many that this takes long are laid out in one sweep instead.
        if roots.count > Placement.mostCompared { return layoutInOrder() }
        var places = [Int](repeating: 0, count: roots.count)
        var placed: [(begin: Int, end: Int, first: Int, last: Int)] = []
        var total = 0
        let order = roots.indices.filter { roots[$0]?.isKept == false }.sorted { a, b in
            let x = roots[a]?.byteCount ?? 0, y = roots[b]?.byteCount ?? 0
            return x == y ? a < b : x > y
        }
        for index in order {
            guard let root = roots[index] else { continue }
            let size = Placement.room(root)
            let first = root.isPinned ? -1 : root.first, last = root.isPinned ? Int.max : root.last
            // `placed` is sorted by begin.
            var at = 0
            for other in placed where other.first <= last && first <= other.last {
                if other.begin >= at + size { break }
                at = max(at, other.end)
            }
            places[index] = at
            total = max(total, at + size)
            let entry = (begin: at, end: at + size, first: first, last: last)
            placed.insert(entry, at: placed.firstIndex { $0.begin > at } ?? placed.count)
        }
        return (places, total)
    }
}
