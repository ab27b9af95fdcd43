import DeixisExport
import DeixisGraph
import Testing

/// Graphs that no ONNX file can say, and what the person reads.
@Suite struct GraphCheckTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let message: String
        let spoil: @Sendable (inout Graph) -> Void
        var testDescription: String { String(reflecting: message) }
    }

    static let cases: [Case] = [
        Case(message: "two values are named 'image'") { _ = $0.addValue("image") },
        Case(message: "value name 'a\0b' holds a zero byte") { _ = $0.addValue(Name("a\0b")) },
        Case(message: "value name '\u{FFFD}' is not UTF-8") { _ = $0.addValue(Name(bytes: [0xFF])) },
        Case(message: "value 'v' has the negative extent -2") {
            _ = $0.addValue("v", TensorType(.float32, [.fixed(-2)]))
        },
        Case(message: "node 0 'cast' (Cast): value 5 has no name") { $0.values[5].name = "" },
        Case(message: "node 0 'cast' (Cast) reads 'extra', which nothing before it makes") {
            $0.nodes[0].inputs = [ValueID(7)]
        },
        Case(message: "node 1 'everything' (Everything): 'cast' is made a second time") {
            $0.nodes[1].outputs = [ValueID(5)]
        },
        Case(message: "node 0 'cast' (Cast): there is no value 99") { $0.nodes[0].outputs = [ValueID(99)] },
        Case(message: "node 0 'cast' has no operator") { $0.nodes[0].op = "" },
        Case(message: "node 0 'cast' (Cast) has the sub-graph 'body'") {
            $0.nodes[0].attributes = [("body", .graph(Graph(opset: 17)))]
        },
        Case(message: "constant 'indices': 8 bytes for int64 [2]") { graph in
            let id = ValueID(3)
            graph.constants[id] = graph.constants[id].map {
                Constant(type: $0.type, shape: [2], storage: $0.storage, range: $0.range)
            }
        },
        Case(message: "constant 'indices' holds strings") { graph in
            let id = ValueID(3)
            graph.constants[id] = graph.constants[id].map {
                Constant(type: .string, shape: [], storage: $0.storage, range: $0.range)
            }
        },
        Case(message: "it has no outputs") { $0.outputs = [] },
        Case(message: "nothing makes the output 'loose'") { $0.outputs = [$0.addValue("loose")] },
        Case(message: "output 'extra' has no type with a shape") { $0.outputs = [ValueID(7)] },
        Case(message: "input 'image' has no type with a shape") { $0.values[0].type?.shape = nil },
        Case(message: "opset 0 does not exist") { $0.opset = 0 },
        Case(message: "metadata value of 'k' 'v\0' holds a zero byte") { $0.metadata = [("k", Name("v\0"))] },
    ]

    @Test(arguments: cases) func refuses(_ item: Case) throws {
        var graph = sampleGraph()
        item.spoil(&graph)
        let path = temporaryPath()
        #expect(throws: ExportError.graph(item.message)) { try ONNXFile.write(graph, to: path) }
        #expect(folderContents(of: path) == [])
    }
}
