import DeixisGraph
import DeixisOperators
import Testing

@testable import DeixisRuntime

/// Operators that a model defines itself, and those that are a few nodes of others.
@Suite struct FunctionTests {
    /// `name`(x) = body(x); the body adds nodes to a graph with input 0 and returns its outputs.
    static func function(
        _ name: Name, opset: Int = 17, inputs: Int = 1, attributes: [(name: Name, value: Attribute?)] = [],
        _ body: (inout Graph) -> [ValueID]
    ) -> Function {
        var graph = Graph(opset: opset)
        for i in 0..<inputs { graph.inputs.append(graph.addValue(Name("a\(i)"))) }
        graph.outputs = body(&graph)
        return Function(domain: "my", name: name, attributes: attributes, body: graph)
    }

    /// `callee`(`callee`(... x)), `times` calls.
    static func caller(_ name: Name, of callee: Name, times: Int = 1) -> Function {
        function(name) { graph in
            var x = graph.inputs[0]
            for i in 0..<times {
                x = graph.addNode(callee, [x], name: "call", output: Name("r\(i)"))
                graph.nodes[graph.nodes.count - 1].domain = "my"
            }
            return [x]
        }
    }

    private static let x = floats([1, 2, 2], [1, 2, 3, 4])

    @Test func attributesAreGivenOrDefault() throws {
        let leaky = Self.function("Leaky", attributes: [("slope", nil), ("alpha", .float(0.5))]) { graph in
            let y = graph.addNode(
                "LeakyRelu", [graph.inputs[0]], name: "inner", attributes: [("alpha", .reference("slope"))])
            return [graph.addNode("LeakyRelu", [y], name: "outer", attributes: [("alpha", .reference("alpha"))])]
        }
        var node = OldNode(op: "Leaky", opset: 17, inputs: [floats([1], [-8])], functions: [leaky], domain: "my")
        // Without a value the operator's own default holds: 0.01.
        #expect(abs(try #require(node.run()[0].floats)[0] + 0.04) < 1e-6)
        node.attributes = [("slope", .float(0.25)), ("alpha", .float(1))]
        #expect(try node.run()[0].floats == [-2])
    }

    /// A function may follow another opset than the model.
    @Test func opsetsOfTheirOwn() throws {
        let old = Self.function("Old", opset: 11) { graph in [graph.addNode("Softmax", [graph.inputs[0]], name: "s")] }
        let y = try OldNode(
            op: "Old", opset: 17, inputs: [floats([1, 2, 2], [0, 0, 0, 0])], functions: [old], domain: "my"
        ).run()
        #expect(y[0].floats == [0.25, 0.25, 0.25, 0.25])
    }

    /// Outputs that are inputs, constants or each other.
    @Test func outputsThatNoNodeMakes() throws {
        let odd = Self.function("Odd") { graph in
            let y = graph.addNode("Neg", [graph.inputs[0]], name: "neg")
            return [graph.inputs[0], y, y, graph.addConstant("c", floats([1], [7]))]
        }
        let y = try OldNode(
            op: "Odd", opset: 17, inputs: [floats([1], [3])], outputs: 4, functions: [odd], domain: "my"
        ).run()
        #expect(y.map { $0.floats } == [[3], [-3], [-3], [7]])
    }

    @Test func endlessFunctionsAreRefused() {
        func message(_ functions: [Function], _ op: Name) -> String {
            OldNode(op: op, opset: 17, inputs: [Self.x], functions: functions, domain: "my").message()
        }
        let deep = "asks for 65 levels of sub-graphs or functions, more than the limit of 64"
        #expect(message([Self.caller("f", of: "f")], "f").hasSuffix(deep))
        let chain = (0..<1000).map { Self.caller(Name("f\($0)"), of: Name("f\($0 + 1)")) }
        #expect(message(chain, "f0").hasSuffix(deep))
        // 2^60 calls of a function without nodes.
        let doubling =
            (0..<60).map { Self.caller(Name("g\($0)"), of: Name("g\($0 + 1)"), times: 2) } + [
                Self.function("g60") { [$0.inputs[0]] }
            ]
        #expect(message(doubling, "g0").hasSuffix("asks for 131073 nodes, more than the limit of 131072"))
    }

