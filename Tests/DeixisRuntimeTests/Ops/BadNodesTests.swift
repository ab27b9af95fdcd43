import DeixisGraph
import Testing

@testable import DeixisRuntime

/// What the standard does not allow is refused before anything is computed, in words that name the node and what was
/// met.
@Suite struct BadNodesTests {
    private static let x = floats([2, 3], [1, 2, 3, 4, 5, 6])
    private static let image = floats([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
    private static let bytes = Constant(.uint8, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8] as [UInt8])
    private static let three = floats([3], [1, 2, 3])

    @Test(arguments: [
        (OperatorCase(op: "Concat", inputs: [x]), "node 'node' (Concat): attribute 'axis' is missing"),
        (
            OperatorCase(op: "Concat", attributes: [("axis", .int(0))], inputs: [x, floats([2, 2], [1, 2, 3, 4])]),
            "node 'node' (Concat): shapes [2, 3] and [2, 2] do not join along axis 0"
        ),
        (
            OperatorCase(op: "Split", attributes: [("axis", .int(1))], inputs: [x], outputs: 2),
            "node 'node' (Split): an extent of 3 does not split into 2 equal parts"
        ),
        (
            OperatorCase(op: "Slice", inputs: [x, int64s([0]), int64s([1]), int64s([0]), int64s([0])]),
            "node 'node' (Slice): the step along axis 0 is 0"
        ),
        (
            OperatorCase(op: "Slice", inputs: [x, int64s([0, 0]), int64s([1])]),
            "node 'node' (Slice): starts, ends, axes and steps have 2, 1, 2 and 2 elements"
        ),
        (
            OperatorCase(op: "Gather", inputs: [x, int64s([2])]),
            "node 'node' (Gather): index out of range: element 0 of its indices is 2, the axis has extent 2"
        ),
        (
            OperatorCase(op: "Gather", inputs: [x, floats([1], [0])]),
            "node 'node' (Gather): input 1 holds float32, expected int32 or int64"
        ),
        (
            OperatorCase(op: "Squeeze", inputs: [x, int64s([0])]),
            "node 'node' (Squeeze): axis 0 of [2, 3] has not extent 1"
        ),
        (
            OperatorCase(op: "Unsqueeze", inputs: [x, int64s([0, 0])]),
            "node 'node' (Unsqueeze): axes [0, 0] name axis 0 twice"
        ),
        (OperatorCase(op: "Pad", inputs: [x, int64s([1, 1])]), "node 'node' (Pad): pads [1, 1] do not fit 2 axes"),
        (
            OperatorCase(op: "Tile", inputs: [x, int64s([1, -1])]),
            "node 'node' (Tile): repeats [1, -1] do not fit [2, 3]"
        ),
        (
            OperatorCase(op: "Expand", inputs: [x, int64s([4, 3])]),
            "node 'node' (Expand): [2, 3] does not expand to [4, 3]"
        ),
        (
            OperatorCase(op: "TopK", inputs: [x, int64s([4])], outputs: 2),
            "node 'node' (TopK): k = 4 of an axis of extent 3"
        ),
        (
            OperatorCase(op: "ReduceMean", inputs: [x, int64s([2])]),
            "node 'node' (ReduceMean): axis 2 is outside rank 2"
        ),
        (OperatorCase(op: "Gemm", inputs: [x, x]), "node 'node' (Gemm): [2, 3] and [2, 3] do not multiply"),
        (
            OperatorCase(op: "Einsum", attributes: [("equation", .string("ijk"))], inputs: [x]),
            "node 'node' (Einsum): equation 'ijk' does not fit input 0 of shape [2, 3]"
        ),
        (
            OperatorCase(op: "Cast", attributes: [("to", .int(8))], inputs: [x]),
            "operator Cast of node 'node' does not support string, only float32, float64, float16, bfloat16, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool"
        ),
        (
            OperatorCase(op: "Cast", attributes: [("to", .int(17))], inputs: [x]),
            "node 'node' (Cast): element type number 17 is not supported"
        ),
        (OperatorCase(op: "Mod", inputs: [x, x]), "node 'node' (Mod): float32 needs fmod = 1"),
        (
            OperatorCase(
                op: "BitShift", attributes: [("direction", .string("UP"))],
                inputs: [tensor(.uint8, [1], [UInt8(1)]), tensor(.uint8, [1], [UInt8(1)])]),
            "node 'node' (BitShift): direction 'UP' is neither LEFT nor RIGHT"
        ),
        (
            OperatorCase(
                op: "BatchNormalization", attributes: [("training_mode", .int(1))], inputs: [image, x, x, x, x]),
            "node 'node' (BatchNormalization): training_mode is not supported"
        ),
        (
            OperatorCase(op: "LayerNormalization", inputs: [x, floats([2], [1, 1])]),
            "node 'node' (LayerNormalization): input 1 has shape [2], expected [3]"
        ),
        (
            OperatorCase(
                op: "GroupNormalization", attributes: [("num_groups", .int(3))], inputs: [image, x, x], opset: 21),
            "node 'node' (GroupNormalization): input [1, 2, 2, 2] does not divide into 3 groups"
        ),
        (
            OperatorCase(op: "MaxPool", attributes: [("kernel_shape", .ints([3, 3]))], inputs: [image]),
            "node 'node' (MaxPool): a window of 3 does not fit into axis 0 of extent 2"
        ),
        (
            OperatorCase(
                op: "Resize", attributes: [("mode", .string("area"))], inputs: [image, nil, floats([4], [1, 1, 2, 2])]),
            "node 'node' (Resize): mode 'area' is unknown"
        ),
        (
            OperatorCase(op: "Resize", inputs: [image]),
            "node 'node' (Resize): exactly one of scales and sizes must be given"
        ),
        (
            OperatorCase(op: "QuantizeLinear", attributes: [("block_size", .int(2))], inputs: [x, floats([], [1])]),
            "node 'node' (QuantizeLinear): block_size is not supported"
        ),
        (
            OperatorCase(op: "DequantizeLinear", inputs: [x, floats([], [1])]),
            "operator DequantizeLinear of node 'node' does not support float32, only int8, uint8, int16, uint16, int32"
        ),
        (
            OperatorCase(op: "DepthToSpace", attributes: [("blocksize", .int(2))], inputs: [image]),
            "node 'node' (DepthToSpace): 2 channels are no multiple of 4"
        ),
        (
            OperatorCase(op: "ConstantOfShape", inputs: [int64s([1 << 30, 1 << 30])]),
            "node 'node' (ConstantOfShape): an output of shape [1073741824, 1073741824] has 1152921504606846976 elements, more than the limit of 1099511627776"
        ),
        // Inputs of other types than they are read as.
        (
            OperatorCase(
                op: "Attention", inputs: [image.reshaped([2, 2, 2]), bytes, image.reshaped([2, 2, 2])], domain: .deixis),
            "node 'node' (Attention): input 1 is uint8"
        ),
        (
            OperatorCase(
                op: "Products", attributes: [("op", .string("Linear")), ("width", .int(2))],
                inputs: [bytes.reshaped([4, 2]), bytes.reshaped([2, 4]), nil], domain: .deixis),
            "node 'node' (Products): input 0 is uint8, expected float32"
        ),
        (
            OperatorCase(op: "NormalizeImage", inputs: [bytes, nil, nil], domain: .deixis),
            "node 'node' (NormalizeImage): channels, scale or shift are missing"
        ),
        (
            OperatorCase(
                op: "BatchNormalization", inputs: [x, three, Constant(.float64, [3], [1.0, 2, 3]), three, three]),
            "node 'node' (BatchNormalization): inputs 1 and 2 are float32 and float64"
        ),
        (
            OperatorCase(op: "Dropout", inputs: [x, floats([], [0.5]), tensor(.bool, [], [UInt8(1)])]),
            "node 'node' (Dropout): training_mode is not supported"
        ),
        (OperatorCase(op: "Upsample", inputs: [x]), "operator Upsample of node 'node' is not supported"),
        (OperatorCase(op: "NonZero", inputs: [x]), "operator NonZero of node 'node' is not supported"),
        (
            OperatorCase(op: "Gelu", inputs: [x]),
            "operator Gelu of node 'node' exists since opset 20, the model imports opset 17"
        ),
    ])
    func areRefused(_ bad: OperatorCase, _ message: String) {
        #expect(bad.message() == message)
    }
}
