import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Limits are options; what goes beyond one is an error that names the node, the number and the limit.
@Suite struct LimitsTests {
    /// x [n, 8] -> x W -> softmax
    private static func graph() -> Graph {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.symbol("n"), .fixed(8)]))
        b.graph.outputs = [b.node("Softmax", [b.node("MatMul", [x, b.weights([8, 16])])])]
        return b.graph
    }

    private static func message(_ rows: Int, _ change: (inout Limits) -> Void, referenceOnly: Bool = false) -> String {
        var options = SessionOptions()
        change(&options.limits)
        options.referenceOnly = referenceOnly
        do throws(RuntimeError) {
            try Session(try Model(graph: graph()), options: options).makeContext().prepare([[rows, 8]])
            return "no error"
        } catch { return error.description }
    }

    @Test func eachIsChecked() {
        #expect(Self.message(4) { _ in } == "no error")
        #expect(
            Self.message(4) { $0.elements = 63 }
                == "node 'MatMul_2' (Linear): an output of shape [4, 16] has 64 elements, more than the limit of 63")
        #expect(
            Self.message(4) { $0.bytes = 255 }
                == "node 'MatMul_2' (Linear): an output of shape [4, 16] has 256 bytes, more than the limit of 255")
        #expect(Self.message(4) { $0.rank = 1 } == "graph: input 'x' has 2 axes, more than the limit of 1")
        #expect(
            Self.message(4) { $0.macs = 511 }
                == "node 'MatMul_2' (Linear): it asks for 512 multiply-accumulates, more than the limit of 511")
        #expect(
            Self.message(4) { $0.plannedBytes = 255 }
                == "node 'MatMul_2' (Linear): it asks for 256 bytes of planned memory, more than the limit of 255")
        #expect(Self.message(4) { $0.plannedBytes = 300 }.hasPrefix("graph: it asks for "))
        #expect(
            Self.message(4) { $0.rewriteSteps = 0 } == "graph: it asks for 1 rewriting steps, more than the limit of 0")
    }

    /// What references take counts as what kernels take.
    @Test func workOfReferencesIsBounded() {
        func work(_ input: [Int], _ body: (inout GraphBuilder, ValueID) -> ValueID) -> String {
            var b = GraphBuilder(), options = SessionOptions()
            let x = b.graph.addInput("x", TensorType(.float32, input.map { .fixed($0) }))
            b.graph.outputs = [body(&b, x)]
            (options.limits.macs, options.referenceOnly) = (100, true)
            do throws(RuntimeError) {
                try Session(try Model(graph: b.graph), options: options).makeContext().prepare([input])
                return "no error"
            } catch { return error.description }
        }
        #expect(
            work([5, 4]) { b, x in b.node("MatMul", [x, b.weights([4, 6])]) }.hasSuffix(
                "it asks for 120 multiply-accumulates, more than the limit of 100"))
        #expect(work([5, 4]) { b, x in b.node("MatMul", [x, b.weights([4, 5])]) } == "no error")
        #expect(
            work([5, 4]) { b, x in b.node("Gemm", [x, b.weights([4, 6])]) }.hasSuffix(
                "it asks for 120 multiply-accumulates, more than the limit of 100"))
        #expect(
            work([1, 9, 4]) { b, x in b.node("LRN", [x], [("size", .int(3))]) }.hasSuffix(
                "it asks for 108 multiply-accumulates, more than the limit of 100"))
        #expect(work([1, 9, 4]) { b, x in b.node("LRN", [x], [("size", .int(2))]) } == "no error")
        let cubic: [(name: Name, value: Attribute)] = [("mode", .string("cubic"))]
        #expect(work([4, 4]) { b, x in b.node("Resize", [x, nil, nil, b.ints([2, 4])], cubic) } == "no error")
        #expect(
            work([4, 4]) { b, x in b.node("Resize", [x, nil, nil, b.ints([8, 4])], cubic) }.hasSuffix(
                "it asks for 128 multiply-accumulates, more than the limit of 100"))
    }

    /// Memory the system has not: an error, not the end of the process.
    @Test func memoryThatIsNotThere() {
        let error = #expect(throws: RuntimeError.self) { try MutableBytes(byteCount: 1 << 60) }
        #expect(error?.description == "out of memory: 1152921504606846976 bytes could not be had")
        let storage = #expect(throws: OutOfMemory.self) { try ByteStorage(byteCount: 1 << 60) { _ in } }
        #expect(storage?.message.text == "out of memory: 1152921504606846976 bytes could not be had")
        let packed = #expect(throws: RuntimeError.self) { try Pieces().storage(byteCount: 1 << 60) { _ in } }
        #expect(packed?.description == "out of memory: 1152921504606846976 bytes could not be had")
        #expect(throws: RuntimeError.self) { try Arena(byteCount: 1 << 60) }
    }

    @Test func allUnsupportedOperatorsAtOnce() {
        var graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(2)]))
        var y = graph.addNode("LSTM", [x], name: "a")
        for name: Name in ["b", "c", "d", "e"] { y = graph.addNode("GRU", [y], name: name) }
        y = graph.addNode("Relu", [y], name: "f")
        y = graph.addNode("Frobnicate", [y], name: "g")
        graph.nodes[graph.nodes.count - 1].domain = "com.example"
        graph.outputs = [y]
        let error = #expect(throws: RuntimeError.self) { try Model(graph: graph) }
        #expect(
            error?.description
                == "3 operators are not supported: LSTM (1 node: 'a'), GRU (4 nodes: 'b', 'c', 'd', ...), com.example.Frobnicate (1 node: 'g')"
        )
    }
}
