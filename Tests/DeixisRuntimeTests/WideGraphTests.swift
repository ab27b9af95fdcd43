import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Graphs of tens of thousands of nodes, inputs or readers: time grows with them, not with their square.
@Suite struct WideGraphTests {
    private static let count = 4_000

    private static func context(_ graph: Graph) throws -> RunContext {
        let context = try Session(try Model(graph: graph)).makeContext()
        try context.prepare(graph.inputs.map { _ in [4] })
        return context
    }

    @Test(.timeLimit(.minutes(2))) func chain() throws {
        var graph = Graph(opset: 17)
        var y = graph.addInput("x", TensorType(.float32, [.fixed(4)]))
        for i in 0..<Self.count { y = graph.addNode(i % 2 == 0 ? "Abs" : "Neg", [y], name: Name("n\(i)")) }
        graph.outputs = [y]
        let context = try Self.context(graph)
        #expect(try context.run([("x", floats([4], [1, -2, 3, -4]))])[0].tensor.floats == [-1, -2, -3, -4])
        // One place in memory after another is free again.
        #expect(try #require(context.current).plan.activationBytes < 64 * 100)
    }

    @Test(.timeLimit(.minutes(2))) func fan() throws {
        var graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(4)]))
        for i in 0..<Self.count {
            graph.outputs.append(graph.addNode("LeakyRelu", [x], name: Name("n\(i)"), attributes: [("alpha", .float(Float(i)))]))
        }
        let outputs = try Self.context(graph).run([("x", floats([4], [1, -2, 3, -4]))])
        #expect(outputs.count == Self.count && outputs[7].tensor.floats == [1, -14, 3, -28])
    }

    @Test(.timeLimit(.minutes(2))) func manyInputs() throws {
        var graph = Graph(opset: 17)
        for i in 0..<Self.count { _ = graph.addInput(Name("x\(i)"), TensorType(.float32, [.fixed(4)])) }
        graph.outputs = [graph.addNode("Add", [graph.inputs[3], graph.inputs[Self.count - 1]], name: "sum")]
        let tensors = (0..<Self.count).map { (Name("x\($0)"), floats([4], [Float($0), 0, 0, 0])) }
        #expect(try Self.context(graph).run(tensors)[0].tensor.floats == [Float(Self.count + 2), 0, 0, 0])
    }

    /// What is alive at the same time lies side by side, also where the sweep lays it out.
    @Test func sweepKeepsApart() {
        var placement = Placement(valueCount: Placement.mostCompared + 1)
        var state: UInt64 = 1
        for i in 0..<2000 {
            state = state &* 6364136223846793005 &+ 1442695040888963407
            let first = Int(state >> 40) % 500
            placement.add(ValueID(i), byteCount: Int(state >> 33) % 5000, step: first, isPinned: i % 97 == 0)
            placement.touch(ValueID(i), step: first + Int(state >> 50) % 20)
        }
        let (places, total) = placement.layout()
        let roots = placement.roots
        var overlaps = 0
        for i in 0..<2000 {
            guard let a = roots[i] else { continue }
            #expect(places[i] + a.byteCount <= total && places[i] % 64 == 0)
            for j in 0..<i {
                guard let b = roots[j], a.isPinned || b.isPinned || a.first <= b.last && b.first <= a.last else { continue }
                if places[i] < places[j] + b.byteCount && places[j] < places[i] + a.byteCount { overlaps += 1 }
            }
        }
        #expect(overlaps == 0)
    }
}
