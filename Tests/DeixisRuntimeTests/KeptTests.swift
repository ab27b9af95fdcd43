import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Some inputs kept, others changed: the same bits as computing everything, without computing everything.
@Suite struct KeptTests {
    static let image = 0

    static func write(_ session: Session, _ index: Int, _ tensor: Constant) throws {
        try session.inputBuffer(index).copyMemory(from: tensor.bytes)
    }

    static func outputs(_ session: Session) throws -> [[UInt8]] {
        try session.outputNames.indices.map { Array(try session.output($0).bytes) }
    }

    /// In the model's order: image, tokens, mask.
    static func inputs(_ length: Int, _ seed: Int) -> [Constant] {
        let pixels = (0..<16 * 16 * 3).map { UInt8(truncatingIfNeeded: $0 &* (37 + seed) &+ $0 / 7) }
        return [
            Constant(.uint8, [1, 16, 16, 3], pixels), Constant(.int64, [1, length], (0..<length).map { Int64(($0 * 7 + seed) % 30) }),
            Constant(.int64, [1, length], (0..<length).map { Int64($0 < max(1, length - seed % 3) ? 1 : 0) }),
        ]
    }

    /// What a session that keeps nothing says.
    static func expected(_ model: Model, _ inputs: [Constant]) throws -> [[UInt8]] {
        let session = try Session(model)
        try session.prepare(inputs.map(\.shape))
        for (i, input) in inputs.enumerated() { try write(session, i, input) }
        try session.run()
        return try outputs(session)
    }

    @Test func anotherSentenceRunsOnlyWhatDependsOnIt() throws {
        let model = try Model(graph: GraphBuilder.grounding()), session = try Session(model)
        #expect(session.inputNames.first == "image")
        for picture in [1, 2] {
            for (i, length) in [5, 3, 12, 5, 1].enumerated() {
                let inputs = Self.inputs(length, picture + i)
                let picture = Self.inputs(length, picture)[0]
                try session.prepare(inputs.map(\.shape), keeping: [Self.image])
                if i == 0 {
                    try Self.write(session, 0, picture)
                    try session.runKept()
                }
                for k in [1, 2] { try Self.write(session, k, inputs[k]) }
                let plan = try #require(session.current), before = session.stepsRun
                try session.runChanged()
                #expect(plan.keptSteps > 5 && session.stepsRun - before == plan.steps.count - plan.keptSteps)
                #expect(try Self.outputs(session) == Self.expected(model, [picture, inputs[1], inputs[2]]))
            }
        }
    }

    @Test func keptValuesComeBack() throws {
        let model = try Model(graph: GraphBuilder.grounding()), session = try Session(model)
        let a = Self.inputs(5, 1), b = Self.inputs(5, 2)
        var copies: [KeptValues] = []
        for inputs in [a, b] {
            try session.prepare(inputs.map(\.shape), keeping: [Self.image])
            for k in 0..<3 { try Self.write(session, k, inputs[k]) }
            try session.run()
            copies.append(try #require(try session.copyKept()))
        }
        for (copy, image) in [(copies[0], a[0]), (copies[1], b[0]), (copies[0], a[0])] {
            let words = Self.inputs(7, 3)
            try session.prepare(words.map(\.shape), keeping: [Self.image])
            try session.restoreKept(copy)
            for k in [1, 2] { try Self.write(session, k, words[k]) }
            let before = session.stepsRun
            try session.runChanged()
            let plan = try #require(session.current)
            #expect(session.stepsRun - before < plan.steps.count)
            #expect(try Self.outputs(session) == Self.expected(model, [image, words[1], words[2]]))
        }
    }

    /// Kept values as outputs, as parts of what changes, and read as views; and a kept part that differs with the other input's length.
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
            b.node("Tanh", [joined]), kept, x, b.node("Add", [b.node("ReduceSum", [changed]), flat]), b.node("Sigmoid", [mixed]), changed,
        ]
        let model = try Model(graph: b.graph), session = try Session(model)
        let given = randomFloats([1, 3, 4], seed: 5)
        for (i, m) in [2, 2, 5, 1, 5].enumerated() {
            let other = randomFloats([1, m, 4], seed: UInt64(i))
            try session.prepare([[1, 3, 4], [1, m, 4]], keeping: [0])
            if i == 0 {
                try Self.write(session, 0, given)
                try session.runKept()
            }
            try Self.write(session, 1, other)
            try session.runChanged()
            #expect(try Self.outputs(session) == Self.expected(model, [given, other]), "\(i)")
        }
    }
}
