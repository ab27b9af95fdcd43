import DeixisGraph
import Testing

@testable import DeixisRuntime

/// `If` on what planning knows, and inputs with defaults.
@Suite struct IfTests {
    /// A sub-graph that takes one value and makes one.
    private static func branch(_ op: Name) -> Graph {
        var graph = Graph(opset: 11)
        let x = graph.addValue("x")
        graph.inputs = [x]
        graph.outputs = [graph.addNode(op, [x], name: op)]
        return graph
    }

    /// y = Neg(x) where x has one column, else Relu(x).
    private static func graph(condition: (inout GraphBuilder, ValueID) -> ValueID) -> Graph {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.symbol("rows"), .symbol("columns")]))
        let known = condition(&b, x)
        // The captured value of each sub-graph, in the order of the attributes.
        b.graph.outputs = [
            b.node(
                "If", [known, x, x], [("else_branch", .graph(branch("Relu"))), ("then_branch", .graph(branch("Neg")))])
        ]
        return b.graph
    }

    private static func hasOneColumn(_ b: inout GraphBuilder, _ x: ValueID) -> ValueID {
        b.node(
            "Equal",
            [
                b.node("Gather", [b.node("Shape", [x]), b.constant(Constant(.int64, [], [Int64(1)]))]),
                b.constant(Constant(.int64, [], [Int64(1)])),
            ])
    }

    /// Operators that passes make are none of a file's, in a sub-graph neither.
    @Test func ourOwnOperatorsAreRefusedInside() throws {
        var graph = Self.graph { Self.hasOneColumn(&$0, $1) }
        var inner = Graph(opset: 17)
        let x = inner.addValue("x")
        inner.inputs = [x]
        inner.nodes = [
            Node(name: "hidden", domain: .deixis, op: "Activate", inputs: [x], outputs: [inner.addValue("y")])
        ]
        inner.outputs = inner.nodes[0].outputs.compactMap { $0 }
        graph.nodes[graph.nodes.count - 1].attributes[0].value = .graph(inner)
        let error = #expect(throws: RuntimeError.self) { try Model(graph: graph) }
        #expect(error?.description == "operator deixis.Activate of node 'hidden' is not supported")
    }

    @Test func shapesDecide() throws {
        let session = try Session(Model(graph: Self.graph { Self.hasOneColumn(&$0, $1) }))
        #expect(try session.run([("x", floats([2, 1], [-1, 2]))])[0].tensor.floats == [1, -2])
        #expect(try session.run([("x", floats([1, 2], [-1, 2]))])[0].tensor.floats == [0, 2])
    }

    @Test func dataCannotDecideYet() throws {
        let graph = Self.graph { b, x in
            b.node("Less", [b.node("ReduceSum", [x], [("keepdims", .int(0))]), b.scalar(0)])
        }
        let session = try Session(Model(graph: graph))
        let error = #expect(throws: RuntimeError.self) { try session.run([("x", floats([1, 1], [1]))]) }
        #expect(error?.description.hasPrefix("node 'If_") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("depends on the values of input 0") == true)
    }

    @Test func branchesThatAreNotThere() throws {
        var graph = Self.graph { Self.hasOneColumn(&$0, $1) }
        graph.nodes[graph.nodes.count - 1].attributes.removeLast()
        let session = try Session(Model(graph: graph))
        let error = #expect(throws: RuntimeError.self) { try session.run([("x", floats([1, 1], [1]))]) }
        #expect(error?.description.hasSuffix("has no 'then_branch' of 1 outputs") == true)
    }

    /// An input with a default, left out, given, given in another shape, left out again.
    @Test func defaultsMayBeGiven() throws {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(2)]))
        let t = b.graph.addConstant("t", floats([1], [3]))
        b.graph.defaults = [(t, TensorType(.float32, [.symbol("n")]))]
        b.graph.outputs = [b.node("Mul", [x, t])]
        let session = try Session(Model(graph: b.graph)), x2 = floats([2], [1, 2])
        for _ in 0..<2 {
            #expect(session.inputNames == ["x"])
            #expect(try session.run([("x", x2)])[0].tensor.floats == [3, 6])
            #expect(try session.run([("x", x2), ("t", floats([1], [10]))])[0].tensor.floats == [10, 20])
            #expect(try session.run([("t", floats([2], [10, 100])), ("x", x2)])[0].tensor.floats == [10, 200])
        }
        let error = #expect(throws: RuntimeError.self) { try session.run([("x", x2), ("t", int64s([1]))]) }
        #expect(error?.description == "input 't': expected float32, got int64")
    }
}
