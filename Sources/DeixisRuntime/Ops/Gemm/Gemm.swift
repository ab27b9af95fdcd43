import DeixisGraph

/// Y = alpha A' B' + beta C; A' is A [m, k], or A [k, m] transposed (`transA`), B' [k, n] likewise; C broadcasts to [m,
/// n].
enum GemmOperator {
    static let definition = OperatorDefinition(
        "Gemm", inputs: 2...3, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let (m, n, _) = try extents(call), element = try call.input(0).element
            if call.has(2) {
                let c = try call.input(2)
                guard c.element == element, broadcast(c.shape, [m, n]) == [m, n] else {
                    throw call.invalid("C is \(c.element) \(c.shape), which does not broadcast to \([m, n])")
                }
            }
            return [TensorSpec(element, [m, n])]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let (m, n, k) = try extents(call), elements = RealElements(try call.input(0).element)
            let alpha = Double(try call.float("alpha", default: 1)), beta = Double(try call.float("beta", default: 1))
            let (ai, ak) = try call.int("transA", default: 0) != 0 ? (1, m) : (k, 1)
            let (bk, bj) = try call.int("transB", default: 0) != 0 ? (1, k) : (n, 1)
            let c = call.has(2) ? broadcastStrides(try call.input(2).shape, to: [m, n]) : []
            return { buffers in
                guard let a = buffers.inputs[0], let b = buffers.inputs[1], let y = buffers.outputs[0] else { return }
                for i in 0..<m {
                    for j in 0..<n {
                        var sum = 0.0
                        for l in 0..<k { sum += elements.load(a, i * ai + l * ak) * elements.load(b, l * bk + j * bj) }
                        sum *= alpha
                        if !c.isEmpty, let bias = buffers.inputs[2] {
                            sum += beta * elements.load(bias, i * c[0] + j * c[1])
                        }
                        elements.store(y, i * n + j, sum)
                    }
                }
            }
        })

    private static func extents(_ call: OperatorCall) throws(RuntimeError) -> (m: Int, n: Int, k: Int) {
        let a = try call.input(0), b = try call.input(1)
        guard a.element == b.element else {
            throw call.invalid("inputs have element types \(a.element) and \(b.element)")
        }
        guard a.rank == 2, b.rank == 2 else { throw call.invalid("\(a.shape) and \(b.shape) are not two matrices") }
        let (m, k) = try call.int("transA", default: 0) != 0 ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
        let (inner, n) = try call.int("transB", default: 0) != 0 ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
        guard inner == k else { throw call.invalid("\([m, k]) and \([inner, n]) do not multiply") }
        try call.checkWork([m, k, n])
        return (m, n, k)
    }
}
