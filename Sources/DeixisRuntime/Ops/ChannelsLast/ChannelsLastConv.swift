import CDeixisKernels
import DeixisGraph

/// Y = f(scale conv(X, W) + bias + residual) on images whose channels lie innermost.
///
/// X [batch, H, W, C], W [O, C / group, kH, kW] as in ONNX, bias [O], residual as Y [batch, H', W', O], scale [O].
/// `UseChannelsLast` makes it of Conv and ScaledConv, later passes move bias, residual and activation in. X may be
/// uint8 with two more inputs, a and b [C], for a[c] X + b[c] inside the image.
enum ChannelsLastConv {
    static let definition = OperatorDefinition(
        "Conv", domain: .deixis, inputs: 2...7, types: [.float32, .uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let geometry = try Geometry(call)
            try call.checkWork([geometry.macs])
            try call.require(2, shape: [geometry.outC])
            try call.require(3, shape: geometry.output.shape)
            try call.require(4, shape: [geometry.outC])
            guard try call.has(5) == (call.input(0).element == .uint8), call.has(5) == call.has(6) else {
                throw call.invalid("bytes need a scale and a shift")
            }
            try call.require(5, shape: [geometry.inC])
            try call.require(6, shape: [geometry.inC])
            return [geometry.output]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try evaluate(call) },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in try lower(call, lowering) })

    /// The convolution's extents, read from a channels-last call.
    struct Geometry {
        var window: Window
        var batch: Int, inC: Int, outC: Int, perGroup: Int, group: Int
        var output: TensorSpec

        init(_ call: OperatorCall) throws(RuntimeError) {
            let x = try call.input(0), w = try call.input(1)
            guard x.rank == 4, w.rank == 4 else {
                throw call.invalid("inputs have ranks \(x.rank) and \(w.rank), expected 4")
            }
            var planar = call
            let element = x.element == .uint8 ? .float32 : x.element
            planar.inputs[0] = TensorSpec(element, [x.shape[0], x.shape[3], x.shape[1], x.shape[2]])
            planar.inputs = Array(planar.inputs.prefix(2))
            _ = try DeixisRuntime.Conv.weight(planar)
            window = try Window(planar, kernel: [w.shape[2], w.shape[3]])
            group = try call.int("group", default: 1)
            (batch, inC, outC, perGroup) = (x.shape[0], x.shape[3], w.shape[0], w.shape[1])
            output = TensorSpec(element, [batch, window.output[0], window.output[1], outC])
        }

        var macs: Int { ([perGroup] + window.kernel + output.shape).productClamped() }

        var shape: deixis_conv_f32_shape {
            deixis_conv_f32_shape(
                batch: batch, in_h: window.input[0], in_w: window.input[1], in_c: inC,
                out_h: window.output[0], out_w: window.output[1], out_c: outC,
                kernel_h: window.kernel[0], kernel_w: window.kernel[1],
                stride_h: window.strides[0], stride_w: window.strides[1],
                dilation_h: window.dilations[0], dilation_w: window.dilations[1],
                pad_top: window.padBegin[0], pad_left: window.padBegin[1],
                groups: group, x_stride: inC, y_stride: outC, residual_stride: outC)
        }
    }

    private static func evaluate(_ call: OperatorCall) throws(RuntimeError) -> Compute {
        let g = try Geometry(call), activation = try Activation(call)
        let (hasBias, hasResidual, hasScale, isBytes) = (call.has(2), call.has(3), call.has(4), call.has(5))
        let w = g.window
        return { buffers in
            let floats = buffers.input(0, Float.self), bytes = buffers.input(0, UInt8.self),
                weights = buffers.input(1, Float.self), y = buffers.output(0, Float.self)
            var at = 0
            for b in 0..<g.batch {
                for oy in 0..<w.output[0] {
                    for ox in 0..<w.output[1] {
                        for o in 0..<g.outC {
                            var sum = 0.0
                            let first = o / (g.outC / g.group) * g.perGroup
                            for ky in 0..<w.kernel[0] {
                                for kx in 0..<w.kernel[1] {
                                    let iy = oy * w.strides[0] + ky * w.dilations[0] - w.padBegin[0]
                                    let ix = ox * w.strides[1] + kx * w.dilations[1] - w.padBegin[1]
                                    if iy < 0 || iy >= w.input[0] || ix < 0 || ix >= w.input[1] { continue }
                                    let pixel = ((b * w.input[0] + iy) * w.input[1] + ix) * g.inC
                                    for c in first..<first + g.perGroup {
                                        let x =
                                            isBytes
                                            ? Float(bytes[pixel + c]) * buffers.input(5, Float.self)[c]
                                                + buffers.input(6, Float.self)[c] : floats[pixel + c]
                                        sum +=
                                            Double(x)
                                            * Double(
                                                weights[
                                                    ((o * g.perGroup + c - first) * w.kernel[0] + ky) * w.kernel[1] + kx
                                                ])
                                    }
                                }
                            }
                            if hasScale { sum *= Double(buffers.input(4, Float.self)[o]) }
                            if hasBias { sum += Double(buffers.input(2, Float.self)[o]) }
                            if hasResidual { sum += Double(buffers.input(3, Float.self)[at]) }
                            y[at] = Float(sum)
                            at += 1
                        }
                    }
                }
            }
            activation.applyReference(y, at)
        }
    }

    private static func lower(_ call: OperatorCall, _ lowering: Lowering) throws(RuntimeError) -> Kernel? {
        let g = try Geometry(call), activation = try Activation(call)
        guard let weight = call.constants[1], g.perGroup > 0, !call.has(4) || call.constants[4] != nil else {
            return nil
        }
        let isBytes = call.has(5)
        var shape = g.shape
        if isBytes {
            guard deixis_conv_f32_converts(&shape) else { return nil }
        } else {
            if g.group == g.inC, g.inC == g.outC, !call.has(3) {
                return try depthwise(call, lowering, g, activation, weight)
            }
            if let kernel = try winograd(call, lowering, g, activation, weight) { return kernel }
        }
        guard let gemm = deixis_conv_f32_select(lowering.isa, &shape) else { return nil }
        let panels = deixis_conv_f32_panels(gemm, &shape), pixels = g.batch * shape.out_h * shape.out_w
        let division = Gemm.Division(m: pixels, panels: panels, mr: Int(gemm.pointee.mr), threads: lowering.threads)
        let packed = try pack(weight, call.has(4) ? call.constants[4] : nil, gemm, shape, panels, lowering)
        let hasBias = call.has(2), hasResidual = call.has(3), normalize = deixis_normalize_u8_select(lowering.isa)
        let settled = shape, caches = lowering.caches
        var kernel = Kernel(
            "conv_f32", macs: g.macs, scratchBytes: deixis_conv_f32_scratch(gemm, &shape, isBytes, caches),
            inPlace: hasResidual ? [3] : [],
            tasks: division.tasks
        ) { buffers, task, worker in
            var shape = settled
            var args = deixis_conv_f32_args(
                x: buffers.input(0), weights: packed.floats, bias: hasBias ? buffers.input(2) : nil,
                residual: hasResidual ? buffers.input(3) : nil, y: buffers.output(0), activation: activation.kernel,
                caches: caches, bytes: isBytes ? buffers.input(0) : nil, normalize: normalize,
                scale: isBytes ? buffers.input(5) : nil,
                shift: isBytes ? buffers.input(6) : nil)
            let pixel = task / division.panelBlocks * division.rowBlock,
                panel = task % division.panelBlocks * division.panelBlock
            deixis_conv_f32_run(
                gemm, &shape, &args, pixel, min(pixel + division.rowBlock, pixels), panel,
                min(panel + division.panelBlock, panels),
                buffers.scratch(worker))
        }
        kernel.unused = [1, 4]
        return kernel
    }

    private static func pack(
        _ weight: Constant, _ scale: Constant?, _ gemm: UnsafePointer<deixis_gemm_f32>, _ shape: deixis_conv_f32_shape,
        _ panels: Int,
        _ lowering: Lowering
    ) throws(RuntimeError) -> ByteStorage {
        var shape = shape
        let bytes = deixis_conv_f32_packed_size(gemm, &shape) * 4
        let kind = PackingKind.convF32(width: Int(gemm.pointee.nr), groups: shape.groups)
        return try pack(weight, scale, as: kind, byteCount: bytes, shape, panels, lowering) { shape, w, range, target in
            deixis_conv_f32_pack(gemm, &shape, w, range.lowerBound, range.upperBound, target)
        }
    }

    /// Scaled weights by panels, which threads share.
    static func pack(
        _ weight: Constant, _ scale: Constant?, as kind: PackingKind, byteCount: Int, _ shape: deixis_conv_f32_shape,
        _ panels: Int, _ lowering: Lowering,
        _ body:
            @escaping (inout deixis_conv_f32_shape, UnsafePointer<Float>?, Range<Int>, UnsafeMutablePointer<Float>?) ->
            Void
    ) throws(RuntimeError) -> ByteStorage {
        try lowering.weights.packed(weight, with: scale, as: kind, byteCount: byteCount) {
            (target) throws(RuntimeError) in
            let source = try scaled(weight, by: scale), tasks = lowering.tasks(panels, grain: 1)
            let w = source.pointer?.assumingMemoryBound(to: Float.self),
                p = target.baseAddress?.assumingMemoryBound(to: Float.self)
            lowering.workers.forEach(tasks) { task in
                var own = shape
                body(&own, w, Lowering.range(task, of: tasks, panels), p)
            }
            withExtendedLifetime(source) {}
        }
    }

    /// W with output channel o multiplied by scale[o]; the file's own bytes where nothing is to be multiplied.
    private static func scaled(_ weight: Constant, by scale: Constant?) throws(RuntimeError) -> Constant {
        let source = try weight.aligned()
        guard let scale, scale.type == .float32, let w = source.pointer?.assumingMemoryBound(to: Float.self) else {
            return source
        }
        let each = weight.count / max(scale.count, 1)
        let product = try MutableBytes(byteCount: weight.count * 4),
            to = product.pointer.assumingMemoryBound(to: Float.self)
        for o in 0..<scale.count {
            let factor: Float = scale.element(o)
            for i in o * each..<(o + 1) * each { to[i] = w[i] * factor }
        }
        return Constant(type: .float32, shape: weight.shape, storage: product.storage(), range: 0..<weight.count * 4)
    }

    /// One filter per channel: [O, 1, kH, kW] becomes [kH, kW, O].
    private static func depthwise(
        _ call: OperatorCall, _ lowering: Lowering, _ g: Geometry, _ activation: Activation, _ weight: Constant
    ) throws(RuntimeError) -> Kernel? {
        guard let kernel = deixis_depthwise_f32_select(lowering.isa) else { return nil }
        let taps = g.window.kernel[0] * g.window.kernel[1], channels = g.outC
        let packed = try lowering.weights.packed(
            weight, with: call.has(4) ? call.constants[4] : nil, as: .depthwiseF32, byteCount: taps * channels * 4
        ) { (target) throws(RuntimeError) in
            let source = try scaled(weight, by: call.has(4) ? call.constants[4] : nil)
            guard let from = source.pointer?.assumingMemoryBound(to: Float.self),
                let to = target.baseAddress?.assumingMemoryBound(to: Float.self)
            else { return }
            for c in 0..<channels { for t in 0..<taps { to[t * channels + c] = from[c * taps + t] } }
            withExtendedLifetime(source) {}
        }
        let hasBias = call.has(2), rows = g.batch * g.window.output[0], settled = g.shape
        let tasks = lowering.tasks(rows, grain: 1)
        var step = Kernel("depthwise_f32", macs: g.macs, tasks: tasks) { buffers, task, _ in
            var shape = settled
            let range = Lowering.range(task, of: tasks, rows)
            kernel.pointee.run(
                &shape, buffers.input(0), packed.floats, hasBias ? buffers.input(2) : nil, activation.kernel,
                buffers.output(0),
                range.lowerBound, range.upperBound)
        }
        step.unused = [1, 4]
        return step
    }
}
