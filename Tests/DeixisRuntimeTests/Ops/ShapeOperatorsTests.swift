import DeixisGraph
import Testing

@testable import DeixisRuntime

@Suite struct ShapeOperatorsTests {
    private func all(
        _ op: Name, _ inputs: [Constant?], _ attributes: [(name: Name, value: Attribute)] = [], outputs: Int = 1
    ) throws -> [Constant] {
        try OperatorCase(op: op, attributes: attributes, inputs: inputs, outputs: outputs, opset: 20).reference()
            .compactMap { $0 }
    }
    private func one(_ op: Name, _ inputs: [Constant?], _ attributes: [(name: Name, value: Attribute)] = []) throws
        -> Constant
    {
        try #require(try all(op, inputs, attributes).first)
    }
    private let count = floats([6], [0, 1, 2, 3, 4, 5])

    /// Against Python's x[start:end:step], written out; a start before the first element is that element where steps
    /// are negative.
    @Test(
        arguments: [
            (1, 5, 2, [1, 3]), (-2, .max, 1, [4, 5]), (.max, .min, -2, [5, 3, 1]), (4, 1, -1, [4, 3, 2]),
            (-1, -7, -3, [5, 2]),
            (3, 3, 1, []), (5, 2, 1, []), (0, 6, .max, [0]), (5, .min, .min, [5]), (-100, 100, 4, [0, 4]),
            (-100, .min, -1, [0]),
        ] as [(Int64, Int64, Int64, [Float])])
    func sliceTakesEverySignAndStep(_ start: Int64, _ end: Int64, _ step: Int64, _ expected: [Float]) throws {
        let y = try one("Slice", [count, int64s([start]), int64s([end]), int64s([-1]), int64s([step])])
        #expect(y.floats == expected)
    }

    @Test func padRepeatsReflectsWrapsAndCrops() throws {
        let x = floats([3], [1, 2, 3])
        func pad(_ mode: Name, _ pads: [Int64]) throws -> [Float]? {
            try one("Pad", [x, int64s(pads)], [("mode", .string(mode))]).floats
        }
        #expect(try pad("reflect", [5, 2]) == [2, 1, 2, 3, 2, 1, 2, 3, 2, 1])
        #expect(try pad("edge", [1, 2]) == [1, 1, 2, 3, 3, 3])
        #expect(try pad("wrap", [4, 1]) == [3, 1, 2, 3, 1, 2, 3, 1])
        #expect(try pad("constant", [-1, 1]) == [2, 3, 0])
    }

    @Test func splitIntoUnequalParts() throws {
        let parts = try all("Split", [count], [("num_outputs", .int(4))], outputs: 4)
        #expect(parts.map { $0.floats } == [[0, 1], [2, 3], [4, 5], []])
        #expect(try all("Split", [count, int64s([1, 0, 5])], outputs: 3).map { $0.shape } == [[1], [0], [5]])
    }

    @Test func notANumberIsQuantizedToTheLeast() throws {
        let x = floats([2], [.nan, 1]), scale = floats([], [0.5])
        let signed = try one("QuantizeLinear", [x, scale, tensor(.int8, [], [Int8(5)])])
        #expect(signed.integers == [-128, 7])
        #expect(try one("QuantizeLinear", [x, scale, tensor(.uint8, [], [UInt8(5)])]).integers == [0, 7])
    }

    @Test func emptyExtentsPassThrough() throws {
        #expect(
            try one("Concat", [floats([0, 2], []), floats([1, 2], [1, 2])], [("axis", .int(-2))]).floats == [1, 2])
        #expect(try one("Expand", [floats([1], [1]), int64s([0, 3])]).shape == [0, 3])
        #expect(try one("Transpose", [floats([2, 0], [])]).shape == [0, 2])
        #expect(try one("Gather", [count, tensor(.int64, [0], [] as [Int64])]).shape == [0])
        #expect(try one("ReduceSum", [floats([2, 0], []), int64s([-1])]).floats == [0, 0])
        #expect(try one("ReduceMin", [floats([0], [])]).floats == [.infinity])
        #expect(try one("ReduceProd", [floats([0], [])], [("keepdims", .int(0))]).floats == [1])
        #expect(try one("MatMul", [floats([2, 0], []), floats([0, 2], [])]).floats == [0, 0, 0, 0])
        #expect(try one("Einsum", [floats([2, 0], [])], [("equation", .string("ij->i"))]).floats == [0, 0])
        #expect(try one("Tile", [count, int64s([0])]).shape == [0])
        #expect(try one("Softmax", [floats([0, 3], [])]).shape == [0, 3])
        #expect(
            try one("Slice", [floats([0], []), int64s([-100]), int64s([.min]), int64s([0]), int64s([-1])]).shape == [0])
    }

    @Test func topKBreaksTiesByIndexAndRanksNaNFirst() throws {
        let y = try all("TopK", [floats([5], [2, 3, .nan, 3, 1]), int64s([3])], outputs: 2)
        #expect(y[1].integers == [2, 1, 3])
        let least = try all(
            "TopK", [tensor(.uint64, [3], [UInt64.max, 0, 1]), int64s([2])], [("largest", .int(0))], outputs: 2)
        #expect(least[1].integers == [1, 2])
    }

    @Test func argMaxPicksFirstLastAndNaN() throws {
        let x = floats([4], [1, 7, 7, 0])
        #expect(try one("ArgMax", [x]).integers == [1])
        #expect(try one("ArgMax", [x], [("select_last_index", .int(1))]).integers == [2])
        #expect(try one("ArgMin", [floats([3], [0, .nan, -1])]).integers == [1])
    }

    @Test func einsumTakesDiagonalsAndEllipses() throws {
        let x = floats([2, 2], [1, 2, 3, 4])
        #expect(try one("Einsum", [x], [("equation", .string("ii"))]).floats == [5])
        #expect(try one("Einsum", [x, floats([2], [1, 10])], [("equation", .string("...j, j"))]).floats == [21, 43])
        #expect(try one("Einsum", [x, x], [("equation", .string("ij,kj->ki"))]).floats == [5, 11, 11, 25])
    }

    @Test func averagePoolCountsPaddingButNotWhatLiesBeyond() throws {
        let x = floats([1, 1, 5], [1, 2, 3, 4, 5])
        func pool(_ include: Int64) throws -> [Float]? {
            try one(
                "AveragePool", [x],
                [
                    ("kernel_shape", .ints([3])), ("strides", .ints([2])), ("pads", .ints([1, 0])),
                    ("ceil_mode", .int(1)),
                    ("count_include_pad", .int(include)),
                ]
            ).floats
        }
        #expect(try pool(0) == [1.5, 3, 4.5])
        #expect(try pool(1) == [1, 3, 4.5])
    }

    @Test func resizeAntialiasesAndKeepsTheAspect() throws {
        let x = floats([1, 1, 1, 4], [0, 4, 8, 12])
        let halved = try one(
            "Resize", [x, nil, floats([4], [1, 1, 1, 0.5])], [("mode", .string("linear")), ("antialias", .int(1))])
        // Triangle of half-width 2 around 0.5 and 2.5: weights 1/8, 3/8, 3/8, 1/8, the border repeated.
        #expect(difference(halved, floats([1, 1, 1, 2], [2.5, 9.5])) < 1e-6)
        let kept = try one(
            "Resize", [x, nil, nil, int64s([4, 8])],
            [("axes", .ints([2, 3])), ("keep_aspect_ratio_policy", .string("not_larger"))])
        #expect(kept.shape == [1, 1, 2, 8])
    }
}
