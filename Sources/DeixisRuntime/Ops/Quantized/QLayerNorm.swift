import CDeixisKernels
import DeixisGraph

/// Y = quantized((s - mean s) / sqrt(var s + epsilon) scale + bias) over the last axis, s = X + residual, each stored
/// or float32.
///
/// X, residual [..., n]; scale, bias float32 [n]. Attributes `epsilon`, scales of x, residual and y; without `y_scale`
/// Y is float32.
enum QLayerNorm {
    static let definition = OperatorDefinition(
        "QLayerNorm", domain: .deixis, inputs: 3...4, types: [.uint8, .float32],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            guard let n = x.shape.last else { throw call.invalid("a scalar has no last axis") }
            try call.require(0, stored: try call.stored(.x))
            if call.has(1) {
                try call.require(1, stored: try call.stored(.residual))
                guard try call.input(1).shape == x.shape else { throw call.invalid("residual is not \(x.shape)") }
            }
            try call.require(2, shape: [n])
            try call.require(3, shape: [n])
            return [TensorSpec(try call.stored(.y) == nil ? .float32 : .uint8, x.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try ReferenceKernel.compute(call, lower) },
        lower: lower)

    private static let lower: Lowerings.Lower = {
        (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let x = try call.input(0), from = try call.stored(.x), residual = try call.stored(.residual),
            y = try call.stored(.y)
        guard let n = x.shape.last, let kernel = deixis_layernorm_u8_select(lowering.isa) else {
            throw call.invalid("no kernel")
        }
        let rows = n == 0 ? 0 : x.count / n, epsilon = try call.float("epsilon", default: 1e-5)
        let (hasResidual, hasScale, hasShift) = (call.has(1), call.has(2), call.has(3))
        let tasks = lowering.tasks(rows, grain: max(1, (1 << 13) / max(n, 1)))
        return Kernel("layernorm_s8", scratchBytes: n * 4, tasks: tasks) { buffers, task, worker in
            var args = deixis_layernorm_u8_args(
                x: buffers.inputs[0], x_type: StoredScale.type(from), x_zero: from?.zero ?? 0,
                x_scale: from?.scale ?? 1, x_row: n,
                residual: hasResidual ? buffers.inputs[1] : nil,
                residual_type: hasResidual ? StoredScale.type(residual) : Int32(DEIXIS_S8_NONE),
                residual_zero: residual?.zero ?? 0, residual_scale: residual?.scale ?? 1, residual_row: n,
                scale: hasScale ? buffers.input(2) : nil, shift: hasShift ? buffers.input(3) : nil, epsilon: epsilon,
                y: y == nil ? nil : buffers.output(0), inverse_scale: y.map { 1 / $0.scale } ?? 1, zero: y?.zero ?? 0,
                y_row: n,
                y_float: y == nil ? buffers.output(0) : nil, y_float_row: n, count: n)
            let range = Lowering.range(task, of: tasks, rows)
            kernel.pointee.run(&args, range.lowerBound, range.upperBound, buffers.scratch(worker))
        }
    }
}
