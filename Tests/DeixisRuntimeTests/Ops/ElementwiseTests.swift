import DeixisGraph
import Testing

@testable import DeixisRuntime

func tensor<T: BitwiseCopyable>(_ type: ElementType, _ shape: [Int], _ values: [T]) -> Constant {
    Constant(type, shape, values)
}

/// Where ONNX's own cases are thin: empty tensors, NaN, overflow, 16-bit rounding, broadcasting of every rank.
@Suite struct ElementwiseTests {
    private func one(
        _ op: Name, _ inputs: [Constant?], _ attributes: [(name: Name, value: Attribute)] = [], opset: Int = 20
    ) throws -> Constant {
        try #require(try OperatorCase(op: op, attributes: attributes, inputs: inputs, opset: opset).reference()[0])
    }

    @Test(arguments: ["Add", "Max", "Less", "Pow"] as [Name])
    func emptyTensorsStayEmpty(_ op: Name) throws {
        let y = try one(op, [floats([2, 0, 3], []), floats([1, 3], [1, 2, 3])])
        #expect(y.shape == [2, 0, 3])
        #expect(y.bytes.isEmpty)
    }

    /// Products whose one factor vanishes have their limit; where a page says "otherwise 0", that is for NaN too.
    @Test func infinitiesAndNaN() throws {
        let x = floats([3], [-.infinity, .infinity, .nan])
        for (op, attributes) in [
            ("HardSwish", []), ("Gelu", []), ("Gelu", [("approximate", .string("tanh"))]), ("Mish", []),
        ] as [(Name, [(name: Name, value: Attribute)])] {
            let y = try #require(try one(op, [x], attributes).floats)
            #expect(y[0] == 0 && y[1] == .infinity && y[2].isNaN, "\(op): \(y)")
        }
        let swish = try #require(try one("Swish", [x], opset: 24).floats)
        #expect(swish[0] == 0 && swish[1] == .infinity && swish[2].isNaN)
        #expect(try one("ThresholdedRelu", [x]).floats == [0, .infinity, 0])
        #expect(try one("Shrink", [x]).floats == [-.infinity, .infinity, 0])
    }

