import CDeixisKernels
import DeixisGraph

/// Y = f(A + B), A stored, B stored or float32, of one shape. Attributes: scales of x (A), residual (B) and y,
/// activation.
enum QAdd {
    static let definition = OperatorDefinition(
        "QAdd", domain: .deixis, inputs: 2...2, types: [.uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let a = try call.input(0)
            guard try call.input(1).shape == a.shape, try call.stored(.x) != nil else {
                throw call.invalid("its inputs differ in shape")
            }
            try call.require(1, stored: try call.stored(.residual))
            return [TensorSpec(try call.stored(.y) == nil ? .float32 : .uint8, a.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try ReferenceKernel.compute(call, lower) },
        lower: lower)

    private static let lower: Lowerings.Lower = {
        (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let count = try call.input(0).count, a = try call.stored(.x), b = try call.stored(.residual),
            y = try call.stored(.y)
        let activation = try Activation(call), tasks = lowering.tasks(count, grain: 1 << 15)
        guard let a, let kernel = deixis_quantize_u8_select(lowering.isa) else { throw call.invalid("no kernel") }
        return Kernel("add_s8", inPlace: y == nil ? [] : [0], tasks: tasks) { buffers, task, _ in
            var args = deixis_add_u8_args(
                a: buffers.input(0), zero_a: a.zero, scale_a: a.scale, b: buffers.inputs[1],
                b_type: StoredScale.type(b), zero_b: b?.zero ?? 0,
                scale_b: b?.scale ?? 1, activation: activation.kernel, y: buffers.outputs[0],
                output_type: StoredScale.type(y),
                scale: y?.scale ?? 1, zero: y?.zero ?? 0)
            let range = Lowering.range(task, of: tasks, count)
            kernel.pointee.add(&args, range.lowerBound, range.upperBound)
        }
    }
}

/// Y[..., c] = table[c][X[..., c]], bytes to bytes: X uint8 [..., C], table uint8 [C, 256] or [1, 256] for all channels
/// alike.
///
/// What an affine map and a quantization, or two quantizations, come to.
enum QMap {
    static let definition = OperatorDefinition(
        "QMap", domain: .deixis, inputs: 2...2, types: [.uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            _ = try channels(call, table: 1)
            return [try call.input(0)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try ReferenceKernel.compute(call, lower) },
        lower: lower)

    /// Rows of a table that fits the first input.
    static func channels(_ call: OperatorCall, table index: Int) throws(RuntimeError) -> Int {
        let x = try call.input(0), table = try call.input(index)
        guard table.rank == 2, table.shape[1] == 256, table.element == .uint8,
            table.shape[0] == 1 || table.shape[0] == x.shape.last
        else { throw call.invalid("table \(table.shape) does not fit \(x.shape)") }
        return table.shape[0]
    }

    private static let lower: Lowerings.Lower = {
        (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let x = try call.input(0), channels = try channels(call, table: 1), pixels = x.count / max(channels, 1)
        guard let kernel = deixis_quantize_u8_select(lowering.isa) else { throw call.invalid("no kernel") }
        let tasks = lowering.tasks(pixels, grain: 1 << 13)
        return Kernel("map_s8", inPlace: [0], tasks: tasks) { buffers, task, _ in
            let range = Lowering.range(task, of: tasks, pixels), at = range.lowerBound * channels
            kernel.pointee.map(
                buffers.input(0, UInt8.self) + at, buffers.input(1), buffers.output(0, UInt8.self) + at, range.count,
                channels)
        }
    }
}

/// Y = f(X) on floats between quantized steps: the same bits on every instruction set. X float32; attributes of the
/// activation. With `y_scale` Y = quantized(f(X)).
enum QActivate {
    static let definition = OperatorDefinition(
        "QActivate", domain: .deixis, inputs: 1...1, types: [.float32],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            [TensorSpec(try call.stored(.y) == nil ? .float32 : .uint8, try call.input(0).shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try ReferenceKernel.compute(call, lower) },
        lower: lower)

    private static let lower: Lowerings.Lower = {
        (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let count = try call.input(0).count, y = try call.stored(.y), activation = try Activation(call)
        guard let kernel = deixis_quantize_u8_select(lowering.isa) else { throw call.invalid("no kernel") }
        let tasks = lowering.tasks(count, grain: 1 << 14)
        return Kernel(y == nil ? "activate_s8" : "quantize_s8", inPlace: y == nil ? [0] : [], tasks: tasks) {
            buffers, task, _ in
            let range = Lowering.range(task, of: tasks, count), x = buffers.input(0, Float.self) + range.lowerBound
            if let y {
                kernel.pointee.quantize(
                    activation.kernel, x, y.scale, y.zero, buffers.output(0, UInt8.self) + range.lowerBound, range.count
                )
            } else {
                kernel.pointee.apply(
                    activation.kernel, x, buffers.output(0, Float.self) + range.lowerBound, range.count)
            }
        }
    }
}
