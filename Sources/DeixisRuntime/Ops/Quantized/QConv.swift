import CDeixisKernels
import DeixisGraph

/// Y = f(conv(X - x zero, W) x scale w scale + bias + residual), a convolution of a stored image with int8 weights.
///
/// X uint8 [batch, H, W, C], W int8 [O, C / group, kH, kW] as in ONNX, scale [O] or [1], bias int32 [O] in steps of x
/// scale w scale, residual as Y [batch, H', W', O], uint8 or float32; with a table as of QMap, the image is
/// table[c][X]. Attributes as of Conv, and as of QLinear. `QPlanarConv` is the same on [batch, C, H, W];
/// `UseChannelsLast` turns it into this one.
enum QConv {
    static let definition = OperatorDefinition(
        "QConv", domain: .deixis, inputs: 3...6, types: [.uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let g = try geometry(call)
            if call.has(4), try call.input(4).shape != g.output.shape {
                throw call.invalid("residual is not \(g.output.shape)")
            }
            if call.has(5) { _ = try QMap.channels(call, table: 5) }
            return [TensorSpec(try Requantization(call, residual: 4).element, g.output.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try ReferenceKernel.compute(call, lower) },
        lower: lower)

    /// Between transposes: made by `UseStoredProducts`, rarely run.
    static let planar = OperatorDefinition(
        "QPlanarConv", domain: .deixis, inputs: 3...5, types: [.uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let last = try channelsLast(call), g = try geometry(last), s = g.output.shape
            return [TensorSpec(try Requantization(call, residual: 4).element, [s[0], s[3], s[1], s[2]])]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            var last = try channelsLast(call)
            let s = try geometry(last).output
            last.outputs = [TensorSpec(try Requantization(call, residual: 4).element, s.shape)]
            guard !call.has(4) else { throw call.invalid("a planar convolution has no residual") }
            let compute = try ReferenceKernel.compute(last, lower), x = try call.input(0)
            let room = (x.count + 63) & ~63,
                scratch = try ReferenceScratch(call, byteCount: room + last.output().byteCount)
            let size = last.output().element.byteCount ?? 1, y = last.output().shape, from = x.shape
            return { buffers in
                scratch.use { image in
                    var inputs = buffers.inputs
                    let result = image + room
                    QConv.reorder(buffers.inputs[0], image, [from[0], from[1], from[2] * from[3]], size: 1)
                    inputs[0] = UnsafeRawPointer(image)
                    compute(Buffers(inputs: inputs, outputs: [result], scratch: image, scratchStride: 0))
                    if let to = buffers.outputs[0] { QConv.reorder(result, to, [y[0], y[1] * y[2], y[3]], size: size) }
                }
            }
        })

    /// [b, i, j] -> [b, j, i]
    private static func reorder(_ from: UnsafeRawPointer?, _ to: UnsafeMutableRawPointer, _ s: [Int], size: Int) {
        guard let from else { return }
        for b in 0..<s[0] {
            for i in 0..<s[1] {
                for j in 0..<s[2] {
                    (to + ((b * s[2] + j) * s[1] + i) * size).copyMemory(
                        from: from + ((b * s[1] + i) * s[2] + j) * size, byteCount: size)
                }
            }
        }
    }

    private static func channelsLast(_ call: OperatorCall) throws(RuntimeError) -> OperatorCall {
        var last = call
        let x = try call.input(0)
        guard x.rank == 4 else { throw call.invalid("input \(x.shape) is no image") }
        last.inputs[0] = TensorSpec(x.element, [x.shape[0], x.shape[2], x.shape[3], x.shape[1]])
        return last
    }

    /// As of a float convolution.
    static func geometry(_ call: OperatorCall) throws(RuntimeError) -> ChannelsLastConv.Geometry {
        var same = call
        let w = try call.input(1)
        guard w.element == .int8 else { throw call.invalid("weights are \(w.element), expected int8") }
        same.inputs[1] = TensorSpec(.float32, w.shape)
        return try ChannelsLastConv.Geometry(same)
    }

    private static let lower: Lowerings.Lower = {
        (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let g = try geometry(call), tail = try Requantization(call, residual: 4)
        let isMapped = call.has(5)
        if g.group == g.inC, g.inC == g.outC, !isMapped { return try depthwise(call, lowering, g, tail) }
        var shape = g.shape
        if isMapped, !deixis_conv_f32_converts(&shape) { throw call.invalid("no kernel") }
        guard let x = try call.stored(.x), let w = try QuantizedWeights(call, channels: g.outC),
            let gemm = deixis_conv_s8_select(lowering.isa, &shape)
        else { return nil }
        let caches = lowering.caches, panels = deixis_conv_s8_panels(gemm, &shape),
            pixels = g.batch * shape.out_h * shape.out_w
        let depth = g.perGroup * g.window.kernel[0] * g.window.kernel[1], settled = shape
        let kind = PackingKind.convS8(
            width: Int(gemm.pointee.nr), groups: g.group, wholeRows: deixis_conv_s8_whole_rows(&shape))
        let packed = try lowering.weights.packed(
            w.weight, as: kind, byteCount: deixis_conv_s8_packed_size(gemm, &shape)
        ) { target in
            let from = w.weight.pointer?.assumingMemoryBound(to: Int8.self),
                p = target.baseAddress?.assumingMemoryBound(to: Int8.self)
            let tasks = lowering.tasks(panels, grain: 1)
            lowering.workers.forEach(tasks) { task in
                var shape = settled
                let range = Lowering.range(task, of: tasks, panels)
                deixis_conv_s8_pack(gemm, &shape, from, range.lowerBound, range.upperBound, p)
            }
        }
        let sums = try w.sums(channels: g.outC, depth: depth, channelStride: depth, depthStride: 1, lowering)
        let columns = try tail.columns(x, w, sums, count: g.outC)
        let division = Gemm.Division(m: pixels, panels: panels, mr: Int(gemm.pointee.mr), threads: lowering.threads)
        let hasResidual = tail.hasResidual, agrees = hasResidual && (tail.residual == nil) == (tail.output == nil)
        let map = isMapped ? deixis_quantize_u8_select(lowering.isa) : nil,
            tables = isMapped ? try QMap.channels(call, table: 5) : 0
        let requantize = tail.arguments(columns)
        var kernel = Kernel(
            "conv_s8", macs: g.macs, scratchBytes: deixis_conv_s8_scratch(gemm, &shape, isMapped, caches),
            inPlace: agrees ? [4] : [], tasks: division.tasks
        ) { buffers, task, worker in
            var shape = settled
            var args = deixis_conv_s8_args(
                x: buffers.input(0), zero: x.zero, weights: packed.pointer(),
                residual: hasResidual ? buffers.inputs[4] : nil,
                y: buffers.outputs[0], requantize: requantize, caches: caches, map: map,
                table: isMapped ? buffers.input(5) : nil, table_channels: tables)
            let pixel = task / division.panelBlocks * division.rowBlock,
                panel = task % division.panelBlocks * division.panelBlock
            deixis_conv_s8_run(
                gemm, &shape, &args, pixel, min(pixel + division.rowBlock, pixels), panel,
                min(panel + division.panelBlock, panels),
                buffers.scratch(worker, UInt8.self))
            withExtendedLifetime(columns) {}
        }
        kernel.unused = [1, 2, 3]
        return kernel
    }
}
