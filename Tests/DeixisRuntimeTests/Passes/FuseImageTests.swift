import DeixisGraph
import Testing

@testable import DeixisRuntime

/// The convolution of an image normalizes what it reads: the same numbers, and fewer steps.
@Suite struct FuseImageTests {
    struct Case: Sendable {
        var kernel: Int, stride: Int64 = 1, dilation: Int64 = 1
        /// Top, left, bottom, right; nil: SAME_UPPER.
        var pads: [Int64]? = [0, 0, 0, 0]
        var channels = 20
        /// Someone else reads the normalized image.
        var isShared = false
        var isFused = true
    }

    static let cases = [
        Case(kernel: 7, stride: 2, pads: [3, 3, 3, 3]), Case(kernel: 3, pads: [1, 1, 1, 1]), Case(kernel: 1),
        Case(kernel: 4, stride: 4),
        Case(kernel: 3, pads: [1, 1, 1, 1], channels: 3), Case(kernel: 2, stride: 3),
        Case(kernel: 3, dilation: 3, pads: nil),
        Case(kernel: 2, stride: 5, pads: nil), Case(kernel: 5, dilation: 4, pads: [2, 9, 0, 3]),
        Case(kernel: 3, pads: [30, 30, 30, 30]),
        Case(kernel: 3, pads: [1, 1, 1, 1], isShared: true, isFused: false),
        Case(kernel: 3, stride: 7, pads: [0, 60, 0, 90], isFused: false),
    ]

    static func graph(_ c: Case) -> Graph {
        var b = GraphBuilder()
        let image = b.image("image", 21)
        var attributes: [(name: Name, value: Attribute)] = [
            ("kernel_shape", .ints([Int64(c.kernel), Int64(c.kernel)])), ("strides", .ints([c.stride, c.stride])),
            ("dilations", .ints([c.dilation, c.dilation])),
        ]
        attributes.append(c.pads.map { ("pads", .ints($0)) } ?? ("auto_pad", .string("SAME_UPPER")))
        let y = b.node(
            "Conv", [image, b.weights([c.channels, 3, c.kernel, c.kernel]), b.weights([c.channels])], attributes)
        b.graph.outputs = [b.node("Relu", [y])] + (c.isShared ? [b.node("Neg", [image])] : [])
        return b.graph
    }

    /// Chains of one step and another number on a byte, and whether one product and one sum say the same.
    static let chains: [(steps: [(op: Name, number: Float)], isFused: Bool)] = [
        ([("Div", 255), ("Sub", 0.485), ("Div", 0.229)], true), ([("Mul", 0.0078125), ("Add", -1)], true),
        ([("Sub", 128)], true),
        ([("Div", 0)], false), ([("Mul", .infinity)], false), ([("Add", 1e8), ("Sub", 1e8)], false),
        ([("Div", 255), ("Add", 1e6), ("Sub", 1e6)], false), ([("Mul", 1e38), ("Mul", 1e3), ("Mul", 1e-30)], false),
        ([("Mul", 1e-30), ("Mul", 1e-30), ("Div", 1e-30), ("Div", 1e-30)], false), ([("Add", .nan)], false),
    ]

    @Test(arguments: chains.indices)
    func chainsThatLoseDigitsStay(index: Int) throws {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.uint8, [.fixed(1), .fixed(256), .fixed(1), .fixed(1)]))
        var y = b.node("Cast", [x], [("to", .int(1))])
        for (op, number) in Self.chains[index].steps {
            y = b.node(op, [y, b.constant(Constant(.float32, [], [number]))])
        }
        b.graph.outputs = [y]
        let model = try Model(graph: b.graph),
            inputs = [(name: "x" as Name, tensor: Constant(.uint8, [1, 256, 1, 1], (0..<256).map { UInt8($0) }))]
        var options = SessionOptions()
        (options.optimize, options.referenceOnly) = (false, true)
        let expected = try Session(model, options: options).run(inputs)[0].tensor.floats ?? []
        let context = try Session(model).makeContext()
        let found = try context.run(inputs)[0].tensor.floats ?? []
        #expect(
            try #require(context.current).plan.graph.nodes.contains { $0.op == "NormalizeImage" }
                == Self.chains[index].isFused)
        #expect(found.count == 256)
        for (a, b) in zip(found, expected) {
            #expect(a == b || (a - b).magnitude <= 1e-6 * b.magnitude + 1e-6 || (a.isNaN && b.isNaN))
        }
    }

    @Test(arguments: cases.indices, [1, 2])
    func sameNumbers(index: Int, batch: Int) throws {
        let c = Self.cases[index], model = try Model(graph: Self.graph(c))
        let pixels = (0..<batch * 21 * 21 * 3).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 7) }
        let inputs = [(name: "image" as Name, tensor: Constant(.uint8, [batch, 21, 21, 3], pixels))]
        var options = SessionOptions()
        (options.optimize, options.referenceOnly) = (false, true)
        let expected = try Session(model, options: options).run(inputs)[0].tensor
        for (isa, threads, referenceOnly) in [
            ("avx512", 1, false), ("avx2", 2, false), ("v128", 3, false), ("scalar", 1, false), ("v128", 1, true),
        ] {
            (options.optimize, options.referenceOnly, options.threads, options.instructionSet) = (
                true, referenceOnly, threads, isa
            )
            let context = try Session(model, options: options).makeContext()
            #expect(difference(try context.run(inputs)[0].tensor, expected) < 1e-5, "\(isa)")
            let left = try #require(context.current?.plan.graph.nodes).map { "\($0.op)" }
            #expect(left.contains("NormalizeImage") != c.isFused, "\(left)")
        }
    }

    /// Padding far beyond the image, strides and dilations as far: few outputs, and no more memory than these need.
    @Test(arguments: [3, 0])
    func farPadding(channels: Int) throws {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(channels), .fixed(1), .fixed(1)]))
        let attributes: [(name: Name, value: Attribute)] = [
            ("kernel_shape", .ints([2, 64])), ("strides", .ints([1, 64])), ("dilations", .ints([1 << 29 - 1, 1])),
            ("pads", .ints([0, 0, 1 << 29 - 1, 1 << 20])),
        ]
        b.graph.outputs = [b.node("Conv", [x, b.weights([4, channels, 2, 64]), b.weights([4])], attributes)]
        let model = try Model(graph: b.graph),
            inputs = [(name: "x" as Name, tensor: randomFloats([1, channels, 1, 1], seed: 5))]
        var options = SessionOptions()
        (options.optimize, options.referenceOnly) = (false, true)
        let expected = try Session(model, options: options).run(inputs)[0].tensor
        let context = try Session(model).makeContext()
        #expect(difference(try context.run(inputs)[0].tensor, expected) < 1e-6)
        #expect(try #require(context.current).plan.scratchBytes < 16 << 20)
    }
}
