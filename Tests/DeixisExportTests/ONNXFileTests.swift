import CDeixisProto
import DeixisGraph
import Foundation
import Testing

@testable import DeixisExport

/// What was written, read again by protobuf-c.
@Suite struct ONNXFileTests {
    @Test func everyFieldArrives() throws {
        let graph = sampleGraph()
        var options = ONNXFile.Options()
        options.producerVersion = "0.1"
        options.docString = "A *sample*."
        options.graphDocString = "nodes"
        options.valueInfo = true
        let path = temporaryPath()
        try ONNXFile.write(graph, to: path, options: options)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(bytes == (try ONNXFile.bytes(of: graph, options: options)))
        #expect(folderContents(of: path) == ["model.onnx"])

        let model = try #require(onnx__model_proto__unpack(nil, bytes.count, bytes))
        defer { onnx__model_proto__free_unpacked(model, nil) }
        let m = model.pointee
        #expect(m.ir_version == 8)
        #expect(text(m.producer_name) == "deixis-tests" && text(m.producer_version) == "0.1")
        #expect(text(m.doc_string) == "A *sample*.")
        let opsets = list(m.opset_import, m.n_opset_import).map { "\(text($0.domain)):\($0.version)" }
        #expect(opsets == [":17", "test.domain:1"])
        let metadata = list(m.metadata_props, m.n_metadata_props).map { [text($0.key), text($0.value)] }
        #expect(metadata == graph.metadata.map { [$0.key.description, $0.value.description] })

        let g = try #require(m.graph).pointee
        #expect(text(g.name) == "sample" && text(g.doc_string) == "nodes")
        let input = try #require(list(g.input, g.n_input).first)
        #expect(text(input.name) == "image" && spelling(input) == "2[batch,2,?,3]")
        #expect(list(g.output, g.n_output).map { text($0.name) + spelling($0) } == ["scaled1[]"])
        #expect(list(g.value_info, g.n_value_info).map { text($0.name) + spelling($0) } == ["cast1[batch,2,?,3]"])

        let tensors = list(g.initializer, g.n_initializer)
        #expect(tensors.map { text($0.name) } == ["layer.weight", "layer.bias", "indices", "nothing"])
        #expect(
            tensors.map { Array(UnsafeBufferPointer(start: $0.dims, count: $0.n_dims)) } == [[2, 3], [3], [], [0, 4]])
        #expect(tensors.map(\.data_type) == [1, 10, 7, 3])
        #expect(
            tensors.map { raw($0.raw_data) }
                == graph.constants.sorted { $0.key.index < $1.key.index }.map { Array($0.value.bytes) })

        let nodes = list(g.node, g.n_node)
        #expect(nodes.map { text($0.op_type) } == ["Cast", "Everything"])
        #expect(nodes.map { text($0.domain) } == ["", "test.domain"])
        let everything = nodes[1]
        #expect(list(everything.input, everything.n_input) == ["cast", "", "layer.weight", "layer.bias"])
        #expect(list(everything.output, everything.n_output) == ["scaled", "", "extra"])
        let attributes = list(everything.attribute, everything.n_attribute)
        #expect(attributes.map { text($0.name) } == ["alpha", "axes", "mode", "scales", "names", "none", "value"])
        #expect(attributes.map(\.type.rawValue) == [1, 7, 3, 6, 8, 7, 4])
        #expect(attributes[0].f == 0.25)
        #expect(Array(UnsafeBufferPointer(start: attributes[1].ints, count: attributes[1].n_ints)) == [-1, .max, .min])
        #expect(raw(attributes[2].s) == Array("linear".utf8))
        #expect(
            Array(UnsafeBufferPointer(start: attributes[3].floats, count: attributes[3].n_floats)) == [1, Float.pi])
        #expect((0..<attributes[4].n_strings).map { raw(attributes[4].strings[$0]) } == [[97], [], [0xC3, 0xA9]])
        #expect(attributes[5].n_ints == 0)
        let value = try #require(attributes[6].t).pointee
        #expect(value.data_type == 6 && raw(value.raw_data) == [7, 0, 0, 0, 0xF9, 0xFF, 0xFF, 0xFF])
    }

    @Test func sameGraphGivesSameBytes() throws {
        #expect(try ONNXFile.bytes(of: sampleGraph()) == (try ONNXFile.bytes(of: sampleGraph())))
    }

    @Test(arguments: [(7, 3), (9, 4), (13, 7), (17, 8), (20, 9), (22, 10), (23, 11), (24, 12), (25, 13)])
    func irVersionFollowsTheOpset(opset: Int, irVersion: Int64) {
        #expect(ONNXFile.irVersion(opset: opset) == irVersion)
    }

    /// Two million weights take the streaming path (pieces larger than the gathering buffer).
    @Test func largeWeightsArriveWhole() throws {
        var graph = Graph(opset: 17)
        let values = (0..<2_000_003).map { Float($0) * 0.5 }
        let weight = graph.addConstant("w", Constant(.float32, [values.count], values))
        let result = graph.addNode("Identity", [weight], name: "y")
        graph[result].type = TensorType(.float32, [.fixed(values.count)])
        graph.outputs = [result]
        let path = temporaryPath()
        try ONNXFile.write(graph, to: path)
        let written = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(written.count > 8_000_000)
        #expect(written.range(of: values.withUnsafeBytes { Data($0) }) != nil)
        #expect(Array(written) == (try ONNXFile.bytes(of: graph)))
    }

    private func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
    private func raw(_ data: ProtobufCBinaryData) -> [UInt8] {
        Array(UnsafeBufferPointer(start: data.data, count: data.len))
    }
    private func list<T>(_ items: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ count: Int) -> [T] {
        (0..<count).compactMap { items?[$0]?.pointee }
    }
    private func list(_ items: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
        (0..<count).map { text(items?[$0]) }
    }
    /// `2[batch,2,?,3]`: element type and extents.
    private func spelling(_ info: Onnx__ValueInfoProto) -> String {
        guard let tensor = info.type?.pointee.tensor_type?.pointee, let shape = tensor.shape?.pointee else {
            return "?"
        }
        let extents = list(shape.dim, shape.n_dim).map { dimension in
            switch dimension.value_case {
            case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE: "\(dimension.dim_value)"
            case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM: text(dimension.dim_param)
            default: "?"
            }
        }
        return "\(tensor.elem_type)[\(extents.joined(separator: ","))]"
    }
}
