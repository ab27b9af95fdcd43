import DeixisGraph

/// Conv of X - x zero point and W - w zero point in int32; X and W int8 or uint8. Zero points: input 2 one number,
/// input 3 one number or one per output channel. Padding counts as zeros of the shifted X.
enum ConvInteger {
    static let definition = OperatorDefinition(
        "ConvInteger", since: 10, inputs: 2...4, types: [.int8, .uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let (_, w, window) = try parts(call)
            try call.checkWork(w.shape + window.output + [try call.input(0).shape[0]])
            return [TensorSpec(.int32, [try call.input(0).shape[0], w.shape[0]] + window.output)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let (x, w, window) = try parts(call), box = window.padded(to: 3), group = try call.int("group", default: 1)
            let (batch, channels, outputs, perGroup) = (x.shape[0], x.shape[1], w.shape[0], w.shape[1])
            let loadX = IntegerElements(x.element).load, loadW = IntegerElements(w.element).load
            let (hasX, hasW) = (call.has(2), call.has(3)), perChannel = hasW ? try call.input(3).count > 1 : false
            let (input, output, kernel) = (box.input, box.output, box.kernel), taps = kernel.reduce(1, *),
                plane = input.reduce(1, *)
            return { buffers in
                guard let x = buffers.inputs[0], let w = buffers.inputs[1] else { return }
                let y = buffers.output(0, Int32.self)
                let zeroX = hasX ? buffers.inputs[2].map { loadX($0, 0) } ?? 0 : 0
                var to = 0
                for b in 0..<batch {
                    for o in 0..<outputs {
                        let firstChannel = o / (outputs / group) * perGroup
                        let zeroW = hasW ? buffers.inputs[3].map { loadW($0, perChannel ? o : 0) } ?? 0 : 0
                        for od in 0..<output[0] {
                            for oh in 0..<output[1] {
                                for ow in 0..<output[2] {
                                    var sum: Int64 = 0
                                    for tap in 0..<taps {
                                        let d =
                                            od * box.strides[0] + tap / kernel[2] / kernel[1] * box.dilations[0]
                                            - box.padBegin[0]
                                        let h =
                                            oh * box.strides[1] + tap / kernel[2] % kernel[1] * box.dilations[1]
                                            - box.padBegin[1]
                                        let v =
                                            ow * box.strides[2] + tap % kernel[2] * box.dilations[2] - box.padBegin[2]
                                        if d < 0 || d >= input[0] || h < 0 || h >= input[1] || v < 0 || v >= input[2] {
                                            continue
                                        }
                                        for c in 0..<perGroup {
                                            let from =
                                                (b * channels + firstChannel + c) * plane + (d * input[1] + h)
                                                * input[2] + v
                                            sum +=
                                                (loadX(x, from) - zeroX)
                                                * (loadW(w, (o * perGroup + c) * taps + tap) - zeroW)
                                        }
                                    }
                                    y[to] = Int32(truncatingIfNeeded: sum)
                                    to += 1
                                }
                            }
                        }
                    }
                }
            }
        })

    private static func parts(_ call: OperatorCall) throws(RuntimeError) -> (TensorSpec, TensorSpec, Window) {
        let x = try call.input(0), w = try call.input(1), group = try call.int("group", default: 1)
        guard x.rank >= 3, x.rank <= 5, w.rank == x.rank, w.element == .int8 || w.element == .uint8, group > 0,
            w.shape[0] % group == 0,
            x.shape[1] == w.shape[1].multipliedReportingOverflow(by: group).partialValue
        else {
            throw call.invalid("input \(x.shape), weight \(w.element) \(w.shape) and group \(group) are no convolution")
        }
        if call.has(2) {
            let zero = try call.input(2)
            guard zero.element == x.element, zero.count == 1 else {
                throw call.invalid("input 2 is not one \(x.element)")
            }
        }
        if call.has(3) {
            let zero = try call.input(3)
            guard zero.element == w.element, zero.count == 1 || zero.shape == [w.shape[0]] else {
                throw call.invalid("input 3 has shape \(zero.shape), expected one number or [\(w.shape[0])]")
            }
        }
        return (x, w, try Window(call, kernel: Array(w.shape[2...])))
    }
}
