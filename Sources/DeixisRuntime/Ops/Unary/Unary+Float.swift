import CDeixisKernels
import DeixisGraph

extension Unary {
    /// unary_f32 by its number in `enum deixis_unary`, for functions without parameters.
    static func lower(_ function: Int32) -> Lowerings.Lower {
        { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
            try kernel(call, lowering, Activation(function: function))
        }
    }

    static func kernel(_ call: OperatorCall, _ lowering: Lowering, _ activation: Activation) throws(RuntimeError)
        -> Kernel?
    {
        let x = try call.input(0)
        guard x.element == .float32, let kernel = deixis_unary_f32_select(lowering.isa) else { return nil }
        let count = x.count, tasks = lowering.tasks(count, grain: 1 << 13)
        return Kernel("unary_f32", inPlace: [0], tasks: tasks) { buffers, task, _ in
            let range = Lowering.range(task, of: tasks, count)
            kernel.pointee.run(
                activation.kernel, buffers.input(0, Float.self) + range.lowerBound,
                buffers.output(0, Float.self) + range.lowerBound,
                range.count)
        }
    }
}

/// Y = f(X) for an activation that no layer could take in, e.g. the Gelu found by `FuseGelu`.
enum Activate {
    static let definition = OperatorDefinition(
        "Activate", domain: .deixis, inputs: 1...1, types: .float,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            _ = try Activation(call)
            return [try call.input(0)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let activation = try Activation(call), x = try call.input(0)
            return { buffers in
                let y = buffers.output(0, Float.self)
                y.update(from: buffers.input(0, Float.self), count: x.count)
                activation.applyReference(y, x.count)
            }
        },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in
            try Unary.kernel(call, lowering, Activation(call))
        })
}
