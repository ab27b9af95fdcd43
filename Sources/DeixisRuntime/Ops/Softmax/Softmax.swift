import DeixisGraph

/// Y = exp(X - max) / sum(exp(X - max)) along `axis` (default -1, as since opset 13). NaN in a row makes that row NaN.
enum Softmax {
    static let definition = OperatorDefinition(
        "Softmax", since: 13, inputs: 1...1, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            _ = try axis(call)
            return [try call.input(0)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), axis = try axis(call)
            let length = x.rank == 0 ? 1 : x.shape[axis]
            let inner = x.rank == 0 ? 1 : x.shape[(axis + 1)...].reduce(1, *)
            let outer = x.rank == 0 ? 1 : x.shape[..<axis].reduce(1, *)
            if x.element == .float16 || x.element == .bfloat16 { return try small.evaluate(call) }
            return x.element == .float64
                ? loop(Double.self, outer, length, inner) { SystemMath.exp($0) }
                : loop(Float.self, outer, length, inner) { SystemMath.exp($0) }
        })

    static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        let rank = try call.input(0).rank
        return try call.normalize(axis: try call.int("axis", default: -1), rank: max(rank, 1))
    }

    private static func loop<T: BinaryFloatingPoint & BitwiseCopyable>(
        _: T.Type, _ outer: Int, _ length: Int, _ inner: Int, _ exp: @escaping (T) -> T
    ) -> Compute {
        { buffers in
            let x = buffers.input(0, T.self), y = buffers.output(0, T.self)
            for o in 0..<outer {
                for i in 0..<inner {
                    let row = o * length * inner + i
                    var top = -T.infinity
                    for k in 0..<length where x[row + k * inner] > top { top = x[row + k * inner] }
                    var sum: T = 0
                    for k in 0..<length {
                        let e = exp(x[row + k * inner] - top)
                        y[row + k * inner] = e
                        sum += e
                    }
                    for k in 0..<length { y[row + k * inner] /= sum }
                }
            }
        }
    }
}
