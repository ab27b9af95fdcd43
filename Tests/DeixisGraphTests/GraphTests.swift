import DeixisGraph
import Testing

/// x -> a -> b, c = b + a
private func chain() -> (graph: Graph, x: ValueID, a: ValueID, b: ValueID, c: ValueID) {
    var graph = Graph(opset: 17)
    let x = graph.addInput("x", TensorType(.float32, [.symbol("batch"), .fixed(4)]))
    let a = graph.addNode("Relu", [x], name: "first", output: "a")
    let b = graph.addNode("Relu", [a], name: "second", output: "b")
    let c = graph.addNode(
        "Add", [b, a], name: "sum", output: "c", attributes: [("alpha", .float(0.5)), ("axes", .ints([1, 2]))])
    graph.outputs = [c]
    return (graph, x, a, b, c)
}

@Suite struct GraphTests {
    @Test func listingShowsNodesInOrder() {
        #expect(
            chain().graph.listing == """
                input  x float32[batch, 4]
                a = Relu(x) "first"
                b = Relu(a) "second"
                c = Add(b, a) alpha=0.5 axes=[1, 2] "sum"
                output c

                """)
    }

    @Test func checkNamesWhatIsWrong() {
        func message(_ change: (inout Graph) -> Void) -> String {
            var graph = chain().graph
            change(&graph)
            do throws(GraphError) { try graph.check(); return "no error" } catch { return error.description }
        }
        #expect(message { _ in } == "no error")
        #expect(message { $0.nodes.swapAt(0, 1) } == "node 'second' uses 'a', which nothing in front of it makes")
        #expect(message { $0.nodes.append($0.nodes[0]) } == "value 'a' is made twice, the second time by node 'first'")
        #expect(message { $0.nodes.removeLast() } == "output 'c' is made by no node")
        #expect(message { $0.outputs = [ValueID(99)] } == "there is no value 99")
    }

    @Test func patchReplacesAndOrders() throws {
        let (graph, x, _, b, _) = chain()
        let editor = GraphEditor(graph)
        // The second Relu becomes two nodes; what it made is made by the last of them.
        var patch = Patch(editor, removing: [NodeID(1)])
        let middle = patch.addValue("middle")
        patch.nodes = [
            Node(name: "outer", op: "Neg", inputs: [middle], outputs: [b]),
            Node(name: "inner", op: "Neg", inputs: [x], outputs: [middle]),
        ]
        editor.apply(patch)
        let result = try editor.finish()
        try result.check()
        #expect(result.nodes.map(\.name) == ["first", "inner", "outer", "sum"])
    }

    @Test func redirectMovesOutputsToo() throws {
        let (graph, x, a, _, c) = chain()
        let editor = GraphEditor(graph)
        #expect(editor.isOutput(c) && !editor.vanishes(c) && !editor.vanishes(a))
        var patch = Patch(editor)
        patch.redirect(c, to: x)
        editor.apply(patch)
        let result = try editor.finish()
        #expect(result.outputs == [x] && result.nodes.isEmpty)
    }

    @Test func vanishesIsOneReaderAndNoOutput() {
        let (graph, x, a, b, c) = chain()
        let editor = GraphEditor(graph)
        #expect(editor.vanishes(x) && !editor.vanishes(a) && editor.vanishes(b) && !editor.vanishes(c))
    }

    @Test func cyclesAreFound() {
        var (graph, _, a, b, _) = chain()
        graph.nodes[0].inputs = [b]
        graph.nodes[1].inputs = [a]
        #expect(throws: GraphError.self) { try GraphEditor(graph).finish() }
    }

    @Test func rewriteRunsToTheEnd() throws {
        // Relu(Relu(x)) => Relu(x), until no pair is left.
        var graph = Graph(opset: 17)
        var value = graph.addInput("x", TensorType(.float32, [.fixed(1)]))
        for i in 0..<5 { value = graph.addNode("Relu", [value], name: Name("relu\(i)")) }
        graph.outputs = [value]
        let editor = GraphEditor(graph)
        let patches = editor.rewrite { editor, id, node in
            guard let (inner, below) = editor.maker(of: node.inputs[0], "Relu") else { return nil }
            var patch = Patch(editor, removing: [id, inner])
            patch.nodes = [Node(name: node.name, op: "Relu", inputs: below.inputs, outputs: node.outputs)]
            return patch
        }
        #expect(patches == 4)
        #expect(try editor.finish().nodes.count == 1)
    }
}