    /// Scale and bias of a normalization broadcast each for itself.
    @Test func layerNormalizationBroadcasts() throws {
        let x = randomFloats([2, 3, 4], seed: 5), axis: [(name: Name, value: Attribute)] = [("axis", .int(1))]
        let scale = randomFloats([3, 1], seed: 6), bias = randomFloats([4], seed: 7)
        let s = try #require(scale.floats), b = try #require(bias.floats)
        let full = (
            floats([3, 4], (0..<12).map { s[$0 / 4] }), floats([3, 4], (0..<12).map { b[$0 % 4] })
        )
        let expected = try one("LayerNormalization", [x, full.0, full.1], axis).floats
        #expect(try one("LayerNormalization", [x, scale, bias], axis).floats == expected)
        #expect(try one("LayerNormalization", [x, full.0, bias], axis).floats == expected)
        let model = { (scale: Constant, bias: Constant) throws -> [Float]? in
            var builder = GraphBuilder()
            let input = builder.input("x", [2, 3, 4])
            builder.graph.outputs = [
                builder.node("LayerNormalization", [input, builder.constant(scale), builder.constant(bias)], axis)
            ]
            return try Session(try Model(graph: builder.graph)).run([("x", x)])[0].tensor.floats
        }
        #expect(try model(scale, bias) == model(full.0, full.1))
        let error = #expect(throws: RuntimeError.self) {
            try one("LayerNormalization", [x, full.0, scale.reshaped([3])], axis)
        }
        #expect(error?.description.contains("input 2 has shape [3], expected [3, 4]") == true)
    }

    /// A number that stands for training, of any type; an attribute that the operator has not; scales of another type.
    @Test func whatFilesMayHoldBesides() throws {
        var b = GraphBuilder()
        let x = b.input("x", [2, 2]), y = b.input("y", [2, 2])
        b.graph.outputs = [b.node("Dropout", [x, b.scalar(0.5), b.scalar(1)])]
        let error = #expect(throws: RuntimeError.self) {
            try Session(try Model(graph: b.graph)).makeContext().prepare([[2, 2], [2, 2]])
        }
        #expect(error?.description.contains("input 2 holds float32, expected integers") == true)
        b.graph.outputs = [b.node("MatMul", [x, y], [("transB", .int(1))])]
        let square = floats([2, 2], [1, 2, 3, 4])
        #expect(
            try Session(try Model(graph: b.graph)).run([("x", square), ("y", square)])[0].tensor.floats == [
                7, 10, 15, 22,
            ])

        var mixed = GraphBuilder()
        let rows = mixed.input("x", [2, 4]), scale = mixed.constant(Constant(.float64, [4], [1.0, 2, 3, 4]))
        mixed.graph.outputs = [mixed.node("LayerNormalization", [mixed.node("Add", [rows, rows]), scale])]
        try expectAgreement(mixed.graph, [randomFloats([2, 4], seed: 3)], tolerance: 0)
    }

    /// Every pair of ranks 0 to 5, against a walk of its own over coordinates.
    @Test func broadcastsEveryRank() throws {
        let full = [2, 1, 3, 2, 2]
        for ra in 0...5 {
            for rb in 0...5 {
                let a = Array(full.suffix(ra)), b = Array(full.suffix(rb)).map { $0 == 2 ? 1 : $0 }
                let x = randomFloats(a, seed: 7), y = randomFloats(b, seed: 8)
                let z = try one("Sub", [x, y])
                let (vx, vy, vz) = (try #require(x.floats), try #require(y.floats), try #require(z.floats))
                for i in vz.indices {
                    var rest = i, ia = 0, ib = 0, sa = 1, sb = 1
                    for k in 0..<z.shape.count {
                        let extent = z.shape[z.shape.count - 1 - k], at = rest % extent
                        rest /= extent
                        if k < a.count { let e = a[a.count - 1 - k]; ia += (e == 1 ? 0 : at) * sa; sa *= e }
                        if k < b.count { let e = b[b.count - 1 - k]; ib += (e == 1 ? 0 : at) * sb; sb *= e }
                    }
                    #expect(vz[i] == vx[ia] - vy[ib])
                }
            }
        }
    }

    @Test func nanIsKeptOrComparesFalse() throws {
        let x = floats([3], [.nan, 1, -1]), zero = floats([], [0])
        for op in ["Max", "Min"] as [Name] {
            #expect(try one(op, [x, zero]).floats?[0].isNaN == true)
            #expect(try one(op, [zero, x]).floats?[0].isNaN == true)
        }
        #expect(
            try one("Clip", [x, floats([], [-0.5]), floats([], [0.5])]).floats.map {
                $0[0].isNaN && $0[1] == 0.5 && $0[2] == -0.5
            } == true)
        #expect(try one("Relu", [x]).floats?[0].isNaN == true)
        #expect(try one("LessOrEqual", [x, zero]).integers == [0, 0, 1])
        #expect(try one("Equal", [x, x]).integers == [0, 1, 1])
        #expect(try one("ReduceMax", [x], [("keepdims", .int(0))]).floats?[0].isNaN == true)
        #expect(try one("Cast", [x], [("to", .int(9))]).integers == [1, 1, 1])
        #expect(try one("Cast", [x], [("to", .int(6))]).integers == [0, 1, -1])
    }

    @Test func clipWithCrossedBoundsGivesTheUpperOne() throws {
        #expect(try one("Clip", [floats([2], [0, 9]), floats([], [5]), floats([], [3])]).floats == [3, 3])
        #expect(
            try one("Clip", [tensor(.uint8, [2], [0, 200] as [UInt8]), nil, tensor(.uint8, [], [100] as [UInt8])])
                .integers == [0, 100])
    }

    @Test func integersWrapAndKeepUnsignedOrder() throws {
        let big = tensor(.uint64, [2], [UInt64.max, 1]), one64 = tensor(.uint64, [], [UInt64(2)])
        #expect(try one("Div", [big, one64]).integers == [Int(UInt64.max / 2), 0])
        #expect(try one("Greater", [big, one64]).integers == [1, 0])
        #expect(try one("Add", [tensor(.int8, [1], [Int8(127)]), tensor(.int8, [1], [Int8(1)])]).integers == [-128])
        #expect(try one("Abs", [tensor(.int8, [1], [Int8.min])]).integers == [-128])
        #expect(
            try one("Mod", [tensor(.int32, [3], [-7, 7, 5] as [Int32]), tensor(.int32, [3], [3, -3, 0] as [Int32])])
                .integers == [2, -2, 0])
        #expect(try one("Mod", [int64s([.min]), int64s([-1])]).integers == [0])
        #expect(try one("Pow", [int64s([2, -1, 3]), int64s([10, -3, -1])]).integers == [1024, -1, 0])
        #expect(
            try one("ReduceSum", [tensor(.int32, [2], [Int32.max, 1])], [("keepdims", .int(0))]).integers == [
                Int(Int32.min)
            ])
    }

    /// float32 -> float16: ties to even, subnormals, overflow; and back without loss for all 65,536 patterns.
    @Test func float16RoundsOnce() {
        let cases: [(Double, UInt16)] = [
            (1, 0x3C00), (1 + 0x1p-11, 0x3C00), (1 + 0x3p-11, 0x3C02), (65504, 0x7BFF), (65519.99, 0x7BFF),
            (65520, 0x7C00), (1e300, 0x7C00),
            (0x1p-24, 1), (0x1p-25, 0), (0x1.8p-25, 1), (0x1p-14, 0x0400), (-0.0, 0x8000), (-.infinity, 0xFC00),
        ]
        for (x, bits) in cases { #expect(SmallFloat.float16.encode(x) == bits, "\(x)") }
        for bits in UInt16.min...UInt16.max {
            for format in [SmallFloat.float16, .bfloat16] {
                let x = format.decode(bits)
                if x.isNaN {
                    #expect(SmallFloat.float16.decode(format.encode(x)).isNaN || format.decode(format.encode(x)).isNaN)
                } else if format.encode(x) != bits {
                    Issue.record("\(bits) became \(format.encode(x))")
                }
            }
            #expect(
                SmallFloat.bfloat16.decode(bits).isNaN
                    || Float(SmallFloat.bfloat16.decode(bits)).bitPattern == UInt32(bits) << 16)
        }
    }

    @Test func largeIntegersAreRoundedOnce() throws {
        // 2^54 + 2^30 + 1 lies just above a tie of float32; by way of a rounded Double it would be the tie and go down.
        let x: Int64 = 1 << 54 + 1 << 30 + 1
        #expect(try one("Cast", [int64s([x, -x])], [("to", .int(1))]).floats == [Float(x), -Float(x)])
        #expect(try one("Cast", [tensor(.uint64, [1], [UInt64.max])], [("to", .int(1))]).floats == [Float(UInt64.max)])
        #expect(try one("Cast", [floats([3], [300, -3, .infinity])], [("to", .int(2))]).integers == [255, 0, 255])
    }
}
