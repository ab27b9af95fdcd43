import CDeixisKernels
import DeixisGraph

extension Softmax {
    /// Rows by softmax_f32; other axes by the reference.
    static let lower: Lowerings.Lower = { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let x = try call.input(0)
        guard x.element == .float32, x.rank > 0, let count = x.shape.last, count > 0,
            let kernel = deixis_softmax_f32_select(lowering.isa),
            try call.normalize(axis: try call.int("axis", default: -1), rank: x.rank) == x.rank - 1
        else { return nil }
        let rows = x.count / count, tasks = lowering.tasks(rows, grain: max(1, (1 << 13) / count))
        return Kernel("softmax_f32", inPlace: [0], tasks: tasks) { buffers, task, _ in
            let range = Lowering.range(task, of: tasks, rows), at = range.lowerBound * count
            kernel.pointee.run(
                false, buffers.input(0, Float.self) + at, count, buffers.output(0, Float.self) + at, count, range.count,
                count)
        }
    }
}
