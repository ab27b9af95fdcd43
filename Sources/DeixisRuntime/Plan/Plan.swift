import DeixisGraph

/// Where a tensor of a plan lies: in constant memory, or so many bytes into memory that a context has for its runs.
enum Address {
    case constant(UnsafeRawPointer)
    case arena(Int)
    /// In kept memory (`KeptPart`).
    case kept(Int)
}

/// A graph at concrete shapes, ready to be bound to memory and run: steps in order, every place settled. Shared by all
/// contexts of a session.
final class Plan: @unchecked Sendable {
    // Immutable. Kernels' closures hold numbers and packed weights, which nobody writes once the plan is made.

    /// One node's kernel and where its tensors lie.
    struct Step {
        let node: Node
        let kernel: Kernel
        /// Bytes read and written, weights included.
        let byteCount: Int
        let inputs: [Address?]
        let outputs: [Address?]
    }

    let steps: [Step]
    /// By position in the graph's inputs and outputs.
    let inputs: [(spec: TensorSpec, address: Address)]
    let outputs: [(spec: TensorSpec, address: Address)]
    /// Bytes of activations, inputs and outputs, at the start of an arena; then scratch, so many bytes for each thread.
    let activationBytes: Int, scratchStride: Int, threads: Int
    /// Of the steps, how many in front depend on kept inputs alone, and where their results stay; nil: nothing is kept.
    let keptSteps: Int
    let kept: KeptPart?
    /// What is planned, for listings.
    let graph: Graph
    /// Constants that steps read in place.
    private let constants: [Constant]
    /// Of constants that no other plan has.
    let packings: PackedWeights.Table

    init(
        steps: [Step], inputs: [(TensorSpec, Address)], outputs: [(TensorSpec, Address)], activationBytes: Int,
        scratchStride: Int,
        threads: Int, keptSteps: Int, kept: KeptPart?, graph: Graph, constants: [Constant],
        packings: PackedWeights.Table
    ) {
        self.steps = steps
        self.inputs = inputs.map { (spec: $0.0, address: $0.1) }
        self.outputs = outputs.map { (spec: $0.0, address: $0.1) }
        self.activationBytes = activationBytes
        self.scratchStride = scratchStride
        self.threads = threads
        self.graph = graph
        self.keptSteps = keptSteps
        self.kept = kept
        self.constants = constants
        self.packings = packings
    }

    var scratchBytes: Int { scratchStride * threads }
    var arenaBytes: Int { activationBytes + scratchBytes }
}

/// A plan with every address settled: what one context runs.
final class BoundPlan {
    let plan: Plan
    let inputs: [UnsafeMutableRawPointer]
    let outputs: [UnsafeRawPointer]
    /// By step.
    let phases: [[BoundPhase]]
    private let faults: FaultRecord

    /// `kept` holds what `plan.kept` says.
    init(_ plan: Plan, arena: Arena, kept: KeptMemory?) {
        func pointer(_ address: Address) -> UnsafeMutableRawPointer {
            switch address {
            case .constant(let pointer): UnsafeMutableRawPointer(mutating: pointer)
            case .arena(let offset): arena.base + offset
            case .kept(let offset): (kept?.memory ?? arena).base + offset
            }
        }
        self.plan = plan
        faults = arena.faults
        inputs = plan.inputs.map { pointer($0.address) }
        outputs = plan.outputs.map { UnsafeRawPointer(pointer($0.address)) }
        let scratch = arena.base + plan.activationBytes
        phases = plan.steps.map { step in
            let buffers = Buffers(
                inputs: step.inputs.map { $0.map { UnsafeRawPointer(pointer($0)) } },
                outputs: step.outputs.map { $0.map(pointer) },
                scratch: scratch, scratchStride: plan.scratchStride, faults: arena.faults)
            return step.kernel.phases.map { BoundPhase(phase: $0, buffers: buffers) }
        }
    }

    @inline(__always)
    func run(_ step: Int, on pool: OpaquePointer?) throws(RuntimeError) {
        for phase in phases[step] { Workers.run(phase, on: pool) }
        try check(step)
    }

    /// Throws what step `step` found wrong with its data.
    @inline(__always)
    func check(_ step: Int) throws(RuntimeError) {
        try faults.check(plan.steps[step].node.op, plan.steps[step].node.name)
    }
}
