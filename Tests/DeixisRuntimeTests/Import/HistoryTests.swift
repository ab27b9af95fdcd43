import DeixisGraph
import Testing

@testable import DeixisRuntime

/// One operator as old files spell it, run as read and optimized.
struct OldNode {
    var op: Name
    var opset: Int
    var attributes: [(name: Name, value: Attribute)] = []
    var inputs: [Constant]
    var outputs = 1
    /// A node in front of it hides the type and rank of the first input from the importer.
    var isHidden = false
    var functions: [Function] = []
    var domain: Name = ""
    var operators = OperatorSet.lean

    func run() throws -> [Constant] {
        var graph = Graph(opset: opset), ids: [ValueID] = []
        graph.functions = functions
        for (i, input) in inputs.enumerated() {
            // The first is given, the others are weights, as exporters write them.
            let type = TensorType(input.type, input.shape.map { .fixed($0) })
            ids.append(i == 0 ? graph.addInput("x", type) : graph.addConstant(Name("w\(i)"), input))
        }
        if isHidden { ids[0] = graph.addNode("Identity", [ids[0]], name: "hide") }
        let results = (0..<outputs).map { graph.addValue(Name("y\($0)")) }
        graph.nodes.append(
            Node(name: "node", domain: domain, op: op, inputs: ids, outputs: results, attributes: attributes))
        graph.outputs = results
        let model = try Model(graph: graph, operators: operators)
        var options = SessionOptions()
        let fast = try Session(model).run([("x", inputs[0])]).map(\.tensor)
        (options.optimize, options.referenceOnly) = (false, true)
        let slow = try Session(model, options: options).run([("x", inputs[0])]).map(\.tensor)
        for (a, b) in zip(fast, slow) { #expect(a.shape == b.shape && (a.type != .float32 || difference(a, b) < 1e-5)) }
        return slow
    }

    func message() -> String {
        do throws(RuntimeError) {
            _ = try Model(graph: graph(), operators: operators)
            return "no error"
        } catch { return error.description }
    }

    private func graph() -> Graph {
        var graph = Graph(opset: opset)
        graph.functions = functions
        let ids = inputs.enumerated().map { graph.addConstant(Name("w\($0)"), $1) }
        let results = (0..<outputs).map { graph.addValue(Name("y\($0)")) }
        graph.nodes.append(
            Node(name: "node", domain: domain, op: op, inputs: ids, outputs: results, attributes: attributes))
        graph.outputs = results
        return graph
    }
}

/// Old forms, with values worked out by hand from the standard's pages of their time.
@Suite struct HistoryTests {
    static let six = floats([2, 3], [1, 2, 3, 4, 5, 6])
    static let cube = floats([1, 2, 2], [0, 0, 0, 0])
    static let row = floats([1, 1, 1, 2], [1, 2])

