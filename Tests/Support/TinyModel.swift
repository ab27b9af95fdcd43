import DeixisExport
public import DeixisGraph
import DeixisInput
import Foundation

/// A grounding model small enough to work out by hand:
///
///     box = sigmoid(mean over real tokens of table[token] + mean over the picture of (r, g, b)/255 . mix)
///
/// with S = 32, a vocabulary of seven tokens and sentences of at most 6 tokens.
public enum TinyModel {
    public static let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "mug", "##s"]

    static let table: [Float] = (0..<28).map { Float(($0 * 5) % 11) / 11 - 0.5 }
    static let mix: [Float] = [0.3, -0.2, 0.1, 0.4, -0.1, 0.2, 0.3, -0.4, 0.5, 0.1, -0.3, 0.2]

    public static func graph() throws -> Graph {
        var graph = Graph(opset: 17)
        graph.producer = "deixis-tests"
        let vocabulary = try Vocabulary(tokens: tokens.map { Array($0.utf8) })
        let metadata = GroundingMetadata(
            vocabulary: vocabulary, settings: TokenizerSettings(maxLength: 6), letterbox: try Letterbox(side: 32))
        graph.metadata = metadata.pairs.map { (Name(bytes: $0.key), Name(bytes: $0.value)) }
        let image = graph.addInput("image", TensorType(.uint8, [.symbol("batch"), .fixed(32), .fixed(32), .fixed(3)]))
        let ids = graph.addInput("token_ids", TensorType(.int64, [.symbol("batch"), .symbol("length")]))
        let mask = graph.addInput("attention_mask", TensorType(.int64, [.symbol("batch"), .symbol("length")]))
        let rows = graph.addConstant("table", Constant(.float32, [7, 4], table))
        let colors = graph.addConstant("mix", Constant(.float32, [3, 4], mix))
        let ones = graph.addConstant("ones", Constant(.float32, [7, 1], [Float](repeating: 1, count: 7)))
        let average = graph.addConstant(
            "average", Constant(.float32, [1, 1024], [Float](repeating: 1 / (1024 * 255), count: 1024)))
        let pixels = graph.addConstant("pixels", Constant(.int64, [3], [0, 1024, 3] as [Int64]))
        let middle = graph.addConstant("middle", Constant(.int64, [1], [1] as [Int64]))

        let weights = graph.addNode("Cast", [mask], name: "weights", attributes: [("to", .int(1))])
        let row = graph.addNode("Unsqueeze", [weights, middle], name: "row")
        let sum = graph.addNode("MatMul", [row, graph.addNode("Gather", [rows, ids], name: "words")], name: "sum")
        let number = graph.addNode(
            "MatMul", [row, graph.addNode("Gather", [ones, ids], name: "each")], name: "number")
        let language = graph.addNode("Div", [sum, number], name: "language")
        let floats = graph.addNode("Cast", [image], name: "floats", attributes: [("to", .int(1))])
        let flat = graph.addNode("Reshape", [floats, pixels], name: "flat")
        let color = graph.addNode("MatMul", [average, flat], name: "color")
        let vision = graph.addNode("MatMul", [color, colors], name: "vision")
        let logits = graph.addNode("Add", [language, vision], name: "logits")
        let box = graph.addNode("Squeeze", [graph.addNode("Sigmoid", [logits], name: "sigmoid"), middle], name: "box")
        graph[box].type = TensorType(.float32, [.symbol("batch"), .fixed(4)])
        graph.outputs = [box]
        return graph
    }

    /// Written to a fresh folder after `spoil`; the path.
    public static func write(_ name: String = "tiny.onnx", spoil: (inout Graph) -> Void = { _ in }) throws -> String {
        var graph = try graph()
        spoil(&graph)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("deixis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appendingPathComponent(name).path
        try ONNXFile.write(graph, to: path)
        return path
    }

    /// The formula above in double precision; `ids` as the tokenizer gives them, `square` the letterboxed picture.
    public static func expected(ids: [Int64], square: [UInt8]) -> [Double] {
        var sums = [0.0, 0.0, 0.0]
        for (i, byte) in square.enumerated() { sums[i % 3] += Double(byte) }
        return (0..<4).map { column in
            let language = ids.reduce(0) { $0 + Double(table[Int($1) * 4 + column]) } / Double(ids.count)
            let vision = (0..<3).reduce(0) {
                $0 + sums[$1] / Double(square.count / 3) / 255 * Double(mix[$1 * 4 + column])
            }
            return 1 / (1 + exp(-language - vision))
        }
    }
}
