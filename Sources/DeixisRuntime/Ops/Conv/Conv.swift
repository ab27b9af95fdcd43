import DeixisGraph

/// Y[b, o, p] = B[o] + sum over c, t of X[b, c, p s + t d - pad] W[o, c, t], out of bounds read as 0.
///
/// X [batch, C, D1, ...], W [O, C / group, K1, ...], B [O], Y [batch, O, ...]; one to three spatial axes.
enum Conv {
    static let definition = OperatorDefinition(
        "Conv", inputs: 2...3, types: .floats,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let window = try Window(call, kernel: Array(try weight(call).shape.dropFirst(2)))
            let x = try call.input(0), w = try weight(call)
            try call.checkWork(Array(w.shape) + window.output + [x.shape[0]])
            return [TensorSpec(x.element, [x.shape[0], w.shape[0]] + window.output)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let window = try Window(call, kernel: Array(try weight(call).shape.dropFirst(2)))
            return try call.input(0).element == .float64
                ? try loop(call, window, Double(0)) : try loop(call, window, Float(0))
        })

    /// W, checked against X, `group` and B.
    static func weight(_ call: OperatorCall) throws(RuntimeError) -> TensorSpec {
        let x = try call.input(0), w = try call.input(1)
        guard x.rank >= 3, x.rank <= 5, w.rank == x.rank else {
            throw call.invalid("input \(x.shape) and weight \(w.shape) are no convolution")
        }
        let group = try call.int("group", default: 1)
        guard group > 0, w.shape[0] % group == 0,
            x.shape[1] == w.shape[1].multipliedReportingOverflow(by: group).partialValue
        else {
            throw call.invalid("input \(x.shape), weight \(w.shape) and group \(group) disagree about channels")
        }
        guard x.element == w.element else {
            throw call.invalid("inputs have element types \(x.element) and \(w.element)")
        }
        if call.has(2) {
            let bias = try call.input(2)
            guard bias.shape == [w.shape[0]], bias.element == x.element else {
                throw call.invalid("bias has shape \(bias.shape), expected [\(w.shape[0])]")
            }
        }
        return w
    }

    private static func loop<T: Number>(_ call: OperatorCall, _ window: Window, _ zero: T) throws(RuntimeError)
        -> Compute
    {
        let x = try call.input(0).shape, w = try call.input(1).shape
        let group = try call.int("group", default: 1)
        let (batch, channels, outputs, perGroup) = (x[0], x[1], w[0], w[1])
        let hasBias = call.has(2)
        // One to three spatial axes are three, of which the leading may have extent 1.
        let box = window.padded(to: 3)
        let (inD, inH, inW) = (box.input[0], box.input[1], box.input[2])
        let (outD, outH, outW) = (box.output[0], box.output[1], box.output[2])
        let (kD, kH, kW) = (box.kernel[0], box.kernel[1], box.kernel[2])
        let (sD, sH, sW) = (box.strides[0], box.strides[1], box.strides[2])
        let (dD, dH, dW) = (box.dilations[0], box.dilations[1], box.dilations[2])
        let (pD, pH, pW) = (box.padBegin[0], box.padBegin[1], box.padBegin[2])
        return { buffers in
            let x = buffers.input(0, T.self), w = buffers.input(1, T.self), y = buffers.output(0, T.self)
            let bias = hasBias ? buffers.input(2, T.self) : nil
            var index = 0
            for b in 0..<batch {
                for o in 0..<outputs {
                    let firstChannel = o / (outputs / group) * perGroup
                    for od in 0..<outD {
                        for oh in 0..<outH {
                            for ow in 0..<outW {
                                var sum = bias?[o] ?? zero
                                for c in 0..<perGroup {
                                    let plane = x + (b * channels + firstChannel + c) * inD * inH * inW
                                    let taps = w + (o * perGroup + c) * kD * kH * kW
                                    for td in 0..<kD {
                                        for th in 0..<kH {
                                            for tw in 0..<kW {
                                                let (d, h, v) = (
                                                    od * sD + td * dD - pD, oh * sH + th * dH - pH,
                                                    ow * sW + tw * dW - pW
                                                )
                                                if d < 0 || d >= inD || h < 0 || h >= inH || v < 0 || v >= inW {
                                                    continue
                                                }
                                                sum = T.plus(
                                                    sum,
                                                    T.times(
                                                        plane[(d * inH + h) * inW + v], taps[(td * kH + th) * kW + tw]))
                                            }
                                        }
                                    }
                                }
                                y[index] = sum
                                index += 1
                            }
                        }
                    }
                }
            }
        }
    }
}
