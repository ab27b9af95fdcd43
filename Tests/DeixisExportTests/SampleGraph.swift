import DeixisExport
import DeixisGraph
import Foundation

/// A graph that uses every part of the writer: all attribute kinds, tensors of several types, symbols, left-out inputs,
/// metadata.
func sampleGraph() -> Graph {
    var graph = Graph(opset: 17)
    graph.name = "sample"
    graph.producer = "deixis-tests"
    graph.metadata = [
        ("deixis.format", "1"), ("deixis.vocabulary", "[PAD]\n[UNK]\nrouge-\u{e9}\u{1F34E}"), ("empty", ""),
    ]
    let image = graph.addInput("image", TensorType(.uint8, [.symbol("batch"), .fixed(2), .unknown, .fixed(3)]))
    let weight = graph.addConstant(
        "layer.weight", Constant(.float32, [2, 3], [1, -2, 3.5, .infinity, -0.0, .leastNonzeroMagnitude] as [Float]))
    let bias = graph.addConstant("layer.bias", Constant(.float16, [3], [0x3C00, 0xBC00, 0x7BFF] as [UInt16]))
    _ = graph.addConstant("indices", Constant(.int64, [], [Int64.min]))
    _ = graph.addConstant("nothing", Constant(.int8, [0, 4], [] as [Int8]))
    let cast = graph.addNode("Cast", [image], name: "cast", attributes: [("to", .int(1))])
    graph[cast].type = TensorType(.float32, [.symbol("batch"), .fixed(2), .unknown, .fixed(3)])
    let scale = graph.addValue("scaled")
    let extra = graph.addValue("extra")
    graph.nodes.append(
        Node(
            name: "everything", domain: "test.domain", op: "Everything", inputs: [cast, nil, weight, bias],
            outputs: [scale, nil, extra],
            attributes: [
                ("alpha", .float(0.25)), ("axes", .ints([-1, .max, .min])), ("mode", .string("linear")),
                ("scales", .floats([1, .pi])), ("names", .strings(["a", "", "\u{e9}"])), ("none", .ints([])),
                ("value", .tensor(Constant(.int32, [2], [7, -7] as [Int32]))),
            ]))
    graph[scale].type = TensorType(.float32, [])
    graph.outputs = [scale]
    return graph
}

/// A path in a fresh folder.
func temporaryPath(_ name: String = "model.onnx") -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("deixis-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.appendingPathComponent(name).path
}

func folderContents(of path: String) -> [String] {
    let folder = (path as NSString).deletingLastPathComponent
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
}
