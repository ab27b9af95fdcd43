import DeixisGraph

/// Y = X's extents from axis `start` (default 0) to before `end` (default rank), int64; out-of-range axes are clamped.
enum ShapeOperator {
    static let shape = OperatorDefinition(
        "Shape", inputs: 1...1, types: .movable, seenByShape: [0],
        infer: { (call: OperatorCall) throws(RuntimeError) in [TensorSpec(.int64, [try extents(call).count])] },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in integers(try extents(call)) })

    /// Y = the number of X's elements, an int64 scalar.
    static let size = OperatorDefinition(
        "Size", inputs: 1...1, types: .movable, seenByShape: [0],
        infer: { (call: OperatorCall) throws(RuntimeError) in [TensorSpec(.int64, [])] },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in integers([try call.input(0).count]) })

    private static func extents(_ call: OperatorCall) throws(RuntimeError) -> [Int] {
        let shape = try call.input(0).shape, rank = shape.count
        func clamp(_ axis: Int) -> Int { max(0, min(axis < 0 ? axis &+ rank : axis, rank)) }
        let start = clamp(try call.int("start", default: 0)), end = clamp(try call.int("end", default: rank))
        return start < end ? Array(shape[start..<end]) : []
    }

    private static func integers(_ values: [Int]) -> Compute {
        { buffers in
            let y = buffers.output(0, Int64.self)
            for (i, value) in values.enumerated() { y[i] = Int64(value) }
        }
    }
}
