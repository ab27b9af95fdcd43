import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Numbers that no memory, no time or no Int holds, one operator after another: each is refused before anything is made
/// of it, in words that name the node, what it asks for and the limit.
@Suite struct ExtremeNodesTests {
    private static let most = Int64.max, least = Int64.min
    private static let x = floats([2, 3], [1, 2, 3, 4, 5, 6])
    private static let image = floats([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
    /// Without elements, beside an extent near the limit.
    private static let hollow = Constant(
        type: .float32, shape: [1 << 38, 0], storage: floats([0], []).storage, range: 0..<0)
    private static let elements = "has too many elements to count, more than the limit of 1099511627776"

    static let cases: [(OperatorCase, String)] = [
        (
            OperatorCase(op: "Concat", attributes: [("axis", .int(0))], inputs: Array(repeating: hollow, count: 5)),
            "(Concat): an output of shape [1374389534720, 0] has 1374389534720 elements, more than the limit of 1099511627776"
        ),
        (
            OperatorCase(op: "Concat", attributes: [("axis", .int(least))], inputs: [x]),
            "(Concat): axis \(least) is outside rank 2"
        ),
        (
            OperatorCase(op: "Tile", inputs: [x, int64s([most, most])]),
            "(Tile): an output of shape [\(most), \(most)] \(elements)"
        ),
        (
            OperatorCase(op: "Expand", inputs: [floats([1], [0]), int64s([1 << 62, 8])]),
            "(Expand): an output of shape [4611686018427387904, 8] \(elements)"
        ),
        (
            OperatorCase(op: "Pad", inputs: [x, int64s([most, 0, most, 0])]),
            "(Pad): pads [\(most), 0, \(most), 0] do not fit 2 axes"
        ),
        (
            OperatorCase(op: "Pad", inputs: [x, int64s([1 << 39, 0, 1 << 39, 0])]),
            "(Pad): an output of shape [1099511627778, 3] has 3298534883334 elements, more than the limit of 1099511627776"
        ),
        (
            OperatorCase(op: "Reshape", inputs: [x, int64s([1 << 62, 4, -1])]),
            "(Reshape): [2, 3] does not divide into [4611686018427387904, 4, -1]"
        ),
        (
            OperatorCase(op: "Reshape", inputs: [x, int64s([least, 0])]),
            "(Reshape): shape [\(least), 0] is not possible"
        ),
        (
            OperatorCase(op: "ConstantOfShape", inputs: [int64s([1 << 62, 1 << 62])]),
            "(ConstantOfShape): an output of shape [4611686018427387904, 4611686018427387904] \(elements)"
        ),
        (
            OperatorCase(op: "Unsqueeze", inputs: [x, int64s((0..<70).map { $0 })]),
            "(Unsqueeze): it asks for 72 axes, more than the limit of 64"
        ),
        (
            OperatorCase(op: "OneHot", inputs: [int64s([1]), floats([], [1e30]), floats([2], [0, 1])]),
            "(OneHot): an output of shape [1, \(most)] \(elements)"
        ),
        (
            OperatorCase(op: "OneHot", inputs: [int64s([1]), floats([], [.nan]), floats([2], [0, 1])]),
            "(OneHot): depth is not one number >= 0"
        ),
        (
            OperatorCase(
                op: "Range",
                inputs: [
                    Constant(.int64, [], [0 as Int64]), Constant(.int64, [], [most]),
                    Constant(.int64, [], [1 as Int64]),
                ]),
            "(Range): an output of shape [\(most)] \(elements)"
        ),
        (
            OperatorCase(op: "Range", inputs: [floats([], [0]), floats([], [1e30]), floats([], [1e-30])]),
            "(Range): an output of shape [\(most)] \(elements)"
        ),
        (
            OperatorCase(op: "Range", inputs: [floats([], [0]), floats([], [1]), floats([], [0])]),
            "(Range): an output of shape [\(most)] \(elements)"
        ),
        (
            OperatorCase(op: "Einsum", attributes: [("equation", .string("ij,jk->ikj"))], inputs: [hollow, hollow]),
            "(Einsum): equation 'ij,jk->ikj' gives one label extents 0 and 274877906944"
        ),
        (
            OperatorCase(op: "TopK", inputs: [x, int64s([most])], outputs: 2),
            "(TopK): k = \(most) of an axis of extent 3"
        ),
        (
            OperatorCase(op: "DepthToSpace", attributes: [("blocksize", .int(most))], inputs: [image]),
            "(DepthToSpace): input [1, 2, 2, 2] and blocksize \(most) do not fit"
        ),
        (
            OperatorCase(op: "Resize", inputs: [image, nil, floats([4], [1, 1, 1e30, 1])]),
            "(Resize): an output of shape [1, 2, \(most), 2] \(elements)"
        ),
        (
            OperatorCase(op: "Resize", inputs: [image, nil, floats([4], [1, 1, .infinity, 1])]),
            "(Resize): scales do not fit 4 axes"
        ),
        (
            OperatorCase(op: "Resize", inputs: [image, nil, nil, int64s([1, 2, 1 << 27, 2])]),
            "(Resize): it asks for 134217728 table entries, more than the limit of 67108864"
        ),
        (
            OperatorCase(
                op: "Resize", attributes: [("keep_aspect_ratio_policy", .string("not_smaller"))],
                inputs: [image, nil, nil, int64s([1, 2, most, 2])], opset: 18),
            "(Resize): an output of shape [4611686018427387904, \(most), \(most), \(most)] \(elements)"
        ),
        (
            OperatorCase(op: "MaxPool", attributes: [("kernel_shape", .ints([1 << 40, 1]))], inputs: [image]),
            "(MaxPool): kernel_shape, strides, dilations and pads do not fit 2 spatial axes"
        ),
        (
            OperatorCase(
                op: "Conv", attributes: [("pads", .ints([most, 0, 0, 0]))],
                inputs: [image, floats([1, 2, 1, 1], [1, 1])]),
            "(Conv): kernel_shape, strides, dilations and pads do not fit 2 spatial axes"
        ),
        (
            OperatorCase(
                op: "Conv", attributes: [("pads", .ints([0, 1 << 29, 0, 1 << 29])), ("group", .int(most))],
                inputs: [image, floats([1, 2, 1, 1], [1, 1])]),
            "(Conv): input [1, 2, 2, 2], weight [1, 2, 1, 1] and group \(most) disagree about channels"
        ),
        (
            OperatorCase(
                op: "ConvTranspose", attributes: [("output_padding", .ints([1 << 20, 0]))],
                inputs: [image, floats([2, 1, 1, 1], [1, 1])]),
            "(ConvTranspose): kernel_shape, strides, dilations, pads and output_padding do not fit 2 spatial axes"
        ),
        (
            OperatorCase(op: "Split", inputs: [x, int64s([least, most])], outputs: 2),
            "(Split): split [\(least), \(most)] does not cut an extent of 2 into 2 outputs"
        ),
        (
            OperatorCase(op: "Transpose", attributes: [("perm", .ints([most, 0]))], inputs: [x]),
            "(Transpose): perm [\(most), 0] is no permutation of rank 2"
        ),
    ]

    @Test(arguments: cases)
    func areRefused(_ bad: OperatorCase, _ message: String) {
        #expect(bad.message() == "node 'node' \(message)")
    }

    /// Extremes that mean something: to the end, from the end, and nothing at all.
    @Test func sliceTakesTheStandardsExtremes() throws {
        func slice(_ start: Int64, _ end: Int64, _ step: Int64) throws -> [Float]? {
            try OperatorCase(
                op: "Slice", inputs: [Self.x, int64s([start]), int64s([end]), int64s([1]), int64s([step])]
            ).reference()[0]?.floats
        }
        #expect(try slice(0, Self.most, 1) == [1, 2, 3, 4, 5, 6])
        #expect(try slice(Self.most, Self.least, -1) == [3, 2, 1, 6, 5, 4])
        #expect(try slice(Self.least, Self.most, Self.most) == [1, 4])
        #expect(try slice(Self.most, Self.least, Self.least) == [3, 6])
        #expect(try slice(1, Self.least, 1) == [])
    }

    /// An extent near the limit beside one of 0: nothing is walked and no table is made.
    @Test func nothingIsMadeOfNothing() throws {
        let hollow = Self.hollow
        for op: Name in ["Relu", "Identity", "Neg"] {
            #expect(try OperatorCase(op: op, inputs: [hollow]).reference()[0]?.shape == [1 << 38, 0])
        }
        #expect(
            try OperatorCase(op: "Pad", inputs: [hollow, int64s([1, 0, 1, 0])]).reference()[0]?.shape == [
                1 << 38 + 2, 0,
            ])
        #expect(try OperatorCase(op: "Tile", inputs: [hollow, int64s([2, 5])]).reference()[0]?.shape == [1 << 39, 0])
        #expect(
            try OperatorCase(op: "Slice", inputs: [hollow, int64s([0]), int64s([Self.most])]).reference()[0]?.shape == [
                1 << 38, 0,
            ])
        #expect(
            try OperatorCase(op: "Gather", attributes: [("axis", .int(1))], inputs: [hollow, int64s([])]).reference()[
                0]?.shape == [1 << 38, 0])
        #expect(try OperatorCase(op: "Transpose", inputs: [hollow]).reference()[0]?.shape == [0, 1 << 38])
        // Of nothing, but of everything: one number, fast.
        #expect(try OperatorCase(op: "ReduceSum", inputs: [hollow]).reference()[0]?.floats == [0])
    }

    /// A window that covers everything, with padding no picture has: as many steps as there are elements inside.
    @Test func wideWindows() throws {
        let wide: [(name: Name, value: Attribute)] = [
            ("kernel_shape", .ints([1 << 29, 1 << 29])), ("pads", .ints([1 << 28, 1 << 28, 1 << 28, 1 << 28])),
        ]
        #expect(
            try OperatorCase(op: "MaxPool", attributes: wide, inputs: [Self.image]).reference()[0]?.floats?.max() == 8)
        let average = try OperatorCase(op: "AveragePool", attributes: wide, inputs: [Self.image]).reference()[0]?.floats
        #expect(average == [Float](repeating: 2.5, count: 9) + [Float](repeating: 6.5, count: 9))
        let counted = try OperatorCase(
            op: "AveragePool", attributes: wide + [("count_include_pad", .int(1))], inputs: [Self.image]
        ).reference()[0]?.floats
        #expect(counted?.first == Float(10 / 0x1p58))
    }
}
