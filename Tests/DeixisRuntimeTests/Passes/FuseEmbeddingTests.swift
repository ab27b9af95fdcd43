import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Look-up, sums and normalization as one step: the same numbers, also for tokens counted from the end.
@Suite struct FuseEmbeddingTests {
    /// Rows of a table of 20, with their positions and a kind added, normalized; `stored`: the table is int8.
    static func graph(stored: Bool, shared: Bool = false) -> Graph {
        var b = GraphBuilder()
        let ids = b.graph.addInput("ids", TensorType(.int64, [.fixed(1), .fixed(6)]))
        var words: ValueID
        if stored {
            let table = b.constant(
                Constant(.int8, [20, 32], (0..<640).map { Int8(truncatingIfNeeded: $0 * 37 % 255 - 127) }))
            let zeros = b.constant(Constant(.int8, [32], [Int8](repeating: 0, count: 32)))
            let scale = b.constant(floats([32], (0..<32).map { 0.01 + Float($0) / 1000 }))
            words = b.node("DequantizeLinear", [b.node("Gather", [table, ids]), scale, zeros], [("axis", .int(-1))])
        } else {
            words = b.node("Gather", [b.weights([20, 32]), ids])
        }
        let sum = b.node("Add", [b.node("Add", [words, b.weights([1, 6, 32])]), b.weights([32])])
        let y = b.layerNorm(sum, 32)
        b.graph.outputs = shared ? [y, sum] : [y]
        return b.graph
    }

    @Test(arguments: [false, true], [1, 2])
    func sameNumbers(stored: Bool, threads: Int) throws {
        let model = try Model(graph: Self.graph(stored: stored))
        let inputs = [("ids" as Name, Constant(.int64, [1, 6], [3, 0, -1, 19, 7, -20] as [Int64]))]
        var options = SessionOptions()
        (options.optimize, options.referenceOnly) = (false, true)
        let expected = try Session(model, options: options).run(inputs)[0].tensor
        for referenceOnly in [true, false] {
            (options.optimize, options.referenceOnly, options.threads) = (true, referenceOnly, threads)
            let context = try Session(model, options: options).makeContext()
            #expect(difference(try context.run(inputs)[0].tensor, expected) < 1e-5)
            #expect(try #require(context.current?.plan.graph.nodes).map { "\($0.op)" } == ["Embedding"])
        }
    }

    /// Someone else reads the sum.
    @Test func leftAlone() throws {
        let context = try Session(Model(graph: Self.graph(stored: false, shared: true))).makeContext()
        try context.prepare([[1, 6]])
        #expect(try #require(context.current?.plan.graph.nodes).contains { $0.op == "LayerNormalization" })
    }
}
