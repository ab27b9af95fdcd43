import CDeixisSystem
import DeixisGraph

/// What `lower` may know of the machine, and where it keeps packed weights.
struct Lowering {
    /// The instruction sets kernels may use, as `CDeixisKernels` numbers them.
    var isa: UInt32
    var workers: Workers
    var weights: PackedWeights

    var threads: Int { workers.threads }

    /// How many tasks to split `work` items into: a few per thread, none below `grain` items.
    func tasks(_ work: Int, grain: Int) -> Int {
        max(1, min(work / max(grain, 1), threads == 1 ? 1 : threads * 4))
    }

    /// The items of `count` that task `task` of `tasks` does.
    @inline(__always)
    static func range(_ task: Int, of tasks: Int, _ count: Int) -> Range<Int> {
        (count * task / tasks)..<(count * (task + 1) / tasks)
    }
}

/// Weights in the order kernels want them, made once per session and shared by its plans.
final class PackedWeights {
    /// Which constant, packed how. A kernel family chooses `kind`; different layouts of one weight have different kinds.
    struct Key: Hashable {
        var storage: ObjectIdentifier
        var offset: Int
        var count: Int
        var kind: Int
        var with: ObjectIdentifier?
        var withOffset: Int
    }

    /// Sources are kept, for their identity is the key.
    private var entries: [Key: (packed: ByteStorage, sources: (ByteStorage, ByteStorage?))] = [:]
    private(set) var byteCount = 0
    /// Spent on packing so far.
    private(set) var nanoseconds: UInt64 = 0
    private let compiled: CompiledWeights?
    private let memory = Pieces()
    /// Of mapped files, packed and not read again.
    private var replaced: [Constant] = []

    init(compiled: CompiledWeights? = nil) { self.compiled = compiled }

    /// The packing of `constant` (and `second`) as `kind`, made by `fill` when first asked for. `readsSource`: steps go on reading the
    /// constant itself.
    func packed(
        _ constant: Constant, with second: Constant? = nil, kind: Int, byteCount: Int, readsSource: Bool = false,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> ByteStorage {
        let key = Key(
            storage: ObjectIdentifier(constant.storage), offset: constant.range.lowerBound, count: constant.range.count, kind: kind,
            with: second.map { ObjectIdentifier($0.storage) }, withOffset: second?.range.lowerBound ?? 0)
        if let found = entries[key] { return found.packed }
        if let ready = compiled?.find(constant, kind: kind, byteCount: byteCount) {
            entries[key] = (ready, (constant.storage, second?.storage))
            return ready
        }
        let start = Machine.nanoseconds
        let packed = memory.storage(byteCount: byteCount, initialize: fill)
        nanoseconds += Machine.nanoseconds - start
        entries[key] = (packed, (constant.storage, second?.storage))
        if !readsSource, constant.storage.isMapped { replaced.append(constant) }
        self.byteCount += byteCount
        return packed
    }

    /// Packed copies replace the file's pages instead of joining them. Together, for each time costs threads a flush of their address caches.
    func forgetSources() {
        let ordered = replaced.sorted { UInt(bitPattern: $0.pointer) < UInt(bitPattern: $1.pointer) }
        replaced = []
        var at = 0
        while at < ordered.count {
            let first = ordered[at]
            var end = first.range.upperBound
            at += 1
            // What lies between two of one file, scales and names, comes back when it is read.
            while at < ordered.count, ordered[at].storage === first.storage, ordered[at].range.lowerBound - end < 1 << 14 {
                end = max(end, ordered[at].range.upperBound)
                at += 1
            }
            deixis_forget_pages(first.pointer, end - first.range.lowerBound)
        }
    }

    /// What was packed of constants that are views into `source`, copies for alignment left out. Where a weight was packed alike for two
    /// partners, nothing of it is told: whoever reads the file packs it again.
    func packings(of source: ByteStorage) -> [(key: CompiledWeights.Key, sourceCount: Int, packed: ByteStorage)] {
        var found: [CompiledWeights.Key: (count: Int, packed: ByteStorage)] = [:]
        var ambiguous: Set<Int> = []
        for (key, entry) in entries where key.storage == ObjectIdentifier(source) && key.kind >= 0 {
            let name = CompiledWeights.Key(source: key.offset, kind: key.kind)
            if found[name] != nil { ambiguous.insert(key.offset) }
            found[name] = (key.count, entry.packed)
        }
        var result: [(key: CompiledWeights.Key, sourceCount: Int, packed: ByteStorage)] = []
        for (key, entry) in found where !ambiguous.contains(key.source) { result.append((key, entry.count, entry.packed)) }
        return result
    }

    /// `constant` at an address that its element type allows.
    func aligned(_ constant: Constant) -> Constant {
        let size = constant.type.byteCount ?? 1
        if let pointer = constant.pointer, Int(bitPattern: pointer) % size == 0 { return constant }
        let bytes = constant.bytes
        let copy = packed(constant, kind: -1, byteCount: bytes.count) { $0.copyMemory(from: bytes) }
        return Constant(type: constant.type, shape: constant.shape, storage: copy, range: 0..<bytes.count)
    }
}
