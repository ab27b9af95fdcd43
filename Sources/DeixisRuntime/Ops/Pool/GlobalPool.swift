import DeixisGraph

/// X [batch, channels, spatial...] -> Y [batch, channels, 1...]: one number of each plane.
enum GlobalPool {
    static let average = definition("GlobalAveragePool") { (_: OperatorCall) throws(RuntimeError) in
        (0, { $0 + $1 }, { $0 / Double($1) })
    }
    static let max = definition("GlobalMaxPool") { (_: OperatorCall) throws(RuntimeError) in
        (-.infinity, Binary.Function.greatest.real, { total, _ in total })
    }
    /// (sum |x|^p)^(1/p), `p` default 2.
    static let lp = definition("GlobalLpPool", since: 2) { (call: OperatorCall) throws(RuntimeError) in
        let p = Double(try call.int("p", default: 2))
        return (0, { $0 + SystemMath.pow($1.magnitude, p) }, { total, _ in SystemMath.pow(total, 1 / p) })
    }

    private static func definition(
        _ name: Name, since: Int = 1,
        _ function:
            @escaping @Sendable (OperatorCall) throws(RuntimeError) -> (
                start: Double, step: (Double, Double) -> Double, finish: (Double, Int) -> Double
            )
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, since: since, inputs: 1...1, types: .reals,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0)
                guard x.rank >= 2 else { throw call.invalid("input \(x.shape) has no channels") }
                return [TensorSpec(x.element, x.shape.indices.map { $0 < 2 ? x.shape[$0] : 1 })]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), planes = x.shape[0] * x.shape[1], plane = x.shape[2...].reduce(1, *)
                let (start, step, finish) = try function(call), elements = RealElements(x.element)
                return { buffers in
                    guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                    for p in 0..<planes {
                        var total = start
                        for i in 0..<plane { total = step(total, elements.load(x, p * plane + i)) }
                        elements.store(y, p, finish(total, plane))
                    }
                }
            })
    }
}
