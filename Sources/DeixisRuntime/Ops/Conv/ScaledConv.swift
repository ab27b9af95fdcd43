import DeixisGraph

/// Y = scale conv(X, W) + B per output channel: a convolution that took a batch normalization in. Attributes and X, W,
/// B as Conv, scale [O].
///
/// The scale is multiplied into W when W is packed, so no second copy of the weights is made.
enum ScaledConv {
    static let definition = OperatorDefinition(
        "ScaledConv", domain: .deixis, inputs: 4...4, types: .float,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            guard call.has(3), let channels = try call.input(1).shape.first else { throw call.invalid("has no scale") }
            try call.require(3, shape: [channels])
            return try DeixisRuntime.Conv.definition.infer(plain(call))
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            var inner = plain(call)
            inner.inputs[2] = nil
            let convolve = try DeixisRuntime.Conv.definition.evaluate(inner)
            let y = call.output(), planes = y.shape[0] * y.shape[1], channels = y.shape[1],
                area = y.shape.dropFirst(2).reduce(1, *), hasBias = call.has(2)
            return { buffers in
                convolve(buffers)
                let scale = buffers.input(3, Float.self), y = buffers.output(0, Float.self)
                for plane in 0..<planes {
                    let o = plane % channels
                    let bias = hasBias ? buffers.input(2, Float.self)[o] : 0
                    for i in plane * area..<(plane + 1) * area { y[i] = y[i] * scale[o] + bias }
                }
            }
        })

    private static func plain(_ call: OperatorCall) -> OperatorCall {
        var inner = call
        inner.inputs = Array(call.inputs.prefix(3))
        inner.constants = Array(call.constants.prefix(3))
        return inner
    }
}
