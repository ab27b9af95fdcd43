import DeixisGraph
import Foundation
import Testing

@testable import DeixisRuntime

/// 3x3 convolutions with stride 1 take Winograd's kernel where they are large enough, with all that is fused into them.
@Suite struct WinogradTests {
    /// Conv + BatchNormalization + residual + ReLU of 32 channels, then Conv to 48, on pictures of odd size.
    static func graph(channels: Int) -> Graph {
        var builder = GraphBuilder()
        let x = builder.graph.addInput("x", TensorType(.float32, [.fixed(2), .fixed(channels), .fixed(13), .fixed(9)]))
        let inner = builder.node("Relu", [builder.node("Add", [builder.conv(x, channels, channels, kernel: 3), x])])
        let y = builder.conv(inner, channels, 48, kernel: 3, norm: false)
        builder.graph[y].type = TensorType(.float32, [.fixed(2), .fixed(48), .fixed(13), .fixed(9)])
        builder.graph.outputs = [y]
        return builder.graph
    }

    @Test(arguments: ["avx512", "avx2", "v128", "scalar"], [1, 2]) func agreesWithTheReference(
        instructionSet: String, threads: Int
    ) throws {
        let model = try Model(graph: Self.graph(channels: 32)),
            inputs = [(name: "x" as Name, tensor: randomFloats([2, 32, 13, 9], seed: 3))]
        var options = SessionOptions()
        options.referenceOnly = true
        options.optimize = false
        let expected = try Session(model, options: options).run(inputs)[0].tensor
        (options.referenceOnly, options.optimize, options.threads, options.instructionSet) = (
            false, true, threads, instructionSet
        )
        let context = try Session(model, options: options).makeContext(), got = try context.run(inputs)[0].tensor
        #expect(difference(got, expected) < 2e-4)
        let kernels = try context.profile(runs: 1).steps.map { "\($0.kernel)" }
        #expect(kernels.filter { $0 == "winograd_f32" }.count == (instructionSet == "scalar" ? 0 : 2), "\(kernels)")

        // Its weights are packed in a way of their own, which a compiled file keeps.
        let path = NSTemporaryDirectory() + "deixis-\(UUID().uuidString).deixis"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try context.session.compile(to: path)
        let ready = try Session(try Model.load(path), options: options)
        #expect(try ready.run(inputs)[0].tensor.floats == got.floats)
        #expect(ready.packedWeightBytes == 0)
    }

    @Test func smallConvolutionsDoNot() throws {
        let context = try Session(Model(graph: Self.graph(channels: 20))).makeContext()
        try context.prepare([[2, 20, 13, 9]])
        #expect(try context.profile(runs: 1).steps.allSatisfy { "\($0.kernel)" != "winograd_f32" })
    }
}
