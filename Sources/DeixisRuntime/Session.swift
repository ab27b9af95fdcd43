public import DeixisGraph

public struct SessionOptions: Sendable {
    /// 0: as many as the cores this process may use.
    public var threads = 0
    /// The best instruction set kernels may use: `scalar`, `v128`, `avx2`, `avx512vnni` and so on; nil: what the
    /// machine has.
    public var instructionSet: String?
    /// Fusions and layouts. Without them the graph runs as it was read.
    public var optimize = true
    /// Naive references instead of kernels: slow, and the specification.
    public var referenceOnly = false
    /// How many sets of input shapes stay planned.
    public var plannedShapes = 40
    /// Runs at a shorter length where a mask says that the last tokens are padding and the graph provably does not use
    /// them.
    public var dropPadding = true
    /// What plans may ask for.
    public var limits = Limits()

    public init() {}
}

/// A model made ready to run, for any number of threads at once.
///
/// Plans are made when new input shapes are met, by one thread while the others go on with shapes that are planned;
/// weights are packed once and shared by all plans of all sessions of the model. What a run needs of its own lies in a
/// `RunContext`: `run(_:)` takes one of the session's for the call; `makeContext()` gives one to work with step by
/// step.
public final class Session: Sendable {
    public let model: Model
    public let options: SessionOptions
    let workers: Workers
    let instructionSets: UInt32
    let preparation: Preparation
    let lowering: Lowering
    let plans: PlanTable
    private let memories = Idle<RunMemory>(limit: 64)
    /// Sessions of the model that ask for inputs with defaults.
    private let asking = Asking()

    public init(_ model: Model, options: SessionOptions = SessionOptions()) throws(RuntimeError) {
        self.model = model
        self.options = options
        var isa = Machine.instructionSets
        if let name = options.instructionSet {
            guard let bits = Machine.instructionSets(upTo: name) else { throw .unknownInstructionSet(name) }
            isa = bits
        }
        if let compiled = model.compiled {
            guard Machine.areAlike(compiled.instructionSets, isa) else {
                throw .compiled(file: compiled.name, .instructionSet(file: compiled.instructionSets, here: isa))
            }
            guard options.optimize, !options.referenceOnly else { throw .compiled(file: compiled.name, .kernelsOnly) }
        }
        instructionSets = isa
        workers = try Workers(threads: options.threads)
        preparation = try model.preparations.get(model, isa, isOptimized: options.optimize, options.limits)
        lowering = Lowering(isa: isa, workers: workers, weights: preparation.weights, limits: options.limits)
        plans = PlanTable(limit: options.plannedShapes, proofs: model.compiled?.proofs ?? [])
        plans.times = model.times
        plans.times.portable = preparation.passes
    }

    /// Its threads, a `deixis_pool`, for work between runs; nil: one thread.
    package var pool: OpaquePointer? { workers.pool }
    /// After the passes that need no shapes.
    var portable: Graph { preparation.portable }

    // MARK: What goes in and comes out

    public var inputNames: [Name] { model.graph.inputs.map { model.graph[$0].name } }
    public var outputNames: [Name] { model.graph.outputs.map { model.graph[$0].name } }
    /// Types as the file states them; extents may be symbols.
    public var inputTypes: [TensorType] { model.graph.inputs.map { model.graph[$0].type ?? TensorType(.float32, nil) } }
    public var threads: Int { workers.threads }
    /// The highest instruction set kernels use here.
    public var instructionSetName: String { Machine.name(instructionSets) }
    /// Bytes of weights in the order kernels want them, packed so far for all sessions of the model that use these
    /// instruction sets.
    public var packedWeightBytes: Int { Shared.locked { preparation.weights.byteCount } }
    /// From file to the latest plan.
    public var times: LoadTimes { Shared.locked { plans.times } }

    // MARK: Running

    /// Runs the model on `inputs`, in any order. The outputs are copies, in the model's order.
    public func run(_ inputs: [(name: Name, tensor: Constant)]) throws(RuntimeError) -> [(name: Name, tensor: Constant)]
    {
        if let session = try asking.session(self, for: inputs.map { $0.name }) { return try session.run(inputs) }
        let memory = memories.take() ?? RunMemory()
        defer { memories.give(memory) }
        return try RunContext(self, memory).run(inputs)
    }

    /// What one thread at a time runs the model with.
    public func makeContext() -> RunContext { RunContext(self) }
}
