import DeixisGraph

/// Y = X with zeros below (`upper` = 1, default) or above diagonal `k` (input 1, default 0) of its matrices, the last
/// two axes.
enum Trilu {
    static let definition = OperatorDefinition(
        "Trilu", since: 14, inputs: 1...2, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            guard x.rank >= 2 else { throw call.invalid("input \(x.shape) has no matrices") }
            if call.has(1) {
                let k = try call.input(1)
                guard k.element == .int64, k.count == 1 else { throw call.invalid("k is not one int64") }
            }
            return [x]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), size = x.element.byteCount ?? 0, upper = try call.int("upper", default: 1) != 0
            let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1]),
                matrices = x.shape.dropLast(2).reduce(1, *)
            let hasDiagonal = call.has(1), copy = copyBytes(x.byteCount)
            return { buffers in
                copy(buffers)
                guard let y = buffers.outputs[0] else { return }
                let given = hasDiagonal ? buffers.input(1, Int64.self).pointee : 0
                let k = max(-Shape.most, min(Int(clamping: given), Shape.most))
                for matrix in 0..<matrices {
                    for i in 0..<rows {
                        // Upper keeps j >= i + k, lower keeps j <= i + k.
                        let edge = max(0, min(upper ? i + k : i + k + 1, columns))
                        let zeros = upper ? 0..<edge : edge..<columns
                        (y + ((matrix * rows + i) * columns + zeros.lowerBound) * size)
                            .initializeMemory(as: UInt8.self, repeating: 0, count: zeros.count * size)
                    }
                }
            }
        })
}
