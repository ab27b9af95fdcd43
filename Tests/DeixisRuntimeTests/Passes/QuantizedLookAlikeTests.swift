import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Scales are powers of two, so that all arithmetic is exact: results must be equal.
@Suite struct QuantizedLookAlikeTests {
    static let all: [LookAlike] = [
        LookAlike("weights with a zero point", without: "deixis.QLinear") { b in
            b.graph.outputs = [
                b.node("MatMul", [b.rounded(b.input("x", [3, 4]), 0.125, 128), b.stored([4, 5], zero: 3)])
            ]
        },
        LookAlike("weights with a scale per input", without: "deixis.QLinear") { b in
            let w = b.stored([4, 4], scales: (0, [1, 0.5, 0.25, 0.125]))
            b.graph.outputs = [b.node("MatMul", [b.rounded(b.input("x", [3, 4]), 0.125, 128), w])]
        },
        LookAlike("a convolution with a scale per input channel", without: "deixis.QConv") { b in
            let w = b.stored([3, 3, 1, 1], scales: (1, [1, 0.5, 0.25]))
            b.graph.outputs = [b.node("Conv", [b.rounded(b.input("x", [1, 3, 4, 4]), 0.125, 128), w])]
        },
        LookAlike("Gemm with alpha, stored", without: "deixis.QLinear") { b in
            b.graph.outputs = [
                b.node(
                    "Gemm", [b.rounded(b.input("x", [3, 4]), 0.125, 128), b.stored([4, 5])], [("alpha", .float(0.5))])
            ]
        },
        LookAlike("Gemm with a number per row, stored", without: "deixis.QLinear") { b in
            let c = b.constant(floats([4, 1], [1, 2, 3, 4]))
            b.graph.outputs = [b.node("Gemm", [b.rounded(b.input("x", [4, 4]), 0.125, 128), b.stored([4, 4]), c])]
        },
        LookAlike("sums beyond int32", without: "deixis.QLinear") { b in
            b.graph.outputs = [
                b.node("MatMul", [b.rounded(b.input("x", [1, 33_000]), 0.125, 128), b.stored([33_000, 2])])
            ]
        },
        LookAlike("bytes with a scale per column", without: "deixis.QMap") { b in
            let s = b.constant(floats([3], [0.5, 0.25, 0.125])),
                z = b.constant(Constant(.uint8, [3], [1, 2, 3] as [UInt8]))
            let y = b.node("DequantizeLinear", [b.node("QuantizeLinear", [b.input("x", [2, 3]), s, z]), s, z])
            b.graph.outputs = [b.rounded(y, 0.5, 7)]
        },
        LookAlike("int8 that is read with another zero point", without: "none") { b in
            let (s, z) = b.parameters(0.125, 3, .int8), other = b.parameters(0.125, 4, .int8).zero
            b.graph.outputs = [
                b.node("DequantizeLinear", [b.node("QuantizeLinear", [b.input("x", [2, 3]), s, z]), s, other])
            ]
        },
        LookAlike("int8 that is an output too", without: "none") { b in
            let (s, z) = b.parameters(0.125, 3, .int8), q = b.node("QuantizeLinear", [b.input("x", [2, 3]), s, z])
            b.graph.outputs = [b.node("Relu", [b.node("DequantizeLinear", [q, s, z])]), q]
        },
        LookAlike("concatenation of two scales", without: "none") { b in
            let parts = [b.rounded(b.input("x", [2, 3]), 0.125, 128), b.rounded(b.input("y", [2, 3]), 0.25, 128)]
            b.graph.outputs = [b.rounded(b.node("Concat", parts, [("axis", .int(1))]), 0.125, 128)]
        },
        LookAlike("linear resizing between bytes", without: "deixis.QMap") { b in
            let x = b.rounded(b.input("x", [1, 2, 4, 4]), 0.125, 128)
            let y = b.node("Resize", [x, nil, nil, b.ints([1, 2, 8, 8])], [("mode", .string("linear"))])
            b.graph.outputs = [b.rounded(y, 0.0625, 128)]
        },
        LookAlike("cropping that fills, between bytes", without: "none") { b in
            let x = b.rounded(b.input("x", [1, 1, 4, 4]), 0.125, 128),
                roi = b.constant(floats([8], [0, 0, -0.5, -0.5, 1, 1, 1.5, 1.5]))
            let y = b.node(
                "Resize", [x, roi, nil, b.ints([1, 1, 8, 8])],
                [
                    ("coordinate_transformation_mode", .string("tf_crop_and_resize")),
                    ("extrapolation_value", .float(1.5)),
                ])
            b.graph.outputs = [b.rounded(y, 0.125, 128)]
        },
        LookAlike("arithmetic with a number per column", without: "deixis.QMap") { b in
            let x = b.rounded(b.input("x", [2, 3]), 0.125, 128)
            b.graph.outputs = [b.rounded(b.node("Mul", [x, b.constant(floats([3], [0.5, 2, 1]))]), 0.25, 100)]
        },
        LookAlike("arithmetic with a number of more axes", without: "deixis.QMap") { b in
            let x = b.rounded(b.input("x", [3]), 0.125, 128)
            b.graph.outputs = [b.rounded(b.node("Mul", [x, b.constant(floats([1, 1], [0.5]))]), 0.25, 100)]
        },
        LookAlike("a function between bytes that others read", without: "deixis.QMap") { b in
            let y = b.node("Relu", [b.rounded(b.input("x", [2, 3]), 0.125, 128)])
            b.graph.outputs = [b.rounded(y, 0.25, 100), y]
        },
        LookAlike("a product's bytes that others read, then a sum", without: "none") { b in
            let y = b.rounded(
                b.node("MatMul", [b.rounded(b.input("x", [3, 4]), 0.125, 128), b.stored([4, 5])]), 0.25, 128)
            b.graph.outputs = [
                b.rounded(b.node("Add", [y, b.constant(floats([5], [0.5, 1, 2, 0, -3]))]), 0.25, 128), y,
            ]
        },
        LookAlike("a bias between the steps of its product", without: "none") { b in
            let y = b.node("MatMul", [b.rounded(b.input("x", [3, 4]), 1, 128), b.stored([4, 5], 1)])
            b.graph.outputs = [b.node("Add", [y, b.constant(floats([5], [0.5, 0.25, -0.5, 0.125, 3.75]))])]
        },
        LookAlike("a convolution's bias between the steps of its product", without: "none") { b in
            let x = b.rounded(b.input("x", [1, 2, 3, 3]), 1, 128), bias = b.constant(floats([3], [0.5, 0.25, -0.125]))
            b.graph.outputs = [b.node("Conv", [x, b.stored([3, 2, 1, 1], 1), bias])]
        },
        LookAlike("a residual that broadcasts", without: "none") { b in
            let y = b.node("MatMul", [b.rounded(b.input("x", [3, 4]), 0.125, 128), b.stored([4, 5])])
            b.graph.outputs = [b.rounded(b.node("Add", [y, b.rounded(b.input("r", [1, 5]), 0.125, 100)]), 0.25, 128)]
        },
        LookAlike("a product and its own residual", without: "none") { b in
            let y = b.node("MatMul", [b.rounded(b.input("x", [3, 4]), 0.125, 128), b.stored([4, 5])])
            b.graph.outputs = [b.rounded(b.node("Add", [y, y]), 0.25, 128)]
        },
        LookAlike("leaky, not clamped", without: "none") { b in
            let y = b.node("MatMul", [b.rounded(b.input("x", [3, 4]), 0.125, 128), b.stored([4, 5])])
            b.graph.outputs = [b.rounded(b.node("LeakyRelu", [y], [("alpha", .float(0.25))]), 0.25, 128)]
        },
        LookAlike("attention of stored learned queries", without: "deixis.QAttention") { b in
            let k = b.rounded(b.input("k", [2, 4, 8]), 0.125, 128), q = b.rounded(b.input("q", [1, 3, 8]), 0.125, 128)
            b.graph.outputs = [b.attention(q, k, k, width: 8, heads: 2, mask: nil, batch: 2, storedWeights: 1 / 256)]
        },
        LookAlike("stored attention merged into another shape", without: "deixis.QAttention") { b in
            let k = b.rounded(b.input("k", [1, 4, 8]), 0.125, 128), q = b.rounded(b.input("q", [1, 3, 8]), 0.125, 128)
            let y = b.attention(
                q, k, k, width: 8, heads: 2, mask: nil, batch: 3, rows: 1, storedWeights: 1 / 256)
            b.graph.outputs = [b.node("Relu", [y])]
        },
    ]

