import DeixisGraph

/// What the sessions of a model that use the same instruction sets share: the graph after the passes that need no
/// shapes, and weights packed for kernels, each once.
final class Preparation: Sendable {
    let instructionSets: UInt32
    let isOptimized: Bool
    /// After the passes that need no shapes, with what depends on constants alone computed.
    let portable: Graph
    /// Nanoseconds those passes took.
    let passes: UInt64
    /// Plans are made, and weights packed, by one thread at a time.
    let planning = Turn()
    let weights: PackedWeights

    /// Of the passes.
    let limits: Limits

    init(_ model: Model, _ instructionSets: UInt32, _ isOptimized: Bool, _ limits: Limits) throws(RuntimeError) {
        let start = Machine.nanoseconds
        self.instructionSets = instructionSets
        self.isOptimized = isOptimized
        self.limits = limits
        let hasPasses = isOptimized && model.compiled == nil
        portable =
            hasPasses
            ? try roundingToNearest { () throws(RuntimeError) in
                // Weights that the file quantizes itself become int8, which passes look for. All else waits until
                // passes have taken what they can read in the file: what is folded is a copy.
                let graph = try Specialization.foldConstants(
                    model.graph.withoutDeclaredTypes, of: "QuantizeLinear", limits: limits)
                let rewritten = try Passes.run(Passes.portable, on: graph, limits: limits)
                // No passes: what nobody reads any more goes.
                return try Passes.run([], on: try Specialization.foldConstants(rewritten, limits: limits))
            }
            : model.graph
        weights = PackedWeights(of: model.compiled == nil ? portable : nil, compiled: model.compiled)
        passes = Machine.nanoseconds - start
    }
}

extension Graph {
    /// Types of inputs alone. What a file declares of other values is often older than its inputs: someone has freed
    /// the batch since.
    fileprivate var withoutDeclaredTypes: Graph {
        var result = self
        for i in values.indices { result.values[i].type = nil }
        for id in inputs { result.values[id.index].type = values[id.index].type }
        return result
    }
}

/// A model's preparations, made when a session first asks for them.
final class Preparations: @unchecked Sendable {
    // `Shared` guards it.
    private var made: [Preparation] = []
    private let making = Turn()
    typealias Make = @Sendable (Model, UInt32, Bool, Limits) throws(RuntimeError) -> Preparation
    private let make: Make

    /// `make` as a value: where this is called directly, each module of libdeixis has a copy of all operators' tables.
    init(_ make: @escaping Make) { self.make = make }

    func get(
        _ model: Model, _ instructionSets: UInt32, isOptimized: Bool, _ limits: Limits
    ) throws(RuntimeError) -> Preparation {
        try making.take { () throws(RuntimeError) in
            let known = Shared.locked {
                made.first {
                    $0.instructionSets == instructionSets && $0.isOptimized == isOptimized
                        && $0.limits == limits
                }
            }
            if let known { return known }
            let new = try make(model, instructionSets, isOptimized, limits)
            Shared.locked { made.append(new) }
            return new
        }
    }
}