    static let cases: [(OldNode, [Float])] = [
        (OldNode(op: "Softmax", opset: 11, inputs: [cube]), [0.25, 0.25, 0.25, 0.25]),
        (OldNode(op: "Softmax", opset: 12, attributes: [("axis", .int(2))], inputs: [cube]), [0.5, 0.5, 0.5, 0.5]),
        (OldNode(op: "Softmax", opset: 13, inputs: [cube]), [0.5, 0.5, 0.5, 0.5]),
        (OldNode(op: "Softmax", opset: 11, inputs: [floats([2, 3, 0], [])]), []),
        (OldNode(op: "Hardmax", opset: 11, inputs: [floats([1, 2, 2], [1, 4, 3, 2])]), [0, 1, 0, 0]),
        (OldNode(op: "LogSoftmax", opset: 9, attributes: [("axis", .int(0))], inputs: [floats([1, 1], [5])]), [0]),
        (
            OldNode(op: "Clip", opset: 6, attributes: [("min", .float(2)), ("max", .float(4))], inputs: [six]),
            [2, 2, 3, 4, 4, 4]
        ),
        (OldNode(op: "Clip", opset: 10, attributes: [("max", .float(4))], inputs: [six]), [1, 2, 3, 4, 4, 4]),
        (
            OldNode(
                op: "Pad", opset: 2 + 4, attributes: [("pads", .ints([0, 1, 0, 0])), ("value", .float(9))],
                inputs: [six]), [9, 1, 2, 3, 9, 4, 5, 6]
        ),
        (
            OldNode(
                op: "Slice", opset: 9,
                attributes: [("starts", .ints([1])), ("ends", .ints([9])), ("axes", .ints([1]))], inputs: [six]),
            [2, 3, 5, 6]
        ),
        (
            OldNode(op: "Slice", opset: 7, attributes: [("starts", .ints([1])), ("ends", .ints([2]))], inputs: [six]),
            [4, 5, 6]
        ),
        (
            OldNode(op: "TopK", opset: 9, attributes: [("k", .int(1)), ("axis", .int(1))], inputs: [six], outputs: 2),
            [3, 6]
        ),
        (
            OldNode(
                op: "Split", opset: 11, attributes: [("split", .ints([1, 2])), ("axis", .int(1))], inputs: [six],
                outputs: 2), [1, 4]
        ),
        (OldNode(op: "Squeeze", opset: 11, attributes: [("axes", .ints([0]))], inputs: [row]), [1, 2]),
        (
            OldNode(op: "Unsqueeze", opset: 7, attributes: [("axes", .ints([0, 3]))], inputs: [six]),
            [1, 2, 3, 4, 5, 6]
        ),
        (
            OldNode(
                op: "ReduceSum", opset: 11, attributes: [("axes", .ints([1])), ("keepdims", .int(0))], inputs: [six]),
            [6, 15]
        ),
        (OldNode(op: "ReduceSum", opset: 12, inputs: [six]), [21]),
        (OldNode(op: "ReduceMax", opset: 17, attributes: [("axes", .ints([-1]))], inputs: [six]), [3, 6]),
        (
            OldNode(op: "Scatter", opset: 9, inputs: [six, tensor(.int64, [1, 1], [Int64(1)]), floats([1, 1], [7])]),
            [1, 2, 3, 7, 5, 6]
        ),
        (
            OldNode(op: "Upsample", opset: 7, attributes: [("scales", .floats([1, 1, 1, 2]))], inputs: [row]),
            [1, 1, 2, 2]
        ),
        (
            OldNode(
                op: "Upsample", opset: 9, attributes: [("mode", .string("linear"))],
                inputs: [row, floats([4], [1, 1, 1, 2])]), [1, 1.5, 2, 2]
        ),
        // The standard's own example of a nearest that shrinks.
        (
            OldNode(
                op: "Resize", opset: 10,
                inputs: [floats([1, 1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), floats([4], [1, 1, 0.6, 0.6])]), [1, 3]
        ),
        (
            OldNode(
                op: "Add", opset: 6, attributes: [("axis", .int(0)), ("broadcast", .int(1))],
                inputs: [six, floats([2], [10, 20])]), [11, 12, 13, 24, 25, 26]
        ),
        (
            OldNode(op: "PRelu", opset: 6, inputs: [floats([1, 2, 2], [-1, 1, -1, 1]), floats([2], [2, 3])]),
            [-2, 1, -3, 1]
        ),
        (
            OldNode(
                op: "BatchNormalization", opset: 7, attributes: [("epsilon", .float(0))],
                inputs: [row, floats([1], [2]), floats([1], [1]), floats([1], [0]), floats([1], [1])], outputs: 1),
            [3, 5]
        ),
    ]

    @Test(arguments: cases.indices)
    func oldFormsMeanWhatTheyMeant(_ index: Int) throws {
        var (node, expected) = Self.cases[index]
        for hidden in [false, true] where !hidden || !["Add", "PRelu"].contains(node.op) {
            node.isHidden = hidden
            let y = try #require(try node.run().first?.floats)
            #expect(y.count == expected.count, "\(node.op) \(node.opset)")
            #expect(
                zip(y, expected).allSatisfy { abs($0 - $1) < 1e-6 },
                "\(node.op) \(node.opset): \(y), expected \(expected)")
        }
    }

    /// What is nobody's but the file's: a bound becomes a number of X's type, stated or not.
    @Test(arguments: [false, true])
    func boundsHaveTheTypeOfTheTensor(isHidden: Bool) throws {
        let clip = OldNode(
            op: "Clip", opset: 6, attributes: [("min", .float(2))], inputs: [Constant(.float64, [2], [1.0, 3.0])],
            isHidden: isHidden)
        #expect(try clip.run()[0].numbers() == [2, 3])
    }

