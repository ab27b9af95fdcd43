public import DeixisGraph

public struct SessionOptions: Sendable {
    /// 0: as many as the cores this process may use.
    public var threads = 0
    /// The best instruction set kernels may use: `scalar`, `v128`, `avx2`, `avx512vnni` and so on; nil: what the machine has.
    public var instructionSet: String?
    /// Fusions and layouts. Without them the graph runs as it was read.
    public var optimize = true
    /// Naive references instead of kernels: slow, and the specification.
    public var referenceOnly = false
    /// How many sets of input shapes stay planned.
    public var plannedShapes = 40
    /// Runs at a shorter length where a mask says that the last tokens are padding and the graph provably does not use them.
    public var dropPadding = true
    /// What plans may ask for.
    public var limits = Limits()

    public init() {}
}

/// A model made ready to run. Plans are made when new input shapes are met; weights are packed once and shared by all plans.
///
/// Not for use by two threads at once; sessions of one model may run side by side.
public final class Session {
    public let model: Model
    public let options: SessionOptions
    /// After the passes that need no shapes.
    let portable: Graph
    let workers: Workers
    let weights: PackedWeights
    let instructionSets: UInt32
    private let lowering: Lowering
    private var plans: [(key: PlanKey, plan: Plan)] = []
    private var arena: Arena?
    /// Positions of inputs whose content decides shapes.
    private var contentInputs: [Int] = []
    private(set) var current: Plan?
    /// From file to the latest plan.
    public private(set) var times: LoadTimes
    /// Where the kept inputs were last.
    private var lastKept: KeptMemory?
    /// Pairs of input shapes between which `Session+Padding` has an answer.
    var paddingProofs: [CompiledModel.Proof] = []
    private var specialized: (specs: [TensorSpec], graph: Graph)?
    /// Steps run so far.
    var stepsRun = 0

    public init(_ model: Model, options: SessionOptions = SessionOptions()) throws(RuntimeError) {
        self.model = model
        self.options = options
        times = model.times
        var isa = Machine.instructionSets
        if let name = options.instructionSet {
            guard let bits = Machine.instructionSets(upTo: name) else { throw .unknownInstructionSet(name) }
            isa = bits
        }
        if let compiled = model.compiled {
            guard compiled.instructionSets == isa else {
                throw .compiled(file: compiled.name, .instructionSet(file: compiled.instructionSets, here: isa))
            }
            guard options.optimize, !options.referenceOnly else { throw .compiled(file: compiled.name, .kernelsOnly) }
        }
        instructionSets = isa
        weights = PackedWeights(compiled: model.compiled)
        workers = Workers(threads: options.threads)
        lowering = Lowering(isa: isa, workers: workers, weights: weights, limits: options.limits)
        let start = Machine.nanoseconds
        portable = options.optimize && model.compiled == nil ? try Passes.run(Passes.portable, on: model.graph, limits: options.limits) : model.graph
        paddingProofs = model.compiled?.proofs ?? []
        times.portable = Machine.nanoseconds - start
    }

    /// Its threads, a `deixis_pool`, for work between runs; nil: one thread.
    package var pool: OpaquePointer? { workers.pool }

    // MARK: What goes in and comes out

    public var inputNames: [Name] { model.graph.inputs.map { model.graph[$0].name } }
    public var outputNames: [Name] { model.graph.outputs.map { model.graph[$0].name } }
    /// Types as the file states them; extents may be symbols.
    public var inputTypes: [TensorType] { model.graph.inputs.map { model.graph[$0].type ?? TensorType(.float32, nil) } }
    public var threads: Int { workers.threads }
    /// The highest instruction set kernels use here.
    public var instructionSetName: String { Machine.name(instructionSets) }
    /// Bytes of weights in the order kernels want them, packed so far.
    public var packedWeightBytes: Int { weights.byteCount }

    // MARK: Running

