import DeixisGraph

/// Y = (A - a zero point) (B - b zero point) in int32; A and B int8 or uint8; zero points (inputs 2 and 3, default 0)
/// are one number, or one per row of A and one per column of B.
enum MatMulInteger {
    static let definition = OperatorDefinition(
        "MatMulInteger", since: 10, inputs: 2...4, types: [.int8, .uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let extents = try MatMul.Extents(call), b = try call.input(1)
            guard b.element == .int8 || b.element == .uint8 else {
                throw call.invalid("B is \(b.element), expected int8 or uint8")
            }
            for (i, count) in [(2, extents.m), (3, extents.n)] where call.has(i) {
                let zero = try call.input(i)
                guard zero.element == (try call.input(i - 2).element), zero.count == 1 || zero.shape == [count] else {
                    throw call.invalid("zero point \(zero.shape) does not fit \(count) rows or columns")
                }
            }
            return [TensorSpec(.int32, extents.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let e = try MatMul.Extents(call), perRow = call.has(2) ? try call.input(2).count > 1 : false
            let perColumn = call.has(3) ? try call.input(3).count > 1 : false, (hasA, hasB) = (call.has(2), call.has(3))
            let loadA = IntegerElements(try call.input(0).element).load,
                loadB = IntegerElements(try call.input(1).element).load
            let store = IntegerElements(.int32).store, (m, n, k) = (e.m, e.n, e.k)
            let walk = StridedLoop(e.batch, e.strideA, e.strideB), (run, runs) = (walk.run, walk.runs)
            return { buffers in
                guard let a = buffers.inputs[0], let b = buffers.inputs[1], let y = buffers.outputs[0] else { return }
                let zeroA = hasA ? buffers.inputs[2] : nil, zeroB = hasB ? buffers.inputs[3] : nil
                walk.forEachRun(0..<runs) { index, oa, ob, _ in
                    for matrix in 0..<run {
                        let (fromA, fromB) = (oa + matrix * walk.runStrideA, ob + matrix * walk.runStrideB)
                        for i in 0..<m {
                            for j in 0..<n {
                                let za = zeroA.map { loadA($0, perRow ? i : 0) } ?? 0,
                                    zb = zeroB.map { loadB($0, perColumn ? j : 0) } ?? 0
                                var sum: Int64 = 0
                                for l in 0..<k {
                                    sum += (loadA(a, fromA + i * k + l) - za) * (loadB(b, fromB + l * n + j) - zb)
                                }
                                store(y, ((index * run + matrix) * m + i) * n + j, sum)
                            }
                        }
                    }
                }
            }
        })

    /// Matrix products of elements that pass through T: the reference for types that have no arithmetic of their own.
    static func loop<T>(
        _ e: MatMul.Extents, _ loadA: @escaping (UnsafeRawPointer, Int) -> T,
        _ loadB: @escaping (UnsafeRawPointer, Int) -> T,
        _ store: @escaping (UnsafeMutableRawPointer, Int, T) -> Void, _ zero: T, _ step: @escaping (T, T, T) -> T
    ) -> Compute {
        let walk = StridedLoop(e.batch, e.strideA, e.strideB), (run, runs) = (walk.run, walk.runs),
            (m, n, k) = (e.m, e.n, e.k)
        return { buffers in
            guard let a = buffers.inputs[0], let b = buffers.inputs[1], let y = buffers.outputs[0] else { return }
            walk.forEachRun(0..<runs) { index, oa, ob, _ in
                for matrix in 0..<run {
                    let (fromA, fromB) = (oa + matrix * walk.runStrideA, ob + matrix * walk.runStrideB)
                    for i in 0..<m {
                        for j in 0..<n {
                            var sum = zero
                            for l in 0..<k { sum = step(sum, loadA(a, fromA + i * k + l), loadB(b, fromB + l * n + j)) }
                            store(y, ((index * run + matrix) * m + i) * n + j, sum)
                        }
                    }
                }
            }
        }
    }
}
