import CDeixisKernels
import DeixisGraph

extension Transpose {
    static let lower: Lowerings.Lower = { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let x = try call.input(0)
        let from = strides(x.shape)
        let walk = StridedLoop(call.output().shape, try permutation(call).map { from[$0] })
        return TransposeKernel.kernel(walk, byteCount: x.element.byteCount ?? 0, lowering)
    }
}

/// Strided copies by the `transpose` family.
enum TransposeKernel {
    static func kernel(_ walk: StridedLoop, byteCount: Int, _ lowering: Lowering) -> Kernel? {
        guard walk.shape.count <= Int(DEIXIS_TRANSPOSE_MAX_RANK), let kernel = deixis_transpose_select(lowering.isa)
        else { return nil }
        var shape = deixis_transpose_shape()
        shape.rank = walk.shape.count
        shape.element = byteCount
        withUnsafeMutablePointer(to: &shape.extents) { extents in
            extents.withMemoryRebound(to: Int.self, capacity: 8) {
                for (i, extent) in walk.shape.enumerated() { $0[i] = extent }
            }
        }
        withUnsafeMutablePointer(to: &shape.strides) { strides in
            strides.withMemoryRebound(to: Int.self, capacity: 8) {
                for (i, stride) in walk.a.enumerated() { $0[i] = stride }
            }
        }
        let settled = shape, rows = walk.shape[0]
        let tasks = lowering.tasks(rows, grain: max(1, (1 << 14) / max(walk.shape.dropFirst().reduce(1, *), 1)))
        return Kernel("transpose", tasks: tasks) { buffers, task, _ in
            var shape = settled
            let range = Lowering.range(task, of: tasks, rows)
            kernel.pointee.run(&shape, buffers.inputs[0], buffers.outputs[0], range.lowerBound, range.upperBound)
        }
    }
}
