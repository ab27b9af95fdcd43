import DeixisGraph
import Testing

@testable import DeixisRuntime

/// The same graph as read by references, as read by kernels, and optimized: the same numbers.
@Suite struct AgreementTests {
    static func inputs(batch: Int, length: Int) -> [(name: Name, tensor: Constant)] {
        let pixels = (0..<batch * 16 * 16 * 3).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 7) }
        let ids = (0..<batch * length).map { Int64($0 * 7 % 30) }
        let mask = (0..<batch * length).map { Int64($0 % length < max(1, length - $0 / length - 1) ? 1 : 0) }
        return [
            ("token_ids", Constant(.int64, [batch, length], ids)),
            ("attention_mask", Constant(.int64, [batch, length], mask)),
            ("image", Constant(.uint8, [batch, 16, 16, 3], pixels)),
        ]
    }

    @Test(arguments: [1, 2], [1, 5, 12])
    func groundingGraph(batch: Int, length: Int) throws {
        let model = try Model(graph: GraphBuilder.grounding())
        let inputs = Self.inputs(batch: batch, length: length)
        var options = SessionOptions()
        options.optimize = false
        options.referenceOnly = true
        let expected = try Session(model, options: options).run(inputs)
        options.referenceOnly = false
        let kernels = try Session(model, options: options).run(inputs)
        options.optimize = true
        var results = [kernels]
        for threads in [1, 2] {
            options.threads = threads
            results.append(try Session(model, options: options).run(inputs))
        }
        options.referenceOnly = true
        results.append(try Session(model, options: options).run(inputs))
        for result in results {
            for (got, wanted) in zip(result, expected) {
                #expect(difference(got.tensor, wanted.tensor) < 2e-5, "\(got.name)")
            }
        }
    }

    @Test func everyPatternIsFused() throws {
        let context = try Session(Model(graph: GraphBuilder.grounding())).makeContext()
        _ = try context.run(Self.inputs(batch: 1, length: 5))
        let graph = try #require(context.current?.plan.graph)
        let left = graph.nodes.map { "\($0.domain.isEmpty ? "" : "deixis.")\($0.op)" }
        let expected: Set<String> = [
            "deixis.Conv", "deixis.MaxPool", "deixis.Resize", "deixis.Embedding", "Concat", "Reshape", "Add", "Cast",
            "Sub", "Mul",
            "Unsqueeze", "Gather", "LayerNormalization", "deixis.Linear", "deixis.Products", "deixis.Attention",
            "deixis.LayerNorm", "Slice", "Squeeze", "deixis.Activate",
        ]
        #expect(Set(left).isSubset(of: expected), "\(Set(left).subtracting(expected))\n\(graph.listing)")
        #expect(!left.contains("deixis.Activate") && !left.contains("Transpose"), "\(graph.listing)")
    }
}
