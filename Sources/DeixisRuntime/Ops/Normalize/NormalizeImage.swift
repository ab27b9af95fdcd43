import CDeixisKernels
import DeixisGraph

/// Y = scale[c] X + shift[c], bytes to floats, channels innermost: X uint8 [..., C], scale and shift [C].
///
/// `FuseImageNormalization` makes it of Cast, Sub, Add, Mul and Div.
enum NormalizeImage {
    static let definition = OperatorDefinition(
        "NormalizeImage", domain: .deixis, inputs: 3...3, types: [.uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            guard let channels = x.shape.last, call.has(1), call.has(2) else {
                throw call.invalid("channels, scale or shift are missing")
            }
            try call.require(1, shape: [channels])
            try call.require(2, shape: [channels])
            return [TensorSpec(.float32, x.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), channels = x.shape.last ?? 1
            return { buffers in
                let x0 = buffers.input(0, UInt8.self), scale = buffers.input(1, Float.self),
                    shift = buffers.input(2, Float.self)
                let y = buffers.output(0, Float.self)
                for i in 0..<x.count { y[i] = Float(x0[i]) * scale[i % channels] + shift[i % channels] }
            }
        },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in
            let x = try call.input(0)
            guard let channels = x.shape.last, channels > 0, let kernel = deixis_normalize_u8_select(lowering.isa)
            else { return nil }
            let pixels = x.count / channels, tasks = lowering.tasks(pixels, grain: 1 << 12)
            return Kernel("normalize_u8", tasks: tasks) { buffers, task, _ in
                let range = Lowering.range(task, of: tasks, pixels), at = range.lowerBound * channels
                kernel.pointee.run(
                    buffers.input(0, UInt8.self) + at, buffers.input(1), buffers.input(2),
                    buffers.output(0, Float.self) + at,
                    range.count, channels)
            }
        })
}
