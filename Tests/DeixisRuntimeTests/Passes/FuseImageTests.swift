import DeixisGraph
import Testing

@testable import DeixisRuntime

/// The convolution of an image normalizes what it reads: the same numbers, and fewer steps.
@Suite struct FuseImageTests {
    struct Case: Sendable {
        var kernel: Int, stride: Int64 = 1, pad: Int64 = 0, channels = 20
        /// Someone else reads the normalized image.
        var isShared = false
        var isFused = true
    }

    static let cases = [
        Case(kernel: 7, stride: 2, pad: 3), Case(kernel: 3, pad: 1), Case(kernel: 1), Case(kernel: 4, stride: 4), Case(kernel: 3, pad: 1, channels: 3),
        Case(kernel: 3, pad: 1, isShared: true, isFused: false), Case(kernel: 2, stride: 3, isFused: false), Case(kernel: 3, pad: 4, isFused: false),
    ]

    static func graph(_ c: Case) -> Graph {
        var b = GraphBuilder()
        let image = b.image("image", 21)
        let y = b.node("Conv", [image, b.weights([c.channels, 3, c.kernel, c.kernel]), b.weights([c.channels])], [
            ("kernel_shape", .ints([Int64(c.kernel), Int64(c.kernel)])), ("strides", .ints([c.stride, c.stride])),
            ("pads", .ints([c.pad, c.pad, c.pad, c.pad])),
        ])
        b.graph.outputs = [b.node("Relu", [y])] + (c.isShared ? [b.node("Neg", [image])] : [])
        return b.graph
    }

    @Test(arguments: cases.indices, [1, 2])
    func sameNumbers(index: Int, batch: Int) throws {
        let c = Self.cases[index], model = try Model(graph: Self.graph(c))
        let pixels = (0..<batch * 21 * 21 * 3).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 7) }
        let inputs = [(name: "image" as Name, tensor: Constant(.uint8, [batch, 21, 21, 3], pixels))]
        var options = SessionOptions()
        (options.optimize, options.referenceOnly) = (false, true)
        let expected = try Session(model, options: options).run(inputs)[0].tensor
        for (isa, threads, referenceOnly) in [("avx512", 1, false), ("avx2", 2, false), ("v128", 3, false), ("scalar", 1, false), ("v128", 1, true)] {
            (options.optimize, options.referenceOnly, options.threads, options.instructionSet) = (true, referenceOnly, threads, isa)
            let session = try Session(model, options: options)
            #expect(difference(try session.run(inputs)[0].tensor, expected) < 1e-5, "\(isa)")
            let left = try #require(session.current?.graph.nodes).map { "\($0.op)" }
            #expect(left.contains("NormalizeImage") != c.isFused, "\(left)")
        }
    }
}
