import CDeixisKernels
import DeixisGraph

/// MaxPool and AveragePool on images whose channels lie innermost: X [batch, H, W, C], Y [batch, H', W', C]. Attributes
/// as in ONNX. MaxPool also serves stored images: quantization keeps order.
enum ChannelsLastPool {
    static let max = definition("MaxPool", average: false)
    static let average = definition("AveragePool", average: true)

    private static func definition(_ name: Name, average: Bool) -> OperatorDefinition {
        OperatorDefinition(
            name, domain: .deixis, inputs: 1...1, types: average ? .float : [.float32, .uint8],
            infer: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), window = try window(call)
                try window.checkPooling(call, x.shape[0], x.shape[3])
                return [TensorSpec(x.element, [x.shape[0], window.output[0], window.output[1], x.shape[3]])]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in try evaluate(call, average: average) },
            lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in
                try lower(call, lowering, average: average)
            })
    }

    private static func window(_ call: OperatorCall) throws(RuntimeError) -> Window {
        let x = try call.input(0)
        guard x.rank == 4 else { throw call.invalid("input \(x.shape) is no image") }
        var planar = call
        planar.inputs[0] = TensorSpec(x.element, [x.shape[0], x.shape[3], x.shape[1], x.shape[2]])
        return try Window(planar, kernel: nil)
    }

    private static func evaluate(_ call: OperatorCall, average: Bool) throws(RuntimeError) -> Compute {
        let x = try call.input(0), w = try window(call),
            countPadding = try call.int("count_include_pad", default: 0) != 0
        let (batch, channels) = (x.shape[0], x.shape[3])
        if x.element == .uint8 {
            return try ReferenceKernel.compute(call) { (call, lowering) throws(RuntimeError) in
                try lower(call, lowering, average: average)
            }
        }
        return { buffers in
            let x = buffers.input(0, Float.self), y = buffers.output(0, Float.self)
            var at = 0
            for b in 0..<batch {
                for oy in 0..<w.output[0] {
                    for ox in 0..<w.output[1] {
                        for c in 0..<channels {
                            var best = -Float.infinity, sum = 0.0
                            let rows = w.taps(0, oy), columns = w.taps(1, ox), padded = rows.padded * columns.padded
                            let inside = rows.inside.count * columns.inside.count
                            for ky in rows.inside {
                                for kx in columns.inside {
                                    let iy = rows.start + ky * w.dilations[0], ix = columns.start + kx * w.dilations[1]
                                    let value = x[((b * w.input[0] + iy) * w.input[1] + ix) * channels + c]
                                    best = value.isNaN || best.isNaN ? .nan : Swift.max(best, value)
                                    sum += Double(value)
                                }
                            }
                            y[at] = average ? Float(sum / Double(countPadding ? padded : inside)) : best
                            at += 1
                        }
                    }
                }
            }
        }
    }

    private static func lower(_ call: OperatorCall, _ lowering: Lowering, average: Bool) throws(RuntimeError) -> Kernel?
    {
        let x = try call.input(0), w = try window(call),
            countPadding = try call.int("count_include_pad", default: 0) != 0
        let settled = deixis_pool_f32_shape(
            batch: x.shape[0], in_h: w.input[0], in_w: w.input[1], channels: x.shape[3], out_h: w.output[0],
            out_w: w.output[1],
            kernel_h: w.kernel[0], kernel_w: w.kernel[1], stride_h: w.strides[0], stride_w: w.strides[1],
            dilation_h: w.dilations[0], dilation_w: w.dilations[1], pad_top: w.padBegin[0], pad_left: w.padBegin[1],
            pad_bottom: w.padEnd[0], pad_right: w.padEnd[1], x_stride: x.shape[3], y_stride: x.shape[3],
            average: average,
            count_padding: countPadding)
        let rows = x.shape[0] * w.output[0], tasks = lowering.tasks(rows, grain: 1)
        if x.element == .uint8 {
            guard let kernel = deixis_pool_u8_select(lowering.isa) else { return nil }
            return Kernel("pool_s8", tasks: tasks) { buffers, task, _ in
                var shape = settled
                let range = Lowering.range(task, of: tasks, rows)
                kernel.pointee.max(&shape, buffers.input(0), buffers.output(0), range.lowerBound, range.upperBound)
            }
        }
        guard w.kernel.allSatisfy({ $0 <= 4096 }), let kernel = deixis_pool_f32_select(lowering.isa) else { return nil }
        return Kernel("pool_f32", tasks: tasks) { buffers, task, _ in
            var shape = settled
            let range = Lowering.range(task, of: tasks, rows)
            kernel.pointee.run(&shape, buffers.input(0), buffers.output(0), range.lowerBound, range.upperBound)
        }
    }
}
