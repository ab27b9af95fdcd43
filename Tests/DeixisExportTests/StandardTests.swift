import DeixisExport
import DeixisGraph
import Foundation
import Testing

/// A small convolutional model written here, for `onnx.checker`: where there is the virtual environment of `tools/test
/// --oracles`.
@Suite struct StandardTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        .standardizedFileURL

    static var python: String? {
        let path = ProcessInfo.processInfo.environment["DEIXIS_ORACLE_PYTHON"] ?? root.path + "/.venv/bin/python"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    @Test(.enabled(if: python != nil)) func passesTheOnnxChecker() throws {
        let path = temporaryPath("convolution.onnx")
        try ONNXFile.write(convolution(), to: path)
        let script = Self.root.appendingPathComponent("tools/oracles/check-onnx.py")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.python))
        process.arguments = [script.path, path]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(output)")
        #expect(output.contains("opset 17, IR 8, 4 nodes of 4 kinds, 220 parameters"), "\(output)")
        #expect(output.contains("image uint8[batch, 3, 8, 8] -> y float[batch, 4, 8, 8]"), "\(output)")
    }

    private func convolution() -> Graph {
        var graph = Graph(opset: 17)
        let image = graph.addInput("image", TensorType(.uint8, [.symbol("batch"), .fixed(3), .fixed(8), .fixed(8)]))
        let weights = (0..<108).map { Float($0 % 7) - 3 }
        let weight = graph.addConstant("conv.weight", Constant(.float32, [4, 3, 3, 3], weights))
        let scale = graph.addConstant("scale", Constant(.float32, [4, 1, 1], [1, 2, 3, 4] as [Float]))
        _ = graph.addConstant("unused", Constant(.float32, [108], weights))
        let cast = graph.addNode("Cast", [image], name: "cast", attributes: [("to", .int(1))])
        let conv = graph.addNode("Conv", [cast, weight], name: "conv", attributes: [("pads", .ints([1, 1, 1, 1]))])
        let product = graph.addNode("Mul", [conv, scale], name: "mul")
        let y = graph.addNode("Relu", [product], name: "relu", output: "y")
        graph[y].type = TensorType(.float32, [.symbol("batch"), .fixed(4), .fixed(8), .fixed(8)])
        graph.outputs = [y]
        return graph
    }
}
