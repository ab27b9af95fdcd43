import DeixisGraph
import DeixisONNX
import Testing

@testable import DeixisExport

/// Written here, read by the runtime's reader: the same graph.
@Suite struct RoundTripTests {
    @Test func nothingIsLost() throws {
        let graph = sampleGraph()
        let path = temporaryPath()
        try ONNXFile.write(graph, to: path)
        let again = try Graph(onnxFile: path)
        #expect(again.name == graph.name && again.producer == graph.producer && again.opset == graph.opset)
        #expect(
            again.metadata.map(\.key) == graph.metadata.map(\.key)
                && again.metadata.map(\.value) == graph.metadata.map(\.value))
        for (mine, theirs) in [(graph.inputs, again.inputs), (graph.outputs, again.outputs)] {
            #expect(mine.map { graph[$0].name } == theirs.map { again[$0].name })
            #expect(mine.map { graph[$0].type } == theirs.map { again[$0].type })
        }
        #expect(again.constants.count == graph.constants.count)
        for (id, constant) in graph.constants {
            let other = try #require(again.constants.first { again[$0.key].name == graph[id].name }?.value)
            #expect(
                other.type == constant.type && other.shape == constant.shape
                    && Array(other.bytes) == Array(constant.bytes))
        }
        #expect(
            again.nodes.map { again.describe($0) }
                == graph.nodes.map { node in
                    // The file says no types of values between.
                    var untyped = graph
                    for index in untyped.values.indices
                    where !graph.inputs.contains(ValueID(index)) && !graph.outputs.contains(ValueID(index)) {
                        untyped.values[index].type = nil
                    }
                    return untyped.describe(node)
                })
        // And once more: the second file equals the first, since both list things in the graph's order.
        #expect(try ONNXFile.bytes(of: again).count == (try ONNXFile.bytes(of: graph)).count)
    }
}
