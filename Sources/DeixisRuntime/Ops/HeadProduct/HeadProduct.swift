import CDeixisKernels
import DeixisGraph

// Products with weights head by head, heads being slices of d channels: what `Reassociate` makes of an attention's
// projections.
//
//     HeadExpand   Y[h r + j, n] = scale sum_i X[j, h d + i] W[h d + i, n]          X [1, r, heads d]   W [heads d, n]   Y [heads r, n]
//     HeadReduce   Y[j, h d + i] = sum_k X[h r + j, k] W[k, h d + i] + b[h d + i]   X [heads r, k]      W [k, heads d]   Y [1, r, heads d]
//
// (h r + j: row j of head h.) With `transB` = 1 the weights are stored transposed.

enum HeadExpand {
    static let definition = OperatorDefinition(
        "HeadExpand", domain: .deixis, inputs: 2...2, types: .float,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let e = try HeadExtents(call, expands: true)
            return [TensorSpec(.float32, [e.heads * e.rows, e.n])]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let e = try HeadExtents(call, expands: true)
            return { buffers in
                let x = buffers.input(0, Float.self), w = buffers.input(1, Float.self),
                    y = buffers.output(0, Float.self)
                for h in 0..<e.heads {
                    for j in 0..<e.rows {
                        for n in 0..<e.n {
                            var sum = 0.0
                            for i in 0..<e.k {
                                sum +=
                                    Double(x[(j * e.heads + h) * e.k + i])
                                    * Double(w[(h * e.k + i) * e.rowStride + n * e.columnStride])
                            }
                            y[(h * e.rows + j) * e.n + n] = Float(sum * Double(e.scale))
                        }
                    }
                }
            }
        },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in
            let e = try HeadExtents(call, expands: true)
            return try e.kernel(call, lowering, expands: true, headStride: e.k * e.rowStride) {
                buffers, h, b, activation in
                deixis_gemm_f32_args(
                    m: e.rows, n: e.n, k: e.k, a: buffers.input(0, Float.self) + h * e.k, lda: e.heads * e.k, b: b,
                    c: buffers.output(0, Float.self) + h * e.rows * e.n, ldc: e.n, bias: nil, residual: nil, ldr: e.n,
                    activation: activation,
                    caches: lowering.caches)
            }
        })
}

enum HeadReduce {
    static let definition = OperatorDefinition(
        "HeadReduce", domain: .deixis, inputs: 2...3, types: .float,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let e = try HeadExtents(call, expands: false)
            try call.require(2, shape: [e.heads * e.n])
            return [TensorSpec(.float32, [1, e.rows, e.heads * e.n])]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let e = try HeadExtents(call, expands: false), hasBias = call.has(2)
            return { buffers in
                let x = buffers.input(0, Float.self), w = buffers.input(1, Float.self),
                    y = buffers.output(0, Float.self)
                for h in 0..<e.heads {
                    for j in 0..<e.rows {
                        for n in 0..<e.n {
                            let column = h * e.n + n
                            var sum = hasBias ? Double(buffers.input(2, Float.self)[column]) : 0
                            for k in 0..<e.k {
                                sum +=
                                    Double(x[(h * e.rows + j) * e.k + k])
                                    * Double(w[k * e.rowStride + column * e.columnStride])
                            }
                            y[j * e.heads * e.n + column] = Float(sum)
                        }
                    }
                }
            }
        },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in
            let e = try HeadExtents(call, expands: false), hasBias = call.has(2)
            return try e.kernel(call, lowering, expands: false, headStride: e.n * e.columnStride) {
                buffers, h, b, activation in
                deixis_gemm_f32_args(
                    m: e.rows, n: e.n, k: e.k, a: buffers.input(0, Float.self) + h * e.rows * e.k, lda: e.k, b: b,
                    c: buffers.output(0, Float.self) + h * e.n, ldc: e.heads * e.n,
                    bias: hasBias ? buffers.input(2, Float.self) + h * e.n : nil, residual: nil, ldr: e.heads * e.n,
                    activation: activation,
                    caches: lowering.caches)
            }
        })
}

