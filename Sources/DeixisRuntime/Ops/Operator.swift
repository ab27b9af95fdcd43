import DeixisGraph

/// Where a step finds its tensors: row-major, dense, at least element-aligned, settled when the plan is made.
///
/// `inputs[i]` is nil exactly where the node leaves an optional input out, `outputs[i]` where nobody asked for the
/// output.
struct Buffers {
    let inputs: [UnsafeRawPointer?]
    let outputs: [UnsafeMutableRawPointer?]
    /// `Kernel.scratchBytes` bytes for each worker, 64-byte aligned, of undefined content.
    private var scratch: UnsafeMutableRawPointer
    private var scratchStride: Int
    /// Of a part of a node: where its outputs begin, and its inputs but the first, which all parts share.
    private var firstOutput = 0, skippedInputs = 0
    /// Where the step says what is wrong with its data; nil in work that is no step.
    let faults: FaultRecord?

    init(
        inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer,
        scratchStride: Int,
        faults: FaultRecord? = nil
    ) {
        self.faults = faults
        self.inputs = inputs
        self.outputs = outputs
        self.scratch = scratch
        self.scratchStride = scratchStride
    }

    /// What a step does about an index outside the `extent` of its axis, instead of reading or writing there.
    @inline(never)
    func report(position: Int, index: Int, extent: Int) {
        faults?.report(position: position, index: index, extent: extent)
    }

    /// Part `index` of a node whose parts have `width` inputs of their own.
    func part(_ index: Int, width: Int) -> Buffers {
        var part = self
        part.firstOutput = index
        part.skippedInputs = index * width
        return part
    }

    /// The same with scratch for one thread.
    func using(scratch: UnsafeMutableRawPointer) -> Buffers {
        var own = self
        (own.scratch, own.scratchStride) = (scratch, 0)
        return own
    }

    /// The scratch of the thread that runs a task.
    @inline(__always)
    func scratch<T>(_ worker: Int, _ type: T.Type = T.self) -> UnsafeMutablePointer<T> {
        (scratch + worker * scratchStride).assumingMemoryBound(to: T.self)
    }

    /// Input `index`, which must be present, as elements of `type`.
    @inline(__always)
    func input<T>(_ index: Int, _ type: T.Type = T.self) -> UnsafePointer<T> {
        inputs[index == 0 ? 0 : index + skippedInputs].unsafelyUnwrapped.assumingMemoryBound(to: T.self)
    }

    /// Output `index`, which must be wanted, as elements of `type`.
    @inline(__always)
    func output<T>(_ index: Int, _ type: T.Type = T.self) -> UnsafeMutablePointer<T> {
        outputs[firstOutput + index].unsafelyUnwrapped.assumingMemoryBound(to: T.self)
    }
}

/// The naive computation of one node at settled shapes. Allocates nothing, so that it can also serve as a step.
typealias Compute = (Buffers) -> Void

/// What a step does, made once per plan by an operator's `lower`; running it allocates and looks up nothing.
struct Kernel {
    /// Named in the profile, e.g. `conv_f32`; `reference` where nobody lowered.
    var label: StaticString
    /// Multiply-accumulates per run.
    var macs: Int
    /// For each thread.
    var scratchBytes: Int
    /// Inputs over whose memory output 0 may be written: element i is read before element i is written, and byte counts
    /// agree.
    var inPlace: [Int]
    /// Inputs that may lie at any address: their bytes are only moved.
    var unaligned: [Int] = []
    /// Inputs it does not read, for it holds a packed copy: their addresses are nil.
    var unused: [Int] = []
    var phases: [Phase]

    /// `tasks` independent calls `run(buffers, task, worker)`, on any thread and in any order, `worker` telling which
    /// thread's scratch to use; the next phase starts when all have returned.
    struct Phase {
        var tasks: Int
        var run: (Buffers, Int, Int) -> Void
        init(tasks: Int, run: @escaping (Buffers, Int, Int) -> Void) {
            self.tasks = tasks
            self.run = run
        }
    }

    init(
        _ label: StaticString, macs: Int = 0, scratchBytes: Int = 0, inPlace: [Int] = [], tasks: Int = 1,
        run: @escaping (Buffers, Int, Int) -> Void
    ) {
        self.init(
            label, macs: macs, scratchBytes: scratchBytes, inPlace: inPlace, phases: [Phase(tasks: tasks, run: run)])
    }

    init(_ label: StaticString, macs: Int = 0, scratchBytes: Int = 0, inPlace: [Int] = [], phases: [Phase]) {
        self.label = label
        self.macs = macs
        self.scratchBytes = scratchBytes
        self.inPlace = inPlace
        self.phases = phases
    }
}

/// Output memory that is input memory: no step is needed.
enum View {
    /// Output k is the `outputs[k].byteCount` bytes of input `input` from `offsets[k]` on.
    case outputsInside(input: Int, offsets: [Int])
    /// Input k is the bytes of output 0 from `offsets[k]` on.
    case inputsInsideOutput(offsets: [Int])
}

/// One operator: what the runtime asks of it, as plain functions. One line in `Catalog.swift` makes it known.
final class OperatorDefinition: Sendable {
    /// ONNX's spelling; `domain` is empty for `ai.onnx` and `deixis` for what passes make.
    let name: Name
    let domain: Name
    /// The first opset that has the operator.
    let since: Int
    /// How many inputs a node may have.
    let inputs: ClosedRange<Int>
    /// The element types claimed for input `typedBy` (for output 0 where a node has no input).
    let types: [ElementType]
    let typedBy: Int
    /// Inputs of which only type and shape matter (`Shape`, `Size`): the node is folded where the others are known.
    let seenByShape: [Int]

    /// Shape and type rule: the specification of each output, in order. Outputs the node leaves out may be missing from
    /// the end. Checks what the standard demands of attributes and inputs, so that `evaluate` and `lower` need not.
    let infer: @Sendable (OperatorCall) throws(RuntimeError) -> [TensorSpec]
    /// The naive reference: it IS the specification. Attributes are read here, once; the closure only loops.
    let evaluate: @Sendable (OperatorCall) throws(RuntimeError) -> Compute
    /// A faster kernel, or nil where it has none for these shapes or types; then `evaluate` runs as a single task.
    let lower: (@Sendable (OperatorCall, Lowering) throws(RuntimeError) -> Kernel?)?
    /// nil: output memory is never input memory.
    let view: (@Sendable (OperatorCall) -> View?)?

    init(
        _ name: Name, domain: Name = "", since: Int = 1, inputs: ClosedRange<Int>, types: [ElementType],
        typedBy: Int = 0,
        seenByShape: [Int] = [],
        infer: @escaping @Sendable (OperatorCall) throws(RuntimeError) -> [TensorSpec],
        evaluate: @escaping @Sendable (OperatorCall) throws(RuntimeError) -> Compute,
        lower: (@Sendable (OperatorCall, Lowering) throws(RuntimeError) -> Kernel?)? = nil,
        view: (@Sendable (OperatorCall) -> View?)? = nil
    ) {
        self.name = name
        self.domain = domain
        self.since = since
        self.inputs = inputs
        self.types = types
        self.typedBy = typedBy
        self.seenByShape = seenByShape
        self.infer = infer
        self.evaluate = evaluate
        self.lower = lower
        self.view = view
    }
}

extension OperatorDefinition {
    /// A view where memory allows, for operators that only move or keep whole bytes.
    static func bytesOf(input: Int) -> @Sendable (OperatorCall) -> View? {
        { _ in .outputsInside(input: input, offsets: [0]) }
    }
}
