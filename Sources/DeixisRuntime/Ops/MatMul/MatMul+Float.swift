import CDeixisKernels
import DeixisGraph

extension MatMul {
    /// A weight matrix is packed as Linear's; other products go matrix by matrix, B packed panel by panel as they run.
    static let lower: Lowerings.Lower = { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let a = try call.input(0), b = try call.input(1)
        guard a.element == .float32, a.rank >= 1 else { return nil }
        if b.rank == 2 {
            // An attribute that MatMul has not means nothing.
            var plain = call
            plain.node.attributes = []
            return try Gemm.kernel(call, lowering, Linear.Extents(plain), bias: nil, residual: nil, .identity)
        }
        let e = try Extents(call)
        guard e.m * e.n > 0, let gemm = deixis_gemm_f32_select(lowering.isa, e.n) else { return nil }
        let (m, n, k) = (e.m, e.n, e.k)
        let walk = StridedLoop(e.batch, e.strideA, e.strideB)
        let batch = e.batchCount, run = walk.run, panels = deixis_gemm_f32_panels(gemm, n), nr = Int(gemm.pointee.nr)
        // Columns before rows: each panel is packed once per task.
        let split = max(1, min(panels, (lowering.threads * 4 + batch - 1) / max(batch, 1)))
        return Kernel(
            "gemm_f32 unpacked", macs: batch * m * n * k, scratchBytes: deixis_gemm_f32_unpacked_scratch(gemm, k) * 4,
            tasks: batch * split
        ) { buffers, task, worker in
            let matrix = task / split, range = Lowering.range(task % split, of: split, panels)
            let x = buffers.input(0, Float.self), y = buffers.input(1, Float.self), z = buffers.output(0, Float.self)
            walk.forEachRun(matrix / run..<matrix / run + 1) { _, oa, ob, _ in
                let place = matrix % run
                var args = deixis_gemm_f32_args(
                    m: m, n: n, k: k, a: x + (oa + place * walk.runStrideA), lda: k,
                    b: y + (ob + place * walk.runStrideB),
                    c: z + matrix * m * n, ldc: n, bias: nil, residual: nil, ldr: 0, activation: deixis_activation(),
                    caches: lowering.caches)
                deixis_gemm_f32_run_unpacked(
                    gemm, &args, n, 1, 0, m, range.lowerBound * nr, min(range.upperBound * nr, n),
                    buffers.scratch(worker))
            }
        }
    }
}
