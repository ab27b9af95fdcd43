import CDeixisKernels
import DeixisGraph

/// One filter per channel: [O, 1, kH, kW] becomes [kH, kW, O].
extension QConv {
    static func depthwise(
        _ call: OperatorCall, _ lowering: Lowering, _ g: ChannelsLastConv.Geometry, _ tail: Requantization
    ) throws(RuntimeError) -> Kernel? {
        guard let x = try call.stored(.x), let w = try QuantizedWeights(call, channels: g.outC),
            let variant = deixis_depthwise_s8_select(lowering.isa)
        else { return nil }
        let taps = g.window.kernel[0] * g.window.kernel[1], channels = g.outC
        let packed = try lowering.weights.packed(w.weight, as: .depthwiseS8, byteCount: taps * channels) { target in
            guard let from = w.weight.pointer, let to = target.baseAddress else { return }
            for c in 0..<channels {
                for t in 0..<taps { (to + t * channels + c).copyMemory(from: from + c * taps + t, byteCount: 1) }
            }
        }
        let sums = try w.sums(channels: channels, depth: taps, channelStride: taps, depthStride: 1, lowering)
        let columns = try tail.columns(x, w, sums, count: channels)
        let hasResidual = tail.hasResidual, agrees = hasResidual && (tail.residual == nil) == (tail.output == nil)
        let requantize = tail.arguments(columns)
        let rows = g.batch * g.window.output[0], settled = g.shape, tasks = lowering.tasks(rows, grain: 1)
        var kernel = Kernel("depthwise_s8", macs: g.macs, inPlace: agrees ? [4] : [], tasks: tasks) {
            buffers, task, _ in
            var shape = settled
            var args = deixis_conv_s8_args(
                x: buffers.input(0), zero: x.zero, weights: packed.pointer(),
                residual: hasResidual ? buffers.inputs[4] : nil,
                y: buffers.outputs[0], requantize: requantize, caches: deixis_caches(), map: nil, table: nil,
                table_channels: 0)
            let range = Lowering.range(task, of: tasks, rows)
            variant.pointee.run(&shape, &args, range.lowerBound, range.upperBound)
            withExtendedLifetime(columns) {}
        }
        kernel.unused = [1, 2, 3]
        return kernel
    }
}
