import CDeixisKernels
import DeixisGraph

extension DequantizeLinear {
    /// uint8 with one scale; int8 rows with a scale per column (embeddings), zero points 0.
    static let lower: Lowerings.Lower = { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let x = try call.input(0), count = x.count
        guard let kernel = deixis_quantize_u8_select(lowering.isa), let scales = call.constants[1]?.floats,
            let zeros = call.has(2) ? call.constants[2]?.integers : [0]
        else { return nil }
        if x.element == .uint8, scales.count == 1, zeros.count == 1 {
            let scale = scales[0], zero = Int32(zeros[0]), tasks = lowering.tasks(count, grain: 1 << 14)
            return Kernel("dequantize_s8", tasks: tasks) { buffers, task, _ in
                let range = Lowering.range(task, of: tasks, count)
                kernel.pointee.dequantize(
                    buffers.input(0, UInt8.self) + range.lowerBound, scale, zero,
                    buffers.output(0, Float.self) + range.lowerBound, range.count)
            }
        }
        guard x.element == .int8, scales.count > 1, zeros.allSatisfy({ $0 == 0 }), let columns = x.shape.last,
            columns > 0,
            try call.normalize(axis: try call.int("axis", default: 1), rank: x.rank) == x.rank - 1,
            scales.count == columns
        else { return nil }
        return Kernel("dequantize_s8") { buffers, _, _ in
            kernel.pointee.dequantize_columns(
                buffers.input(0), buffers.input(1), buffers.output(0), count / columns, columns)
        }
    }
}