    @Test func callsThatDoNotFit() {
        let one = Self.function("One") { graph in [graph.addNode("Neg", [graph.inputs[0]], name: "neg")] }
        #expect(
            OldNode(op: "One", opset: 17, inputs: [Self.x, Self.x], functions: [one], domain: "my").message()
                == "node 'node' (One): has 2 inputs and 1 outputs, the function has 1 and 1")
        #expect(
            OldNode(op: "Two", opset: 17, inputs: [Self.x], functions: [one], domain: "my").message()
                == "operator my.Two of node 'node' is not supported")
    }

    // MARK: DeixisOperators

    @Test func theLeanSetHasNone() {
        let node = OldNode(op: "QuickGelu", opset: 17, inputs: [Self.x], domain: "com.microsoft")
        #expect(node.message() == "operator com.microsoft.QuickGelu of node 'node' is not supported")
        let early = OldNode(op: "Attention", opset: 22, inputs: [Self.x, Self.x, Self.x], operators: .all)
        #expect(
            early.message() == "operator Attention of node 'node' exists since opset 23, the model imports opset 22")
    }

    @Test func blocksOfWeights() throws {
        let x = tensor(.int8, [3, 2], [Int8(1), 2, 3, 4, 5, 6]), scale = floats([2, 2], [1, 10, 100, 1000])
        let node = OldNode(
            op: "DequantizeLinear", opset: 21, attributes: [("axis", .int(0)), ("block_size", .int(2))],
            inputs: [x, scale], operators: .all)
        #expect(try node.run()[0].floats == [1, 20, 3, 40, 500, 6000])
        let zeros = tensor(.int8, [2, 2], [Int8(1), 0, 0, 1])
        let shifted = OldNode(
            op: "DequantizeLinear", opset: 21, attributes: [("axis", .int(0)), ("block_size", .int(2))],
            inputs: [x, scale, zeros], operators: .all)
        #expect(try shifted.run()[0].floats == [0, 20, 2, 40, 500, 5000])
    }

    /// 4-bit weights of one row: 0, 1, ... 15 twice, zero point 8, K smaller than the block.
    @Test func weightsOfFourBits() throws {
        let bytes: [UInt8] = [
            0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE, 0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE,
        ]
        let node = OldNode(
            op: "MatMulNBits", opset: 17,
            attributes: [("K", .int(3)), ("N", .int(1)), ("bits", .int(4)), ("block_size", .int(32))],
            inputs: [floats([1, 3], [1, 10, 100]), tensor(.uint8, [1, 1, 16], bytes), floats([1], [0.5])],
            domain: "com.microsoft", operators: .all)
        #expect(try node.run()[0].floats == [-339])
    }

    @Test func fusedConvolution() throws {
        let x = floats([1, 1, 1, 2], [1, -2]), w = floats([1, 1, 1, 1], [3]), b = floats([1], [1]),
            z = floats([1, 1, 1, 2], [-1, -1])
        let node = OldNode(
            op: "FusedConv", opset: 17,
            attributes: [("activation", .string("LeakyRelu")), ("activation_params", .floats([0.5]))],
            inputs: [x, w, b, z], domain: "com.microsoft", operators: .all)
        #expect(try node.run()[0].floats == [3, -3])
        var bad = node
        bad.attributes = [("activation", .string("Frob"))]
        #expect(bad.message() == "node 'node' (FusedConv): activation 'Frob' with 0 parameters is not supported")
    }

    /// The passes see the same graph whoever fused it.
    @Test func attentionIsFusedAgain() throws {
        var b = GraphBuilder()
        b.graph.opset = 23
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(6), .fixed(8)]))
        let q = b.linear(x, 8, 8), k = b.linear(x, 8, 8), v = b.linear(x, 8, 8)
        b.graph.outputs = [b.node("Attention", [q, k, v], [("q_num_heads", .int(2)), ("kv_num_heads", .int(2))])]
        let context = try Session(Model(graph: b.graph, operators: .all)).makeContext()
        try context.prepare([[1, 6, 8]])
        #expect(
            try #require(context.current?.plan.graph).nodes.contains { $0.op == "Attention" && $0.domain == .deixis })
    }
}
