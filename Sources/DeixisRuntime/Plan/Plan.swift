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
    /// Of the steps, how many in front depend on kept inputs alone, and where their results stay; nil: nothing is kept.
    let keptSteps: Int
    let kept: KeptMemory?
    /// What is planned, for listings.
    let graph: Graph
    let arena: Arena
    /// Constants that steps read in place.
    private let constants: [Constant]

    init(
        steps: [Step], inputs: [(TensorSpec, UnsafeMutableRawPointer)], outputs: [(TensorSpec, UnsafeRawPointer)],
        arenaBytes: Int, scratchBytes: Int, keptSteps: Int, kept: KeptMemory?, graph: Graph, arena: Arena, constants: [Constant]
    ) {
        self.steps = steps
        self.inputs = inputs.map { (spec: $0.0, pointer: $0.1) }
        self.outputs = outputs.map { (spec: $0.0, pointer: $0.1) }
        self.arenaBytes = arenaBytes
        self.scratchBytes = scratchBytes
        self.graph = graph
        self.arena = arena
        self.keptSteps = keptSteps
        self.kept = kept
        self.constants = constants
    }

    func run(_ workers: Workers, _ range: Range<Int>) throws(RuntimeError) {
        for i in range { try run(workers, i) }
    }

    @inline(__always)
    func run(_ workers: Workers, _ step: Int) throws(RuntimeError) {
        steps[step].run(workers)
        try arena.faults.check(steps[step].node.op, steps[step].node.name)
    }
}
