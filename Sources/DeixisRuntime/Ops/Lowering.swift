import CDeixisKernels
import CDeixisSystem
import DeixisGraph

/// What `lower` may know of the machine, and where it keeps packed weights.
struct Lowering {
    /// The instruction sets kernels may use, as `CDeixisKernels` numbers them.
    var isa: UInt32
    var workers: Workers
    var weights: PackedWeights
    var caches = Machine.caches
    var limits = Limits()

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

/// Weights in the order kernels want them, made once per model and instruction set and shared by its plans. Of a
/// constant that only a plan has, since its shapes or its inputs' content made it, the packing is the plan's too.
///
/// Only the thread that makes a plan (`Preparation.planning`) comes here; it changes lists in `Shared` sections, so
/// that a child of a fork in between finds them whole.
final class PackedWeights: @unchecked Sendable {
    /// Which constant, packed how. Constants of other shapes may have the same bytes: files share them.
    struct Key: Hashable, Sendable {
        private var storage: ObjectIdentifier
        private var offset: Int, count: Int
        private var shape: [Int]
        private var code: Int
        private var with: ObjectIdentifier?
        private var withOffset: Int

        init(_ constant: Constant, with second: Constant?, _ kind: PackingKind) {
            storage = ObjectIdentifier(constant.storage)
            (offset, count, shape, code) = (constant.range.lowerBound, constant.range.count, constant.shape, kind.code)
            with = second.map { ObjectIdentifier($0.storage) }
            withOffset = second?.range.lowerBound ?? 0
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(storage)
            hasher.combine(offset)
            hasher.combine(code)
        }
    }

    struct Packing: Sendable {
        var kind: PackingKind
        var packed: ByteStorage
        /// Kept, for their identity is the key.
        var source: Constant, second: Constant?
        /// Steps go on reading the source itself.
        var readsSource = false
    }

    typealias Table = [Key: Packing]

    /// Of the model's constants.
    private(set) var entries: Table
    /// Of constants of the plan being made.
    private var own: Table = [:]
    private(set) var byteCount = 0
    /// Spent on packing so far.
    private(set) var nanoseconds: UInt64 = 0
    private let compiled: CompiledModel?
    private let memory = Pieces()
    private var ownMemory = Pieces()
    /// The storages that the model's constants lie in, by address; the value says nothing.
    private var storages: [Int: Int] = [:]
    /// false: every constant counts as the model's.
    private var hasStorages = false
    /// Of mapped files, packed and not read again.
    private var replaced: [Constant] = []

    /// - Parameter graph: the model's; nil: a compiled file's, or whatever is packed.
    init(of graph: Graph? = nil, compiled: CompiledModel? = nil) {
        self.compiled = compiled
        entries = compiled?.packings ?? [:]
        guard let graph else { return }
        hasStorages = true
        addStorages(of: graph)
    }

    private static func address(_ constant: Constant) -> Int {
        Int(bitPattern: Unmanaged.passUnretained(constant.storage).toOpaque())
    }

    private func isOfModel(_ constant: Constant) -> Bool {
        !hasStorages || storages[PackedWeights.address(constant)] != nil
    }

    private func addStorages(of graph: Graph) {
        for (id, constant) in graph.constants { storages[PackedWeights.address(constant)] = id.index }
        for node in graph.nodes {
            for case (_, .graph(let body)) in node.attributes { addStorages(of: body) }
        }
    }

    /// The packings of the plan that was made, which are no longer here.
    func takeOwn() -> Table {
        Shared.locked {
            let taken = own
            (own, ownMemory) = ([:], Pieces())
            return taken
        }
    }

    /// The packing of `constant` (and `second`) in the order of `kind`, made by `fill` when first asked for.
    /// `readsSource`: steps go on reading the constant itself.
    func packed(
        _ constant: Constant, with second: Constant? = nil, as kind: PackingKind, byteCount: Int,
        readsSource: Bool = false,
        fill: (UnsafeMutableRawBufferPointer) throws(RuntimeError) -> Void
    ) throws(RuntimeError) -> ByteStorage {
        let key = Key(constant, with: second, kind)
        if readsSource { try check(constant) }
        // A compiled file says itself how many bytes it has.
        let isShared = isOfModel(constant) && second.map { isOfModel($0) } ?? true
        if var found = isShared ? entries[key] : own[key], found.packed.bytes.count == byteCount {
            if readsSource, !found.readsSource {
                found.readsSource = true
                Shared.locked { keep(found, key, isShared) }
            }
            return found.packed
        }
        try check(constant)
        let start = Machine.nanoseconds
        let packed = try (isShared ? memory : ownMemory).storage(byteCount: byteCount, initialize: fill)
        Shared.locked {
            nanoseconds += Machine.nanoseconds - start
            keep(
                Packing(kind: kind, packed: packed, source: constant, second: second, readsSource: readsSource), key,
                isShared)
            if isShared { self.byteCount += byteCount }
            if !readsSource, constant.storage.isMapped { replaced.append(constant) }
        }
        return packed
    }

    @inline(never)
    private func keep(_ packing: Packing, _ key: Key, _ isShared: Bool) {
        if isShared { entries[key] = packing } else { own[key] = packing }
    }

    /// Whoever reads the bytes of `constant` must ask.
    private func check(_ constant: Constant) throws(RuntimeError) {
        if let compiled, compiled.lacks(constant) { throw .compiled(file: compiled.name, .absentWeights) }
    }

    /// Packed copies replace the file's pages instead of joining them. Together, for each time costs threads a flush of
    /// their address caches.
    func forgetSources() {
        // Numbers are sorted, not constants: each type that is sorted costs the library 4 KB.
        let all = replaced,
            ordered = all.indices.sorted { UInt(bitPattern: all[$0].pointer) < UInt(bitPattern: all[$1].pointer) }.map {
                all[$0]
            }
        Shared.locked { replaced = [] }
        var at = 0
        while at < ordered.count {
            let first = ordered[at]
            var end = first.range.upperBound
            at += 1
            // What lies between two of one file, scales and names, comes back when it is read.
            while at < ordered.count, ordered[at].storage === first.storage,
                ordered[at].range.lowerBound - end < 1 << 14
            {
                end = max(end, ordered[at].range.upperBound)
                at += 1
            }
            deixis_forget_pages(first.pointer, end - first.range.lowerBound)
        }
    }

    /// `constant` at an address that its element type allows, or at any.
    func aligned(_ constant: Constant, anyAddress: Bool) throws(RuntimeError) -> Constant {
        try check(constant)
        let size = anyAddress ? 1 : constant.type.byteCount ?? 1
        if let pointer = constant.pointer, Int(bitPattern: pointer) % size == 0 { return constant }
        let bytes = constant.bytes
        let copy = try packed(constant, as: .aligned, byteCount: bytes.count) { $0.copyMemory(from: bytes) }
        return Constant(type: constant.type, shape: constant.shape, storage: copy, range: 0..<bytes.count)
    }
}
