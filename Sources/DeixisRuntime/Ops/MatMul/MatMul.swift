import DeixisGraph

/// Y = A B as numpy.matmul: the last two axes are matrices, those in front broadcast; a vector is a row (A) or a column
/// (B).
enum MatMul {
    static let definition = OperatorDefinition(
        "MatMul", inputs: 2...2, types: .reals + [.int32, .int64, .uint32, .uint64],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let (a, b) = (try call.input(0), try call.input(1))
            guard a.element == b.element else {
                throw call.invalid("inputs have element types \(a.element) and \(b.element)")
            }
            return [TensorSpec(a.element, try Extents(call).shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let extents = try Extents(call)
            switch try call.input(0).element {
            case .float32: return loop(extents, Float(0))
            case .float64: return loop(extents, Double(0))
            case .float16, .bfloat16:
                let elements = RealElements(try call.input(0).element)
                return MatMulInteger.loop(extents, elements.load, elements.load, elements.store, 0.0) { $0 + $1 * $2 }
            case .int32: return loop(extents, Int32(0))
            case .int64: return loop(extents, Int64(0))
            case .uint32: return loop(extents, UInt32(0))
            case .uint64: return loop(extents, UInt64(0))
            default: throw call.invalid("no arithmetic for this element type")
            }
        })

    /// [batch..., m, k] x [batch..., k, n].
    struct Extents {
        var m: Int, k: Int, n: Int
        /// The output's shape, vectors' axes dropped again.
        var shape: [Int]
        /// Matrices to multiply, and where each begins, in elements.
        var batch: [Int]
        var strideA: [Int], strideB: [Int]

        init(_ call: OperatorCall) throws(RuntimeError) {
            let a = try call.input(0).shape, b = try call.input(1).shape
            guard !a.isEmpty, !b.isEmpty else { throw call.invalid("a scalar is not a matrix") }
            let rows = a.count == 1 ? [1] + a : a
            let columns = b.count == 1 ? b + [1] : b
            m = rows[rows.count - 2]
            k = rows[rows.count - 1]
            n = columns[columns.count - 1]
            guard columns[columns.count - 2] == k,
                let batch = broadcast(Array(rows.dropLast(2)), Array(columns.dropLast(2)))
            else { throw call.invalid("shapes \(a) and \(b) do not multiply") }
            self.batch = batch
            let (m, k, n) = (m, k, n)
            strideA = broadcastStrides(Array(rows.dropLast(2)), to: batch).map { $0 * m * k }
            strideB = broadcastStrides(Array(columns.dropLast(2)), to: batch).map { $0 * k * n }
            shape = batch + (a.count == 1 ? [] : [m]) + (b.count == 1 ? [] : [n])
            try call.checkWork(batch + [m, k, n])
        }

        var batchCount: Int { batch.reduce(1, *) }
    }

    private static func loop<T: Number>(_ extents: Extents, _ zero: T) -> Compute {
        let (m, k, n) = (extents.m, extents.k, extents.n)
        let walk = StridedLoop(extents.batch, extents.strideA, extents.strideB)
        let (run, runs, sa, sb) = (walk.run, walk.runs, walk.runStrideA, walk.runStrideB)
        return { buffers in
            let a = buffers.input(0, T.self), b = buffers.input(1, T.self), c = buffers.output(0, T.self)
            walk.forEachRun(0..<runs) { index, oa, ob, _ in
                for matrix in 0..<run {
                    let x = a + (oa + matrix * sa), y = b + (ob + matrix * sb), z = c + (index * run + matrix) * m * n
                    for i in 0..<m {
                        for j in 0..<n {
                            var sum = zero
                            for l in 0..<k { sum = T.plus(sum, T.times(x[i * k + l], y[l * n + j])) }
                            z[i * n + j] = sum
                        }
                    }
                }
            }
        }
    }
}
