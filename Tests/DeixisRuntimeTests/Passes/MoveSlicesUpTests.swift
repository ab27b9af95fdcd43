import DeixisGraph
import Testing

@testable import DeixisRuntime

/// A slice of rows goes up through what works row by row.
@Suite struct MoveSlicesUpTests {
    /// norm(x + fc2(relu(fc1 x))) of [1, 5, 6], then its first row.
    static func graph(_ head: (inout GraphBuilder, ValueID) -> ValueID) -> Graph {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(5), .fixed(6)]))
        let start = b.node("Tanh", [x])
        let inner = b.node(
            "MatMul",
            [
                b.node("Relu", [b.node("Add", [b.node("MatMul", [start, b.weights([6, 9])]), b.weights([9])])]),
                b.weights([9, 6]),
            ])
        let y = b.layerNorm(b.node("Add", [start, inner]), 6)
        b.graph.outputs = [head(&b, y)]
        return b.graph
    }

    static func ops(_ graph: Graph) -> [String] { graph.nodes.map { "\($0.op) \(graph.spec($0.outputs[0]!)!.shape)" } }

    @Test func sliceGoesToTheInput() throws {
        let graph = Self.graph { b, y in b.node("Slice", [y, b.ints([0]), b.ints([1]), b.ints([1])]) }
        let ready = try Specialization.specialize(graph, inputs: [TensorSpec(.float32, [1, 5, 6])], contents: [:])
        #expect(
            Self.ops(ready) == [
                "Tanh [1, 5, 6]", "MatMul [1, 5, 9]", "Add [1, 5, 9]", "Relu [1, 5, 9]", "MatMul [1, 5, 6]",
                "Add [1, 5, 6]",
                "LayerNormalization [1, 5, 6]", "Slice [1, 1, 6]",
            ])
        let moved = try Passes.run(
            [
                Pass(name: "FuseLinear", rules: [FuseLinear.rule]),
                Pass(name: "MoveSlicesUp", rules: [MoveSlicesUp.gather, MoveSlicesUp.rule, ShareEqualNodes.rule]),
            ],
            on: ready)
        #expect(
            Self.ops(moved) == [
                "Slice [1, 1, 6]", "Tanh [1, 1, 6]", "Linear [1, 1, 9]", "Add [1, 1, 9]", "Relu [1, 1, 9]",
                "Linear [1, 1, 6]", "Add [1, 1, 6]",
                "LayerNormalization [1, 1, 6]",
            ])
    }

    static let heads: [@Sendable (inout GraphBuilder, ValueID) -> ValueID] = [
        { b, y in b.node("Slice", [y, b.ints([1]), b.ints([3]), b.ints([-2])]) },
        { b, y in b.node("Gather", [y, b.constant(Constant(.int64, [], [-2 as Int64]))], [("axis", .int(1))]) },
        { b, y in b.node("Slice", [y, b.ints([2]), b.ints([4]), b.ints([2])]) },
        { b, y in
            b.node(
                "Slice",
                [
                    b.attention(b.linear(y, 6, 6), y, y, width: 6, heads: 2, mask: nil), b.ints([4]), b.ints([5]),
                    b.ints([1]),
                ])
        },
        { b, y in
            let bias = b.weights([1, 2, 5, 5])
            return b.node(
                "Slice",
                [
                    b.attention(b.linear(y, 6, 6), y, y, width: 6, heads: 2, mask: bias), b.ints([4]), b.ints([5]),
                    b.ints([1]),
                ])
        },
        { b, y in b.node("Slice", [b.node("Add", [y, b.weights([5, 6])]), b.ints([3]), b.ints([4]), b.ints([1])]) },
    ]

    @Test(arguments: heads.indices) func resultsStayEqual(index: Int) throws {
        let model = try Model(graph: Self.graph(Self.heads[index]))
        var options = SessionOptions()
        let x = randomFloats([1, 5, 6], seed: 3)
        let fast = try Session(model, options: options).run([("x", x)])[0].tensor
        options.optimize = false
        let plain = try Session(model, options: options).run([("x", x)])[0].tensor
        #expect(fast.shape == plain.shape && difference(fast, plain) < 2e-6)
    }

    /// In the grounding graph only the keys and values of the last attention see every row.
    @Test func lastLayersComputeOneRow() throws {
        let context = try Session(Model(graph: GraphBuilder.grounding())).makeContext()
        try context.prepare([[1, 16, 16, 3], [1, 5], [1, 5]])
        let graph = try #require(context.current?.plan.graph)
        let norms = graph.nodes.filter { $0.op == "LayerNorm" }.map { graph.spec($0.outputs[0]!)!.shape }
        #expect(norms.suffix(2) == [[1, 1, 24], [1, 1, 24]], "\(graph.listing)")
    }
}
