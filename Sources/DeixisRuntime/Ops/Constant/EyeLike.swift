import DeixisGraph

/// Y[i, j] = 1 where j = i + k, else 0; X's shape (a matrix), element type `dtype` or X's.
enum EyeLike {
    static let definition = OperatorDefinition(
        "EyeLike", since: 9, inputs: 1...1, types: .movable, seenByShape: [0],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            guard x.rank == 2 else { throw call.invalid("input \(x.shape) is not a matrix") }
            let number = try call.int("dtype", default: Int(x.element.rawValue))
            guard let element = ElementType(rawValue: Int32(truncatingIfNeeded: number)), element.byteCount != nil
            else {
                throw call.invalid("element type number \(number) is not supported")
            }
            return [TensorSpec(element, x.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let k = try call.int("k", default: 0), y = call.output(), (rows, columns) = (y.shape[0], y.shape[1])
            let store = RealElements(y.element).store
            return { buffers in
                guard let y = buffers.outputs[0] else { return }
                for i in 0..<rows { for j in 0..<columns { store(y, i * columns + j, j &- i == k ? 1 : 0) } }
            }
        })
}