    /// Runs the model on `inputs`, in any order. The outputs are copies, in the model's order.
    public func run(_ inputs: [(name: Name, tensor: Constant)]) throws(RuntimeError) -> [(name: Name, tensor: Constant)] {
        let ordered = try withoutPadding(order(inputs))
        let plan = try self.plan(ordered.map { TensorSpec($0) }, contents: ordered.map { $0.bytes })
        for (tensor, place) in zip(ordered, plan.inputs) { copy(tensor.bytes, to: place.pointer) }
        try run()
        var results: [(name: Name, tensor: Constant)] = []
        for (name, output) in zip(outputNames, plan.outputs) {
            let bytes = UnsafeRawBufferPointer(start: output.pointer, count: output.spec.byteCount)
            results.append((name, try Constant(output.spec, copying: bytes)))
        }
        return results
    }

    /// Plans these input shapes (in the model's order) and makes them current; known shapes cost a look-up.
    ///
    /// What the inputs at `keeping` hold, and all values that depend on them alone, stays from run to run, also when other inputs' shapes
    /// change: write them, `run()` or `runKept()`; then, as often as the others change, `prepare` their shapes, write them, `runChanged()`.
    public func prepare(_ shapes: [[Int]], keeping: [Int] = []) throws(RuntimeError) {
        guard shapes.count == inputTypes.count else {
            throw .missingInput(inputNames[min(shapes.count, inputNames.count - 1)], expected: inputNames)
        }
        let specs = zip(inputTypes, shapes).map { TensorSpec($0.element, $1) }
        _ = try plan(specs, contents: specs.map { _ in nil }, keeping: keeping)
    }

    /// Where input `index` of the prepared shapes is to be written before `run()`. Valid until other shapes are prepared.
    public func inputBuffer(_ index: Int) throws(RuntimeError) -> UnsafeMutableRawBufferPointer {
        guard let current else { throw .notPlanned }
        let input = current.inputs[index]
        return UnsafeMutableRawBufferPointer(start: input.pointer, count: input.spec.byteCount)
    }

    /// Runs on what the input buffers hold. Allocates nothing.
    public func run() throws(RuntimeError) { try runAll(before: nil) }

    /// Output `index` of the last run, until the next one.
    public func output(_ index: Int) throws(RuntimeError) -> (element: ElementType, shape: [Int], bytes: UnsafeRawBufferPointer) {
        guard let current else { throw .notPlanned }
        let output = current.outputs[index]
        return (output.spec.element, output.spec.shape, UnsafeRawBufferPointer(start: output.pointer, count: output.spec.byteCount))
    }

    // MARK: Planning

    private struct PlanKey: Equatable {
        var shapes: [[Int]]
        var contents: [[UInt8]]
        var keeping: [Int]
    }

    private func plan(
        _ specs: [TensorSpec], contents: [UnsafeRawBufferPointer?], keeping: [Int] = []
    ) throws(RuntimeError) -> Plan {
        if !isProven(specs.map { $0.shape }) { try check(specs) }
        while true {
            let known = contentInputs.filter { contents[$0] != nil }
            let key = PlanKey(shapes: specs.map { $0.shape }, contents: known.map { contents[$0].map { Array($0) } ?? [] }, keeping: keeping)
            if let at = plans.firstIndex(where: { $0.key == key }) {
                let entry = plans.remove(at: at)
                plans.append(entry)
                makeCurrent(entry.plan)
                return entry.plan
            }
            do throws(RuntimeError) {
                let plan = try makePlan(specs, contents: known.map { (position: $0, bytes: contents[$0].map { Array($0) } ?? []) }, keeping)
                if plans.count >= max(options.plannedShapes, 1) { plans.removeFirst() }
                plans.append((key, plan))
                makeCurrent(plan)
                return plan
            } catch {
                // A value only the inputs' content can tell: plan for that content too.
                guard case .valueNotKnown(_, let node, let input) = error else { throw error }
                let deciding = integerInputs(behind: node, input: input).filter { !contentInputs.contains($0) && contents[$0] != nil }
                if deciding.isEmpty { throw error }
                contentInputs += deciding
            }
        }
    }

