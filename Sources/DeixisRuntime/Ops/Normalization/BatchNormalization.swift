import DeixisGraph

/// Y = (X - mean) / sqrt(variance + epsilon) scale + bias per channel of X [batch, channels, ...]; inputs 1 to 4 scale,
/// bias, mean, variance. `training_mode` is refused.
enum BatchNormalization {
    static let definition = OperatorDefinition(
        "BatchNormalization", since: 9, inputs: 5...5, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            guard try call.int("training_mode", default: 0) == 0 else {
                throw call.invalid("training_mode is not supported")
            }
            let x = try call.input(0)
            guard x.rank >= 1 else { throw call.invalid("a scalar has no channels") }
            for i in 1..<5 {
                _ = try call.input(i)
                // Scale and bias are of one type, mean and variance of one.
                try RowNormalization.check(call, i, like: i < 3 ? 1 : 3, shape: [channels(x)])
            }
            return [x]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), channels = channels(x), plane = x.shape.dropFirst(2).reduce(1, *),
                count = x.count
            let elements = RealElements(x.element), epsilon = Double(try call.float("epsilon", default: 1e-5))
            let parameters = RealElements(try call.input(1).element),
                statistics = RealElements(try call.input(3).element)
            return { buffers in
                guard let x = buffers.inputs[0], let scale = buffers.inputs[1], let bias = buffers.inputs[2],
                    let mean = buffers.inputs[3], let variance = buffers.inputs[4], let y = buffers.outputs[0]
                else { return }
                for i in 0..<count {
                    let c = i / plane % channels
                    let factor = parameters.load(scale, c) / (statistics.load(variance, c) + epsilon).squareRoot()
                    elements.store(
                        y, i, (elements.load(x, i) - statistics.load(mean, c)) * factor + parameters.load(bias, c))
                }
            }
        })

    private static func channels(_ x: TensorSpec) -> Int { x.rank > 1 ? x.shape[1] : 1 }
}
