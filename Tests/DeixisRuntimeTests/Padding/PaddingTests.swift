import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Padded tokens are dropped where the graph provably does not use them, and only there.
@Suite struct PaddingTests {
    static func inputs(batch: Int, length: Int, real: [Int]) -> [(name: Name, tensor: Constant)] {
        let pixels = (0..<batch * 16 * 16 * 3).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 7) }
        let ids = (0..<batch * length).map { Int64($0 * 7 % 30) }
        let mask = (0..<batch * length).map { Int64($0 % length < real[$0 / length] ? 1 : 0) }
        return [
            ("token_ids", Constant(.int64, [batch, length], ids)),
            ("attention_mask", Constant(.int64, [batch, length], mask)),
            ("image", Constant(.uint8, [batch, 16, 16, 3], pixels)),
        ]
    }

    /// The length the context ran at.
    static func length(_ context: RunContext) throws -> Int? {
        let graph = try #require(context.current?.plan.graph)
        return graph.spec(graph.inputs[1])?.shape.last
    }

    static func results(_ graph: Graph, _ inputs: [(name: Name, tensor: Constant)]) throws -> (
        whole: [Constant], short: [Constant], length: Int?
    ) {
        var options = SessionOptions()
        let context = try Session(Model(graph: graph), options: options).makeContext()
        options.dropPadding = false
        let whole = try Session(Model(graph: graph), options: options).run(inputs).map(\.tensor)
        return (whole, try context.run(inputs).map(\.tensor), try length(context))
    }

    @Test(arguments: [[3], [8], [9], [12], [1, 6], [6, 2]])
    func groundingRunsShort(real: [Int]) throws {
        let (whole, short, length) = try Self.results(
            GraphBuilder.grounding(), Self.inputs(batch: real.count, length: 12, real: real))
        #expect(length == min(12, ((real.max() ?? 0) + 3) / 4 * 4))
        for (a, b) in zip(whole, short) { #expect(a.shape == b.shape && difference(a, b) < 2e-6) }
    }

    /// A hole in the mask stays masked; rows of zeros alone, other numbers and other graphs run as given.
    @Test func masksThatAreNoPadding() throws {
        let graph = GraphBuilder.grounding()
        var inputs = Self.inputs(batch: 1, length: 12, real: [5])
        inputs[1].tensor = Constant(.int64, [1, 12], [1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0] as [Int64])
        let (whole, short, length) = try Self.results(graph, inputs)
        #expect(length == 8)
        for (a, b) in zip(whole, short) { #expect(difference(a, b) < 2e-6) }
        for values in [[Int64](repeating: 0, count: 12), [2] + [Int64](repeating: 0, count: 11)] {
            inputs[1].tensor = Constant(.int64, [1, 12], values)
            #expect(try Self.results(graph, inputs).length == 12)
        }
    }

    struct Head: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let isShort: Bool
        /// Of token vectors [b, l, 24] and real [b, l].
        let output: @Sendable (inout GraphBuilder, ValueID, ValueID) -> ValueID
    }

    static let heads = [
        Head(testDescription: "the first token", isShort: true) { b, x, _ in
            b.node("Gather", [x, b.constant(Constant(.int64, [], [0 as Int64]))], [("axis", .int(1))])
        },
        Head(testDescription: "a sum over real tokens", isShort: true) { b, x, real in
            b.node("MatMul", [b.node("Unsqueeze", [real, b.ints([1])]), x])
        },
        Head(testDescription: "a sum of products with the mask", isShort: true) { b, x, real in
            b.node("ReduceSum", [b.node("Mul", [x, b.node("Unsqueeze", [real, b.ints([2])])]), b.ints([1])])
        },
        Head(testDescription: "attention masked by Where", isShort: true) { b, x, real in
            let isPadding = b.node("Equal", [b.node("Unsqueeze", [real, b.ints([1])]), b.scalar(0)])
            let scores = b.node("MatMul", [x, b.node("Transpose", [x], [("perm", .ints([0, 2, 1]))])])
            let weights = b.node(
                "Softmax", [b.node("Where", [isPadding, b.scalar(-1e9), scores])], [("axis", .int(-1))])
            return b.node(
                "Gather", [b.node("MatMul", [weights, x]), b.constant(Constant(.int64, [], [0 as Int64]))],
                [("axis", .int(1))])
        },
        Head(testDescription: "quotients by the mask, which are no numbers", isShort: false) { b, x, real in
            let mask = b.node("Unsqueeze", [real, b.ints([2])])
            let sum = b.node("ReduceSum", [b.node("Mul", [b.node("Div", [x, mask]), mask]), b.ints([1])])
            return b.node("Cast", [b.node("IsNaN", [sum])], [("to", .int(1))])
        },
        Head(testDescription: "the mask times its reciprocal", isShort: false) { b, x, real in
            let mask = b.node("Unsqueeze", [real, b.ints([2])])
            let ones = b.node("Mul", [b.node("Reciprocal", [mask]), mask])
            let sum = b.node("ReduceSum", [b.node("Mul", [x, ones]), b.ints([1])])
            return b.node("Cast", [b.node("IsNaN", [sum])], [("to", .int(1))])
        },
        Head(testDescription: "a mean over tokens", isShort: false) { b, x, _ in
            b.node("ReduceMean", [x], [("axes", .ints([1]))])
        },
        Head(testDescription: "a maximum over tokens", isShort: false) { b, x, _ in
            b.node("ReduceMax", [x], [("axes", .ints([1]))])
        },
        Head(testDescription: "a sum over all tokens", isShort: false) { b, x, _ in
            b.node("ReduceSum", [x, b.ints([1])])
        },
        Head(testDescription: "every token", isShort: false) { _, x, _ in x },
        Head(testDescription: "the last token", isShort: false) { b, x, _ in
            b.node("Slice", [x, b.ints([-1]), b.ints([1 << 40]), b.ints([1])])
        },
        Head(testDescription: "a weak mask", isShort: false) { b, x, real in
            let bias = b.node(
                "Unsqueeze", [b.node("Mul", [b.node("Sub", [b.scalar(1), real]), b.scalar(-10)]), b.ints([1])])
            let scores = b.node(
                "Add", [b.node("MatMul", [x, b.node("Transpose", [x], [("perm", .ints([0, 2, 1]))])]), bias])
            return b.node(
                "Slice",
                [
                    b.node("MatMul", [b.node("Softmax", [scores], [("axis", .int(-1))]), x]), b.ints([0]), b.ints([1]),
                    b.ints([1]),
                ])
        },
        Head(testDescription: "a mask taken back by as much", isShort: false) { b, x, real in
            Self.weights(&b, x, real) { b, scores, low, none in
                b.node("Add", [scores, b.node("Add", [low, b.node("Mul", [none, b.scalar(1e9)])])])
            }
        },
        Head(testDescription: "a mask and its negative", isShort: false) { b, x, real in
            Self.weights(&b, x, real) { b, scores, low, _ in
                b.node("Add", [scores, b.node("Add", [low, b.node("Neg", [low])])])
            }
        },
        Head(testDescription: "masked scores and their negative", isShort: false) { b, x, real in
            Self.weights(&b, x, real) { b, scores, low, _ in
                let masked = b.node("Add", [scores, low])
                return b.node("Add", [masked, b.node("Mul", [masked, b.scalar(-1)])])
            }
        },
        Head(testDescription: "masked scores less the mask", isShort: false) { b, x, real in
            Self.weights(&b, x, real) { b, scores, low, _ in b.node("Sub", [b.node("Add", [scores, low]), low]) }
        },
        Head(testDescription: "a mask twice", isShort: true) { b, x, real in
            Self.weights(&b, x, real) { b, scores, low, _ in
                b.node("Add", [b.node("Add", [scores, low]), b.node("Add", [low, b.node("Neg", [b.scalar(3)])])])
            }
        },
        Head(testDescription: "attention over all", isShort: false) { b, x, _ in
            let mixed = b.attention(x, x, x, width: 24, heads: 2, mask: nil)
            return b.node("Slice", [mixed, b.ints([0]), b.ints([1]), b.ints([1])])
        },
        Head(testDescription: "how many there are", isShort: false) { b, x, _ in
            b.node("Cast", [b.node("Shape", [x])], [("to", .int(1))])
        },
    ]

    /// The first token's attention; `masked` makes [b, 1, l] of scores, of -1e9 where there is padding, and of 1 there.
    private static func weights(
        _ b: inout GraphBuilder, _ x: ValueID, _ real: ValueID,
        _ masked: (inout GraphBuilder, _ scores: ValueID, _ low: ValueID, _ none: ValueID) -> ValueID
    ) -> ValueID {
        let none = b.node("Unsqueeze", [b.node("Sub", [b.scalar(1), real]), b.ints([1])])
        let first = b.node("Slice", [x, b.ints([0]), b.ints([1]), b.ints([1])])
        let scores = b.node("MatMul", [first, b.node("Transpose", [x], [("perm", .ints([0, 2, 1]))])])
        let sum = masked(&b, scores, b.node("Mul", [none, b.scalar(-1e9)]), none)
        return b.node("MatMul", [b.node("Softmax", [sum], [("axis", .int(-1))]), x])
    }

    @Test(arguments: heads) func onlyWhatIsProven(head: Head) throws {
        var b = GraphBuilder()
        let ids = b.graph.addInput("token_ids", TensorType(.int64, [.symbol("batch"), .symbol("length")]))
        let mask = b.graph.addInput("attention_mask", TensorType(.int64, [.symbol("batch"), .symbol("length")]))
        let words = b.layerNorm(b.node("Gather", [b.weights([30, 24], scale: 1), ids]), 24)
        let real = b.node("Cast", [mask], [("to", .int(1))])
        b.graph.outputs = [head.output(&b, words, real)]
        let inputs = Array(Self.inputs(batch: 2, length: 13, real: [4, 7]).prefix(2))
        let (whole, short, _) = try Self.results(b.graph, inputs)
        let context = try Session(Model(graph: b.graph)).makeContext()
        _ = try context.run(inputs)
        let graph = try #require(context.current?.plan.graph)
        #expect(graph.spec(graph.inputs[0])?.shape == [2, head.isShort ? 8 : 13])
        for (a, b) in zip(whole, short) { #expect(a.shape == b.shape && difference(a, b) < 2e-6) }
    }
}