    /// Plans that hold whatever the inputs hold, one for each set of shapes.
    var compilablePlans: [(shapes: [[Int]], plan: Plan)] {
        var found: [(shapes: [[Int]], plan: Plan)] = []
        for (key, plan) in plans where key.contents.isEmpty && !found.contains(where: { $0.shapes == key.shapes }) { found.append((key.shapes, plan)) }
        return found
    }

    /// The kept inputs move along to a plan that keeps them elsewhere.
    private func makeCurrent(_ plan: Plan) {
        current = plan
        guard let kept = plan.kept else { return }
        if let lastKept, lastKept !== kept { kept.takeInputs(lastKept.part, lastKept.memory.base) }
        lastKept = kept
    }

    /// The portable graph at `specs`, kept until a plan is made: a proof and the plan that it allows share it.
    func specialize(_ specs: [TensorSpec]) throws(RuntimeError) -> Graph {
        if let specialized, specialized.specs == specs { return specialized.graph }
        let graph = try Specialization.specialize(portable, inputs: specs, contents: [:], limits: options.limits)
        specialized = (specs, graph)
        return graph
    }

    private func makePlan(
        _ specs: [TensorSpec], contents: [(position: Int, bytes: [UInt8])], _ keeping: [Int]
    ) throws(RuntimeError) -> Plan {
        var known: [ValueID: Constant] = [:]
        for (position, bytes) in contents {
            known[portable.inputs[position]] = Constant(specs[position].element, specs[position].shape, bytes)
        }
        let start = Machine.nanoseconds, packedBefore = weights.nanoseconds
        var graph: Graph
        if let compiled = model.compiled {
            do throws(CompiledFileError) { graph = try compiled.graph(specs) } catch { throw .compiled(file: compiled.name, error) }
        } else {
            graph = known.isEmpty ? try specialize(specs) : try Specialization.specialize(portable, inputs: specs, contents: known, limits: options.limits)
        }
        specialized = nil
        let atShapes = Machine.nanoseconds
        if options.optimize, model.compiled == nil { graph = try Passes.run(Passes.target, on: graph, limits: options.limits) }
        let optimized = Machine.nanoseconds
        defer {
            times.specialize = atShapes - start
            times.target = optimized - atShapes
            times.pack = weights.nanoseconds - packedBefore
            times.plan = Machine.nanoseconds - optimized - times.pack
        }
        let memories = plans.compactMap { $0.plan.kept }
        defer { weights.forgetSources() }
        return try Planner.plan(
            graph, lowering: lowering, useKernels: !options.referenceOnly, keeping: keeping.map { graph.inputs[$0] }, memories: memories
        ) { (byteCount) throws(RuntimeError) in
            if let arena, arena.byteCount >= byteCount { return arena }
            let larger = try Arena(byteCount: byteCount)
            arena = larger
            return larger
        }
    }

    /// Positions of the graph inputs that input `input` of the node named `node` depends on: itself, and integers behind it. Where
    /// several nodes share the name, of all of them.
    private func integerInputs(behind node: Name, input: Int) -> [Int] {
        let starts = portable.nodes.compactMap { $0.name == node && input < $0.inputs.count ? $0.inputs[input] : nil }
        var makers = [Int?](repeating: nil, count: portable.values.count)
        for (i, node) in portable.nodes.enumerated() { for case let output? in node.outputs { makers[output.index] = i } }
        var seen = [Bool](repeating: false, count: portable.values.count)
        var stack = starts
        var found: [Int] = []
        while let value = stack.popLast() {
            if seen[value.index] { continue }
            seen[value.index] = true
            if let position = portable.inputs.firstIndex(of: value) {
                let element = inputTypes[position].element
                if starts.contains(value) || element == .int64 || element == .int32 { found.append(position) }
            }
            guard let maker = makers[value.index] else { continue }
            for case let next? in portable.nodes[maker].inputs { stack.append(next) }
        }
        return found
    }
}
