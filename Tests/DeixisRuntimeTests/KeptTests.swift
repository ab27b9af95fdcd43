import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Some inputs kept, others changed: the same bits as computing everything, without computing everything.
@Suite struct KeptTests {
    static let image = 0

    static func write(_ context: RunContext, _ index: Int, _ tensor: Constant) throws {
        try context.inputBuffer(index).copyMemory(from: tensor.bytes)
    }

    static func outputs(_ context: RunContext) throws -> [[UInt8]] {
        try context.session.outputNames.indices.map { Array(try context.output($0).bytes) }
    }

    /// In the model's order: image, tokens, mask.
    static func inputs(_ length: Int, _ seed: Int) -> [Constant] {
        let pixels = (0..<16 * 16 * 3).map { UInt8(truncatingIfNeeded: $0 &* (37 + seed) &+ $0 / 7) }
        return [
            Constant(.uint8, [1, 16, 16, 3], pixels),
            Constant(.int64, [1, length], (0..<length).map { Int64(($0 * 7 + seed) % 30) }),
            Constant(.int64, [1, length], (0..<length).map { Int64($0 < max(1, length - seed % 3) ? 1 : 0) }),
        ]
    }

    /// What a context that keeps nothing says.
    static func expected(_ model: Model, _ inputs: [Constant]) throws -> [[UInt8]] {
        let context = try Session(model).makeContext()
        try context.prepare(inputs.map(\.shape))
        for (i, input) in inputs.enumerated() { try write(context, i, input) }
        try context.run()
        return try outputs(context)
    }

    @Test func anotherSentenceRunsOnlyWhatDependsOnIt() throws {
        let model = try Model(graph: GraphBuilder.grounding()), context = try Session(model).makeContext()
        #expect(context.session.inputNames.first == "image")
        for picture in [1, 2] {
            for (i, length) in [5, 3, 12, 5, 1].enumerated() {
                let inputs = Self.inputs(length, picture + i)
                let picture = Self.inputs(length, picture)[0]
                try context.prepare(inputs.map(\.shape), keeping: [Self.image])
                if i == 0 {
                    try Self.write(context, 0, picture)
                    try context.runKept()
                }
                for k in [1, 2] { try Self.write(context, k, inputs[k]) }
                let plan = try #require(context.current).plan, before = context.stepsRun
                try context.runChanged()
                #expect(plan.keptSteps > 5 && context.stepsRun - before == plan.steps.count - plan.keptSteps)
                #expect(try Self.outputs(context) == Self.expected(model, [picture, inputs[1], inputs[2]]))
            }
        }
    }

    @Test func keptValuesComeBack() throws {
        let model = try Model(graph: GraphBuilder.grounding()), context = try Session(model).makeContext()
        let a = Self.inputs(5, 1), b = Self.inputs(5, 2)
        var copies: [KeptValues] = []
        for inputs in [a, b] {
            try context.prepare(inputs.map(\.shape), keeping: [Self.image])
            for k in 0..<3 { try Self.write(context, k, inputs[k]) }
            try context.run()
            copies.append(try #require(try context.copyKept()))
        }
        for (copy, image) in [(copies[0], a[0]), (copies[1], b[0]), (copies[0], a[0])] {
            let words = Self.inputs(7, 3)
            try context.prepare(words.map(\.shape), keeping: [Self.image])
            try context.restoreKept(copy)
            for k in [1, 2] { try Self.write(context, k, words[k]) }
            let before = context.stepsRun
            try context.runChanged()
            let plan = try #require(context.current).plan
            #expect(context.stepsRun - before < plan.steps.count)
            #expect(try Self.outputs(context) == Self.expected(model, [image, words[1], words[2]]))
        }
    }

    /// Kept values as outputs, as parts of what changes, and read as views; and a kept part that differs with the other
    /// input's length.
    @Test func keptValuesInEveryPlace() throws {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(1), .symbol("n"), .fixed(4)]))
        let y = b.graph.addInput("y", TensorType(.float32, [.fixed(1), .symbol("m"), .fixed(4)]))
        let kept = b.node("Relu", [b.linear(x, 4, 4)])
        let changed = b.node("Relu", [b.linear(y, 4, 4)])
        let joined = b.node("Concat", [kept, changed], [("axis", .int(1))])
        let flat = b.node("Reshape", [b.node("Exp", [x]), b.ints([1, 1, -1])])
        let length = b.node("Shape", [y])
        let mixed = b.node("Mul", [b.node("Cast", [b.node("ReduceSum", [length])], [("to", .int(1))]), x])
        b.graph.outputs = [
            b.node("Tanh", [joined]), kept, x, b.node("Add", [b.node("ReduceSum", [changed]), flat]),
            b.node("Sigmoid", [mixed]), changed,
        ]
        let model = try Model(graph: b.graph), context = try Session(model).makeContext()
        let given = randomFloats([1, 3, 4], seed: 5)
        for (i, m) in [2, 2, 5, 1, 5].enumerated() {
            let other = randomFloats([1, m, 4], seed: UInt64(i))
            try context.prepare([[1, 3, 4], [1, m, 4]], keeping: [0])
            if i == 0 {
                try Self.write(context, 0, given)
                try context.runKept()
            }
            try Self.write(context, 1, other)
            try context.runChanged()
            #expect(try Self.outputs(context) == Self.expected(model, [given, other]), "\(i)")
        }
    }
}
