import DeixisGraph

// Along `axis` (default -1, as since opset 13).
extension Softmax {
    /// Y = X - max - log(sum(exp(X - max)))
    static let log = along("LogSoftmax") { load, store, length in
        var top = -Double.infinity, sum = 0.0
        for k in 0..<length { top = Swift.max(top, load(k)) }
        for k in 0..<length { sum += SystemMath.exp(load(k) - top) }
        let shift = top + SystemMath.log(sum)
        for k in 0..<length { store(k, load(k) - shift) }
    }

    /// Y = 1 at the first greatest element of each row, 0 elsewhere.
    static let hardmax = along("Hardmax") { load, store, length in
        var best = 0
        for k in 0..<length where load(k) > load(best) { best = k }
        for k in 0..<length { store(k, k == best ? 1 : 0) }
    }

    /// Softmax of the 16-bit types.
    static let small = along("Softmax") { load, store, length in
        var top = -Double.infinity, sum = 0.0
        for k in 0..<length { top = Swift.max(top, load(k)) }
        for k in 0..<length { sum += SystemMath.exp(load(k) - top) }
        for k in 0..<length { store(k, SystemMath.exp(load(k) - top) / sum) }
    }

    /// `row(element k, set element k, length)` for each row along the axis.
    private static func along(
        _ name: Name,
        _ row: @escaping @Sendable (_ load: (Int) -> Double, _ store: (Int, Double) -> Void, _ length: Int) -> Void
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, since: 13, inputs: 1...1, types: .reals,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                _ = try axis(call)
                return [try call.input(0)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), axis = try axis(call)
                let shape = x.rank == 0 ? [1] : x.shape, length = shape[axis]
                let outer = shape[..<axis].reduce(1, *), inner = shape[(axis + 1)...].reduce(1, *)
                let elements = RealElements(x.element)
                return { buffers in
                    guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                    for o in 0..<outer {
                        for i in 0..<inner {
                            let start = o * length * inner + i
                            row(
                                { elements.load(x, start + $0 * inner) }, { elements.store(y, start + $0 * inner, $1) },
                                length)
                        }
                    }
                }
            })
    }
}