/// One head's product: rows x k by k x n.
private struct HeadExtents {
    var heads: Int, rows: Int, k: Int, n: Int
    var scale: Float
    /// Element (i, j) of all heads' weights is at i rowStride + j columnStride.
    var rowStride: Int, columnStride: Int

    init(_ call: OperatorCall, expands: Bool) throws(RuntimeError) {
        let x = try call.input(0).shape, w = try call.input(1), transposed = try call.int("transB", default: 0) != 0
        heads = try call.int("heads", default: 1)
        scale = try call.float("scale", default: 1)
        guard w.rank == 2, w.element == .float32 else { throw call.invalid("its weights are no float32 matrix") }
        let (inner, outer) = transposed ? (w.shape[1], w.shape[0]) : (w.shape[0], w.shape[1])
        guard heads > 0, (expands ? inner : outer) % heads == 0, x.last == inner,
            expands ? x.count == 3 && x[0] == 1 : x.count == 2 && x[0] % heads == 0
        else { throw call.invalid("shapes \(x) and \(w.shape) are no product of \(heads) heads") }
        (rows, k, n) = expands ? (x[1], inner / heads, outer) : (x[0] / heads, inner, outer / heads)
        (rowStride, columnStride) = transposed ? (1, inner) : (outer, 1)
    }

    /// Weights packed head by head, `headStride` elements apart; tasks are heads, and panels where heads are few.
    func kernel(
        _ call: OperatorCall, _ lowering: Lowering, expands: Bool, headStride: Int,
        arguments: @escaping (Buffers, Int, UnsafePointer<Float>?, deixis_activation) -> deixis_gemm_f32_args
    ) throws(RuntimeError) -> Kernel? {
        guard n > 0, rows > 0, let gemm = deixis_gemm_f32_select(lowering.isa, n), let weight = call.constants[1] else {
            return nil
        }
        let e = self, nr = Int(gemm.pointee.nr), panels = deixis_gemm_f32_panels(gemm, n),
            size = deixis_gemm_f32_packed_size(gemm, k, n)
        let transposed = columnStride != 1
        let kind: PackingKind =
            expands
            ? .headExpand(width: nr, transposed: transposed, heads: heads)
            : .headReduce(width: nr, transposed: transposed, heads: heads)
        let packed = try lowering.weights.packed(weight, as: kind, byteCount: heads * size * 4) {
            (target) throws(RuntimeError) in
            let source = try weight.aligned()
            let b = source.pointer?.assumingMemoryBound(to: Float.self),
                p = target.baseAddress?.assumingMemoryBound(to: Float.self)
            lowering.workers.forEach(e.heads) { h in
                deixis_gemm_f32_pack(
                    gemm, b.map { $0 + h * headStride }, e.rowStride, e.columnStride, e.k, e.n, 0, panels,
                    p.map { $0 + h * size })
            }
            withExtendedLifetime(source) {}
        }
        let parts = lowering.threads == 1 ? 1 : max(1, min(panels, (lowering.threads * 4 + heads - 1) / heads))
        let activation = Activation.identity.kernel
        var kernel = Kernel("gemm_f32 heads", macs: heads * rows * k * n, tasks: heads * parts) { buffers, task, _ in
            let h = task / parts, range = Lowering.range(task % parts, of: parts, panels)
            let columns = range.lowerBound * nr..<min(range.upperBound * nr, e.n)
            var args = arguments(buffers, h, packed.floats.map { $0 + h * size }, activation)
            deixis_gemm_f32_run(gemm, &args, 0, e.rows, columns.lowerBound, columns.upperBound)
            if e.scale == 1 { return }
            for j in 0..<e.rows {
                let row = args.c.unsafelyUnwrapped + j * args.ldc
                for column in columns { row[column] *= e.scale }
            }
        }
        kernel.unused = [1]
        return kernel
    }
}
