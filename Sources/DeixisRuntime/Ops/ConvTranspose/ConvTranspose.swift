import DeixisGraph

/// Y[b, o, q] = B[o] + sum over c, p, t with q = p s + t d - pad of X[b, c, p] W[c, o, t]: the gradient of a
/// convolution.
///
/// X [batch, C, D1, ...], W [C, O / group, K1, ...], B [O]; one to three spatial axes. Output extents follow from
/// `pads` and `output_padding`, or `output_shape` gives them and decides the padding, or `auto_pad` SAME_* makes them
/// input times stride.
enum ConvTranspose {
    static let definition = OperatorDefinition(
        "ConvTranspose", inputs: 2...3, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let box = try Box(call)
            try call.checkWork(try call.input(1).shape + box.output + [try call.input(0).shape[0]])
            return [TensorSpec(try call.input(0).element, [try call.input(0).shape[0], box.outputs] + box.output)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let box = try Box(call), elements = RealElements(try call.input(0).element), hasBias = call.has(2)
            let batch = try call.input(0).shape[0], channels = try call.input(0).shape[1]
            let perGroup = box.outputs / box.group, channelsPerGroup = channels / box.group
            let missing = 3 - box.output.count
            func three(_ list: [Int], _ filler: Int) -> [Int] { [Int](repeating: filler, count: missing) + list }
            let (input, output, kernel) = (three(box.input, 1), three(box.output, 1), three(box.kernel, 1))
            let (stride, dilation, pad) = (three(box.strides, 1), three(box.dilations, 1), three(box.padBegin, 0))
            let inputPlane = input.reduce(1, *), taps = kernel.reduce(1, *)
            /// Where along axis `k` output `q` takes tap `t` from; -1: nowhere.
            func source(_ k: Int, _ q: Int, _ t: Int) -> Int {
                let at = q + pad[k] - t * dilation[k]
                return at < 0 || at % stride[k] != 0 || at / stride[k] >= input[k] ? -1 : at / stride[k]
            }
            return { buffers in
                guard let x = buffers.inputs[0], let w = buffers.inputs[1], let y = buffers.outputs[0] else { return }
                var to = 0
                for b in 0..<batch {
                    for o in 0..<box.outputs {
                        let firstChannel = o / perGroup * channelsPerGroup, withinGroup = o % perGroup
                        for qd in 0..<output[0] {
                            for qh in 0..<output[1] {
                                for qw in 0..<output[2] {
                                    var sum = 0.0
                                    if hasBias, let bias = buffers.inputs[2] { sum = elements.load(bias, o) }
                                    for td in 0..<kernel[0] {
                                        let d = source(0, qd, td)
                                        if d < 0 { continue }
                                        for th in 0..<kernel[1] {
                                            let h = source(1, qh, th)
                                            if h < 0 { continue }
                                            for tw in 0..<kernel[2] {
                                                let v = source(2, qw, tw)
                                                if v < 0 { continue }
                                                for c in firstChannel..<firstChannel + channelsPerGroup {
                                                    let from =
                                                        (b * channels + c) * inputPlane + (d * input[1] + h) * input[2]
                                                        + v
                                                    let tap =
                                                        (c * perGroup + withinGroup) * taps + (td * kernel[1] + th)
                                                        * kernel[2] + tw
                                                    sum += elements.load(x, from) * elements.load(w, tap)
                                                }
                                            }
                                        }
                                    }
                                    elements.store(y, to, sum)
                                    to += 1
                                }
                            }
                        }
                    }
                }
            }
        })

    private struct Box {
        var group: Int, outputs: Int
        var input: [Int], output: [Int], kernel: [Int], strides: [Int], dilations: [Int], padBegin: [Int]

        init(_ call: OperatorCall) throws(RuntimeError) {
            let x = try call.input(0), w = try call.input(1), axes = x.rank - 2
            group = try call.int("group", default: 1)
            guard axes >= 1, axes <= 3, w.rank == x.rank, x.element == w.element, w.shape[0] == x.shape[1], group > 0,
                x.shape[1] % group == 0, group < 1 << 30, w.shape[1] < 1 << 30
            else {
                throw call.invalid(
                    "input \(x.shape), weight \(w.shape) and group \(group) are no transposed convolution")
            }
            outputs = w.shape[1] * group
            if call.has(2) {
                let bias = try call.input(2)
                guard bias.shape == [outputs], bias.element == x.element else {
                    throw call.invalid("bias has shape \(bias.shape), expected [\(outputs)]")
                }
            }
            input = Array(x.shape[2...])
            let ones = [Int](repeating: 1, count: axes), zeros = [Int](repeating: 0, count: axes)
            kernel = Array(w.shape[2...])
            strides = try call.ints("strides") ?? ones
            dilations = try call.ints("dilations") ?? ones
            let extra = try call.ints("output_padding") ?? zeros, pads = try call.ints("pads") ?? zeros + zeros
            let auto = try call.string("auto_pad", default: "NOTSET")
            let limit = 1 << 30
            guard try call.ints("kernel_shape") ?? kernel == kernel, strides.count == axes, dilations.count == axes,
                extra.count == axes,
                pads.count == 2 * axes, (kernel + strides + dilations).allSatisfy({ $0 >= 1 && $0 < limit }),
                (extra + pads).allSatisfy({ $0 >= 0 && $0 < limit }),
                zip(extra, zip(strides, dilations)).allSatisfy({ $0 < max($1.0, $1.1) }),
                input.allSatisfy({ $0 < limit })
            else {
                throw call.invalid(
                    "kernel_shape, strides, dilations, pads and output_padding do not fit \(axes) spatial axes")
            }
            guard auto == "NOTSET" || auto == "VALID" || auto == "SAME_UPPER" || auto == "SAME_LOWER" else {
                throw call.invalid("auto_pad '\(auto)' is unknown")
            }
            var given = try call.ints("output_shape")
            // Some files give all extents.
            if let all = given, all.count == x.rank { given = Array(all[2...]) }
            if auto == "SAME_UPPER" || auto == "SAME_LOWER", given == nil {
                given = zip(input, strides).map { $0 * $1 }
            }
            padBegin = auto == "VALID" ? zeros : Array(pads[..<axes])
            output = []
            for i in 0..<axes {
                let full = strides[i] * (input[i] - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1
                if let given {
                    guard given.count == axes, given[i] >= 0, given[i] < limit else {
                        throw call.invalid("output_shape \(given) does not fit")
                    }
                    let total = max(full - given[i], 0)
                    padBegin[i] = auto == "SAME_UPPER" ? total / 2 : total - total / 2
                    output.append(given[i])
                } else {
                    output.append(full - (auto == "VALID" ? 0 : pads[i] + pads[axes + i]))
                }
                guard output[i] >= 0 else { throw call.invalid("pads \(pads) leave nothing of axis \(i)") }
            }
        }
    }
}
