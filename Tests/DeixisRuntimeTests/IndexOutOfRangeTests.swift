import DeixisGraph
import Testing

@testable import DeixisRuntime

/// An index that only the run knows, outside its axis: an error that names node, position, index and extent; nothing is
/// read or written there, and the session goes on.
@Suite struct IndexOutOfRangeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let op: Name
        var attributes: [(name: Name, value: Attribute)] = []
        /// Of input 0, of the indices, of the updates.
        let x: [Int], indices: [Int]
        var updates: [Int]?
        let bad: [Int64], good: [Int64]
        let message: String
        var testDescription: String { "\(op) \(x)" }
    }

    static let cases = [
        Case(
            op: "Gather", x: [4, 3], indices: [3], bad: [1, 4, -5], good: [1, 3, -4],
            message: "element 1 of its indices is 4, the axis has extent 4"),
        Case(
            op: "Gather", attributes: [("axis", .int(1))], x: [2, 3], indices: [2], bad: [0, -4], good: [0, -3],
            message: "element 1 of its indices is -4, the axis has extent 3"),
        Case(
            op: "Gather", x: [4, 3], indices: [2], bad: [.min, .max], good: [0, 0],
            message: "element 0 of its indices is \(Int.min), the axis has extent 4"),
        Case(
            op: "Gather", x: [0, 3], indices: [1], bad: [0], good: [],
            message: "element 0 of its indices is 0, the axis has extent 0"),
        Case(
            op: "GatherElements", x: [3, 2], indices: [2, 2], bad: [0, 1, 3, 2], good: [0, 1, -3, 2],
            message: "element 2 of its indices is 3, the axis has extent 3"),
        Case(
            op: "GatherND", x: [2, 3], indices: [2, 2], bad: [0, 2, 1, 3], good: [0, 2, 1, -3],
            message: "element 3 of its indices is 3, the axis has extent 3"),
        Case(
            op: "ScatterElements", x: [3, 2], indices: [1, 2], updates: [1, 2], bad: [0, 3], good: [0, 2],
            message: "element 1 of its indices is 3, the axis has extent 3"),
        Case(
            op: "ScatterND", x: [3, 2], indices: [2, 1], updates: [2, 2], bad: [-4, 0], good: [-3, 0],
            message: "element 0 of its indices is -4, the axis has extent 3"),
    ]

    private static func session(_ graph: Graph, referenceOnly: Bool, threads: Int) throws -> Session {
        var options = SessionOptions()
        (options.referenceOnly, options.threads) = (referenceOnly, threads)
        return try Session(try Model(graph: graph), options: options)
    }

    @Test(arguments: cases, [false, true])
    func isAnError(_ bad: Case, referenceOnly: Bool) throws {
        var b = GraphBuilder()
        func shape(_ extents: [Int]) -> [Dimension] { extents.map { .fixed($0) } }
        let x = b.graph.addInput("x", TensorType(.float32, shape(bad.x)))
        let indices = b.graph.addInput("i", TensorType(.int64, shape(bad.indices)))
        var inputs = [x, indices], tensors = [("x" as Name, randomFloats(bad.x, seed: 1))]
        if let updates = bad.updates {
            inputs.append(b.graph.addInput("u", TensorType(.float32, shape(updates))))
            tensors.append(("u", randomFloats(updates, seed: 2)))
        }
        b.graph.outputs = [b.node(bad.op, inputs, bad.attributes)]
        let session = try Self.session(b.graph, referenceOnly: referenceOnly, threads: 2)
        let error = #expect(throws: RuntimeError.self) {
            try session.run(tensors + [("i", Constant(.int64, bad.indices, bad.bad))])
        }
        #expect(error?.description == "node '\(bad.op)_1' (\(bad.op)): index out of range: \(bad.message)")
        guard !bad.good.isEmpty else { return }
        #expect(try session.run(tensors + [("i", Constant(.int64, bad.indices, bad.good))])[0].tensor.count > 0)
    }

    /// Of several, whichever thread meets them, the first by position.
    @Test(arguments: [false, true], [false, true])
    func embedding(stored: Bool, referenceOnly: Bool) throws {
        let session = try Self.session(
            FuseEmbeddingTests.graph(stored: stored), referenceOnly: referenceOnly, threads: 3)
        for _ in 0..<10 {
            let error = #expect(throws: RuntimeError.self) {
                try session.run([("ids", Constant(.int64, [1, 6], [3, 0, 20, 19, -21, 99] as [Int64]))])
            }
            #expect(
                error?.description.hasSuffix(
                    "(Embedding): index out of range: element 2 of its indices is 20, the axis has extent 20") == true)
        }
        #expect(try session.run([("ids", Constant(.int64, [1, 6], [3, 0, -20, 19, 0, 7] as [Int64]))]).count == 1)
    }

    /// Steps behind the faulty one do not run; a deadline and a profile say the same.
    @Test func everyWayOfRunning() throws {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(4)])),
            i = b.graph.addInput("i", TensorType(.int64, [.fixed(2)]))
        b.graph.outputs = [b.node("Relu", [b.node("Gather", [x, i])])]
        let context = try Self.session(b.graph, referenceOnly: false, threads: 1).makeContext()
        try context.prepare([[4], [2]])
        try context.inputBuffer(1).storeBytes(of: 9, as: Int64.self)
        for run in [
            { try context.run() }, { try context.run(before: Deadline(milliseconds: 1e6)) },
            { _ = try context.profile(runs: 1) }, { _ = try context.trace() },
        ] as [() throws -> Void] {
            let error = #expect(throws: RuntimeError.self) { try run() }
            #expect(
                error?.description
                    == "node 'Gather_1' (Gather): index out of range: element 0 of its indices is 9, the axis has extent 4"
            )
        }
    }

    /// What planning knows is refused when it plans.
    @Test func constantsAreSeenBefore() {
        let bad = OperatorCase(
            op: "GatherND", inputs: [floats([2, 2], [1, 2, 3, 4]), Constant(.int64, [1, 2], [1, 2] as [Int64])])
        #expect(
            bad.message()
                == "node 'node' (GatherND): index out of range: element 1 of its indices is 2, the axis has extent 2")
    }
}
