import CDeixisKernels
import DeixisGraph

/// Y = LayerNorm(T[ids] scale + a + b), how tokens become vectors: a row is looked up, summed and normalized while it
/// is in the caches.
///
/// T int8 [rows, n] with scale [n], or float32 without; ids int32 or int64; a, b float32 of the shape of Y less leading
/// axes, or left out; gain, bias [n] (bias may be left out). Attributes `epsilon` and y's `StoredScale`; without that Y
/// is float32. An index outside T is an error.
enum Embedding {
    static let definition = OperatorDefinition(
        "Embedding", domain: .deixis, inputs: 6...7, types: [.int8, .float32],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let table = try call.input(0), ids = try Indices(call, input: 1)
            guard table.rank == 2, call.has(2) == (table.element == .int8), call.has(5) else {
                throw call.invalid("table \(table.element)\(table.shape) has no rows")
            }
            let n = table.shape[1], shape = ids.shape + [n]
            try ids.check(call, extents: [table.shape[0]])
            for index in [2, 5, 6] { try call.require(index, shape: [n]) }
            for index in [3, 4] where call.has(index) {
                let addend = try call.input(index)
                guard addend.element == .float32, isSuffix(addend.shape, of: shape) else {
                    throw call.invalid(
                        "input \(index) is \(addend.element)\(addend.shape), expected the end of \(shape)")
                }
            }
            return [TensorSpec(try call.stored(.y) == nil ? .float32 : .uint8, shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try ReferenceKernel.compute(call, lower) },
        lower: lower)

    /// Leading 1s aside, the last axes of `shape`.
    static func isSuffix(_ addend: [Int], of shape: [Int]) -> Bool {
        let core = Array(addend.drop { $0 == 1 })
        return !core.isEmpty && core.count <= shape.count && core == Array(shape.suffix(core.count))
    }

    private static let lower: Lowerings.Lower = {
        (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let table = try call.input(0), ids = try Indices(call, input: 1), y = try call.stored(.y),
            epsilon = try call.float("epsilon", default: 1e-5)
        guard let bytes = deixis_quantize_u8_select(lowering.isa), let norm = deixis_layernorm_u8_select(lowering.isa)
        else { return nil }
        let n = table.shape[1], isStored = table.element == .int8, (hasBias, rows) = (call.has(6), ids.count)
        let addends = try [3, 4].filter { call.has($0) }.map { (index: Int) throws(RuntimeError) in
            (index: index, count: try call.input(index).count)
        }
        let tasks = lowering.tasks(rows, grain: max(1, (1 << 13) / max(n, 1))), room = (n + 15) / 16 * 16
        var kernel = Kernel("embedding", scratchBytes: 2 * room * 4, tasks: tasks) { buffers, task, worker in
            let sum = buffers.scratch(worker, Float.self)
            guard let from = buffers.inputs[0] else { return }
            for row in Lowering.range(task, of: tasks, rows) {
                let index = ids.load(buffers, row, table.shape[0])
                if index < 0 {
                    sum.update(repeating: 0, count: n)
                } else if isStored {
                    bytes.pointee.dequantize_columns(
                        (from + index * n).assumingMemoryBound(to: Int8.self), buffers.input(2), sum, 1, n)
                } else {
                    UnsafeMutableRawPointer(sum).copyMemory(from: from + index * n * 4, byteCount: n * 4)
                }
                for (input, count) in addends {
                    let addend = buffers.input(input, Float.self) + row * n % count
                    for i in 0..<n { sum[i] += addend[i] }
                }
                var args = deixis_layernorm_u8_args()
                (args.x, args.x_type, args.x_row, args.count, args.epsilon) = (
                    UnsafeRawPointer(sum), Int32(DEIXIS_S8_F32), n, n, epsilon
                )
                (args.scale, args.shift) = (buffers.input(5), hasBias ? buffers.input(6) : nil)
                if let y {
                    (args.y, args.y_row, args.inverse_scale, args.zero) = (
                        buffers.output(0, UInt8.self) + row * n, n, 1 / y.scale, y.zero
                    )
                } else {
                    (args.y_float, args.y_float_row) = (buffers.output(0, Float.self) + row * n, n)
                }
                norm.pointee.run(&args, 0, 1, sum + room)
            }
        }
        kernel.unaligned = [0]
        return kernel
    }
}
