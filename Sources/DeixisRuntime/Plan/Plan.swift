import CDeixisSystem
import DeixisGraph

/// A graph at concrete shapes, ready to run: steps in order, every address settled.
final class Plan {
    let steps: [Step]
    /// By position in the graph's inputs and outputs.
    let inputs: [(spec: TensorSpec, pointer: UnsafeMutableRawPointer)]
    let outputs: [(spec: TensorSpec, pointer: UnsafeRawPointer)]
    /// Activations, inputs and outputs; scratch.
    let arenaBytes: Int, scratchBytes: Int
    /// What is planned, for listings.
    let graph: Graph
    private let arena: Arena
    /// Constants that steps read in place.
    private let kept: [Constant]

    init(
        steps: [Step], inputs: [(TensorSpec, UnsafeMutableRawPointer)], outputs: [(TensorSpec, UnsafeRawPointer)],
        arenaBytes: Int, scratchBytes: Int, graph: Graph, arena: Arena, kept: [Constant]
    ) {
        self.steps = steps
        self.inputs = inputs.map { (spec: $0.0, pointer: $0.1) }
        self.outputs = outputs.map { (spec: $0.0, pointer: $0.1) }
        self.arenaBytes = arenaBytes
        self.scratchBytes = scratchBytes
        self.graph = graph
        self.arena = arena
        self.kept = kept
    }

    func run(_ workers: Workers) {
        for step in steps { step.run(workers) }
    }
}