    /// What the two stored attentions above are like, but for the shapes.
    @Test func storedAttentionIsOneNode() throws {
        var b = GraphBuilder()
        let k = b.rounded(b.input("k", [1, 4, 8]), 0.125, 128), q = b.rounded(b.input("q", [1, 3, 8]), 0.125, 128)
        b.graph.outputs = [b.attention(q, k, k, width: 8, heads: 2, mask: nil, storedWeights: 1 / 256)]
        #expect(try b.optimizedOps().contains("deixis.QAttention"))
    }

    @Test(arguments: all) func bytesStayAsRead(look: LookAlike) throws { try LookAlikeTests.check(look) }

    /// Q, DQ between a product and a sum: the rounding may go, the cut may not. Zero point 0 is a ReLU, a narrow range
    /// a clamp; both at once.
    @Test(
        arguments: [(0.25, 0), (0.03125, 0), (0.03125, 255), (0.015625, 128)] as [(Float, Int)],
        ["Conv", "Conv of two", "MatMul"])
    func whatBytesCutStaysCut(range: (scale: Float, zero: Int), kind: String) throws {
        let op: Name = kind == "MatMul" ? "MatMul" : "Conv", stored = kind == "Conv of two"
        var b = GraphBuilder()
        let shape = op == "Conv" ? [1, 4, 3, 3] : [9, 4], x = b.rounded(b.input("x", shape), 0.0625, 128)
        let product = b.node(op, [x, op == "Conv" ? b.stored([6, 4, 1, 1], 0.25) : b.stored([4, 6], 0.25)])
        let y = b.rounded(product, range.scale, range.zero), made = op == "Conv" ? [1, 6, 3, 3] : [9, 6]
        let other =
            op == "Conv"
            ? stored ? b.rounded(b.input("r", made), 0.0625, 128) : b.weights(made, scale: 1) : b.weights([6], scale: 1)
        b.graph.outputs = [b.rounded(b.node("Add", [y, other]), 0.0625, 128)]
        let inputs = LookAlikeTests.inputs(b.graph), model = try Model(graph: b.graph)
        let named = zip(b.graph.inputs, inputs).map { (name: b.graph[$0].name, tensor: $1) }
        var options = SessionOptions()
        let fast = try Session(model, options: options).run(named)[0].tensor
        options.optimize = false
        let slow = try Session(model, options: options).run(named)[0].tensor
        // One step, and half of the rounding that is skipped; much coarser rounding is not.
        let worst = zip(fast.floats ?? [], slow.floats ?? []).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(worst <= (range.scale > 0.125 ? 0 : 0.0625 + range.scale / 2), "\(worst)")
        #expect(try b.optimizedOps().contains(op == "Conv" ? "deixis.QConv" : "deixis.QLinear"))
        // Every set of kernels cuts alike.
        options.optimize = true
        for name in ["scalar", "v128", "avx2"] where Machine.instructionSets(upTo: name) != nil {
            options.instructionSet = name
            let found = try Session(model, options: options).run(named)[0].tensor
            #expect(found.floats == fast.floats, "\(name)")
        }
    }

    /// x / scale, not x (1 / scale): multiples of a tenth and halves between them.
    @Test func roundingDivides() throws {
        for scale in [0.1, 0.3, 0.7, 0.011] as [Float] {
            var b = GraphBuilder()
            let x = b.input("x", [512]), (s, z) = b.parameters(scale, 128)
            b.graph.outputs = [b.node("QuantizeLinear", [x, s, z]), b.rounded(b.node("Relu", [x]), scale, 3)]
            try expectAgreement(b.graph, [floats([512], (0..<512).map { (Float($0) / 2 - 128) * scale })], tolerance: 0)
        }
    }
}