    @Test(arguments: [
        (
            OldNode(op: "Gelu", opset: 9, inputs: [six]),
            "operator Gelu of node 'node' exists since opset 20, the model imports opset 9"
        ),
        (
            OldNode(op: "Where", opset: 8, inputs: [six, six, six]),
            "operator Where of node 'node' exists since opset 9, the model imports opset 8"
        ),
        (OldNode(op: "Relu", opset: 5, inputs: [six]), "opset 5 is not supported, only 6 to 28"),
        (OldNode(op: "Relu", opset: 29, inputs: [six]), "opset 29 is not supported, only 6 to 28"),
        (
            OldNode(op: "Squeeze", opset: 12, inputs: [six, int64s([0])]),
            "node 'node' (Squeeze): has 2 inputs, in this opset it has one"
        ),
        (
            OldNode(op: "Squeeze", opset: 12, attributes: [("axes", .string("0"))], inputs: [six]),
            "node 'node' (Squeeze): attribute 'axes' is no number"
        ),
        (
            OldNode(op: "Resize", opset: 10, inputs: [six]),
            "node 'node' (Resize): has 1 inputs, in this opset it has two"
        ),
        (
            OldNode(op: "Resize", opset: 10, inputs: [six, floats([2], [0.5, 2])]),
            "node 'node' (Resize): scales that shrink one axis and widen another are not supported in this opset"
        ),
        (OldNode(op: "Upsample", opset: 10, inputs: [six]), "operator Upsample of node 'node' is not supported"),
        (
            OldNode(op: "BatchNormalization", opset: 7, attributes: [("spatial", .int(0))], inputs: [six]),
            "node 'node' (BatchNormalization): spatial = 0 is not supported"
        ),
        (
            OldNode(op: "Add", opset: 6, attributes: [("axis", .int(2))], inputs: [six, floats([2], [1, 2])]),
            "node 'node' (Add): axis 2 does not fit inputs of rank 2 and 1"
        ),
        (
            OldNode(op: "Add", opset: 6, attributes: [("axis", .int(.max))], inputs: [six, cube]),
            "node 'node' (Add): axis 9223372036854775807 does not fit inputs of rank 2 and 3"
        ),
        (OldNode(op: "Softmax", opset: 11, attributes: [("axis", .int(.max))], inputs: [six]), "no error"),
        (
            OldNode(op: "Constant", opset: 9, inputs: []),
            "node 'node' (Constant): has 0 inputs, 1 outputs and 0 attributes, expected 0, 1 and 1"
        ),
        (
            OldNode(op: "Constant", opset: 9, attributes: [("value", .int(1))], inputs: []),
            "node 'node' (Constant): attribute 'value' is not supported"
        ),
    ])
    func whatCannotBeTranslatedIsRefused(_ node: OldNode, _ message: String) {
        #expect(node.message() == message)
    }

    /// Outputs of training that nobody reads are left out; one that somebody reads is not there.
    @Test func statisticsOfTraining() throws {
        let one = floats([1], [1])
        let norm = OldNode(op: "BatchNormalization", opset: 9, inputs: [Self.row, one, one, one, one], outputs: 5)
        #expect(norm.message() == "graph: output 'y1' is made by no node")
    }

    /// Softmax along the last axis of a value whose rank the file does not state: found again at planning, attention
    /// with it.
    @Test func attentionOfOldFiles() throws {
        var b = GraphBuilder()
        b.graph.opset = 12
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(6), .fixed(8)]))
        let q = b.linear(x, 8, 8), k = b.linear(x, 8, 8), v = b.linear(x, 8, 8)
        b.graph.outputs = [b.attention(q, k, v, width: 8, heads: 2, mask: nil, axis: 3)]
        let context = try Session(Model(graph: b.graph)).makeContext()
        try context.prepare([[1, 6, 8]])
        #expect(try #require(context.current?.plan.graph).nodes.contains { $0.op == "Attention" })
        try expectAgreement(b.graph, [randomFloats([1, 6, 8], seed: 3)])
    }
}
