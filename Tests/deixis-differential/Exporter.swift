import DeixisExport
import DeixisGraph
import DifferentialGraphs
import Foundation

/// A graph, its inputs and what the references make of them, as files that tools/oracles/differential.py reads:
/// NUMBER.onnx, and NUMBER.txt with one line a tensor: `in` or `out`, element type, shape, allowed difference, values.
enum Exporter {
    static func write(_ test: DifferentialCase, _ number: UInt64, to folder: String) throws {
        guard let expected = try? Differential.Expectation(test) else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ONNXFile.write(test.graph, to: "\(folder)/\(number).onnx")
        var text = ""
        func line(_ kind: String, _ tensor: Constant, _ allowed: Double) {
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            text +=
                "\(kind) \(tensor.type.label) [\(shape)] \(allowed) \(tensor.doubles.map { "\($0)" }.joined(separator: " "))\n"
        }
        for tensor in test.inputs { line("in", tensor, 0) }
        for (tensor, allowed) in zip(expected.outputs, expected.tolerances) { line("out", tensor, allowed) }
        try text.write(toFile: "\(folder)/\(number).txt", atomically: false, encoding: .utf8)
    }
}
