import DeixisGraph
import Testing

@testable import DeixisRuntime

@Suite struct FirstOperatorsTests {
    @Test func addBroadcasts() throws {
        let sum = try OperatorCase(op: "Add", inputs: [floats([2, 1], [1, 2]), floats([3], [10, 20, 30])]).reference()
        #expect(sum[0]?.shape == [2, 3])
        #expect(sum[0]?.floats == [11, 21, 31, 12, 22, 32])
    }

    @Test func divisionByZeroOfIntegersDoesNotTrap() throws {
        let quotient = try OperatorCase(op: "Div", inputs: [int64s([7, .min]), int64s([0, -1])]).reference()
        #expect(quotient[0]?.integers == [0, .min])
    }

    @Test func matMulBroadcastsBatches() throws {
        let a = floats([2, 1, 2], [1, 2, 3, 4]), b = floats([2, 2], [1, 0, 0, 1])
        #expect(try OperatorCase(op: "MatMul", inputs: [a, b]).reference()[0]?.floats == [1, 2, 3, 4])
        #expect(try OperatorCase(op: "MatMul", inputs: [b, floats([2], [5, 6])]).reference()[0]?.shape == [2])
    }

    @Test func transposeMovesAxes() throws {
        let x = floats([1, 2, 3], [1, 2, 3, 4, 5, 6])
        let y = try OperatorCase(op: "Transpose", attributes: [("perm", .ints([2, 0, 1]))], inputs: [x]).reference()
        #expect(y[0]?.shape == [3, 1, 2])
        #expect(y[0]?.floats == [1, 4, 2, 5, 3, 6])
    }

    @Test func softmaxRowsSumToOne() throws {
        let y = try OperatorCase(op: "Softmax", inputs: [floats([2, 2], [0, 0, 1000, 0])]).reference()
        #expect(y[0]?.floats == [0.5, 0.5, 1, 0])
    }

    @Test func convolutionPadsAndStrides() throws {
        let x = floats([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]), w = floats([1, 1, 2, 2], [1, 1, 1, 1])
        let y = try OperatorCase(
            op: "Conv", attributes: [("pads", .ints([1, 1, 0, 0])), ("strides", .ints([2, 2]))],
            inputs: [x, w, floats([1], [0.5])]
        ).reference()
        #expect(y[0]?.shape == [1, 1, 2, 2])
        #expect(y[0]?.floats == [1.5, 5.5, 11.5, 28.5])
    }

    @Test(arguments: [
        (
            OperatorCase(op: "Add", inputs: [floats([2], [1, 2]), floats([3], [1, 2, 3])]),
            "node 'node' (Add): shapes [2] and [3] do not broadcast"
        ),
        (OperatorCase(op: "Sqrtish", inputs: [floats([1], [1])]), "operator Sqrtish of node 'node' is not supported"),
        (
            OperatorCase(op: "Softmax", inputs: [int64s([1])]),
            "operator Softmax of node 'node' does not support int64, only float32, float64, float16, bfloat16"
        ),
        (
            OperatorCase(op: "Softmax", inputs: [floats([1], [1])], opset: 12),
            "operator Softmax of node 'node' exists since opset 13, the model imports opset 12"
        ),
        (
            OperatorCase(op: "Reshape", inputs: [floats([2], [1, 2]), int64s([3])]),
            "node 'node' (Reshape): [2] has not the elements of [3]"
        ),
        (
            OperatorCase(op: "Softmax", attributes: [("axis", .int(2))], inputs: [floats([1], [1])]),
            "node 'node' (Softmax): axis 2 is outside rank 1"
        ),
    ])
    func badNodesAreNamed(_ bad: OperatorCase, _ message: String) {
        #expect(bad.message() == message)
    }
}
