import CDeixisKernels
import DeixisGraph

extension Binary {
    /// binary_f32 by its number in `enum deixis_binary`.
    static func lower(_ op: Int32) -> Lowerings.Lower {
        { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
            let a = try call.input(0), b = try call.input(1), target = call.output().shape
            guard a.element == .float32, b.element == .float32, let kernel = deixis_binary_f32_select(lowering.isa)
            else { return nil }
            let walk = StridedLoop(target, broadcastStrides(a.shape, to: target), broadcastStrides(b.shape, to: target))
            let (run, runs, sa, sb) = (walk.run, walk.runs, walk.runStrideA, walk.runStrideB)
            guard sa == 0 || sa == 1, sb == 0 || sb == 1 else { return nil }
            let inPlace = (a.shape == target ? [0] : []) + (b.shape == target ? [1] : [])
            if walk.shape.count == 1 {
                let tasks = lowering.tasks(run, grain: 1 << 14)
                return Kernel("binary_f32", inPlace: inPlace, tasks: tasks) { buffers, task, _ in
                    let range = Lowering.range(task, of: tasks, run), at = range.lowerBound
                    kernel.pointee.run(
                        op, buffers.input(0, Float.self) + at * sa, 0, sa, buffers.input(1, Float.self) + at * sb, 0,
                        sb,
                        buffers.output(0, Float.self) + at, 0, 1, range.count)
                }
            }
            let tasks = lowering.tasks(runs, grain: max(1, (1 << 14) / max(run, 1)))
            if walk.shape.count == 2 {
                let (ra, rb) = (walk.a[0], walk.b[0])
                return Kernel("binary_f32", inPlace: inPlace, tasks: tasks) { buffers, task, _ in
                    let range = Lowering.range(task, of: tasks, runs), at = range.lowerBound
                    kernel.pointee.run(
                        op, buffers.input(0, Float.self) + at * ra, ra, sa, buffers.input(1, Float.self) + at * rb, rb,
                        sb,
                        buffers.output(0, Float.self) + at * run, run, range.count, run)
                }
            }
            return Kernel("binary_f32", inPlace: inPlace, tasks: tasks) { buffers, task, _ in
                let a = buffers.input(0, Float.self), b = buffers.input(1, Float.self),
                    y = buffers.output(0, Float.self)
                walk.forEachRun(Lowering.range(task, of: tasks, runs)) { index, oa, ob, _ in
                    kernel.pointee.run(op, a + oa, 0, sa, b + ob, 0, sb, y + index * run, 0, 1, run)
                }
            }
        }
    }
}
