import CDeixisKernels
import DeixisGraph

/// Y = f(A B + bias + residual), the product of a matrix of activations and a matrix of weights.
///
/// A [..., k], B [k, n] (with `transB` = 1: [n, k]), bias [n], residual as Y [..., n]. `FuseLinear` and its kin make it
/// of MatMul, Gemm, Add and activations.
enum Linear {
    static let definition = OperatorDefinition(
        "Linear", domain: .deixis, inputs: 2...4, types: .float,
        infer: { (call: OperatorCall) throws(RuntimeError) in [try Extents(call).output] },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let e = try Extents(call), activation = try Activation(call)
            let hasBias = call.has(2), hasResidual = call.has(3)
            return { buffers in
                let a = buffers.input(0, Float.self), b = buffers.input(1, Float.self),
                    y = buffers.output(0, Float.self)
                let bias = hasBias ? buffers.input(2, Float.self) : nil,
                    residual = hasResidual ? buffers.input(3, Float.self) : nil
                for i in 0..<e.m {
                    for j in 0..<e.n {
                        var sum = Double(bias?[j] ?? 0) + Double(residual?[i * e.n + j] ?? 0)
                        for l in 0..<e.k {
                            sum += Double(a[i * e.k + l]) * Double(b[l * e.rowStride + j * e.columnStride])
                        }
                        y[i * e.n + j] = Float(sum)
                    }
                }
                activation.applyReference(y, e.m * e.n)
            }
        },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in
            try Gemm.kernel(
                call, lowering, Extents(call), bias: call.has(2) ? 2 : nil, residual: call.has(3) ? 3 : nil,
                Activation(call))
        })

    struct Extents {
        var m: Int, k: Int, n: Int
        /// Element (i, j) of B is at i rowStride + j columnStride.
        var rowStride: Int, columnStride: Int
        var output: TensorSpec

        init(_ call: OperatorCall) throws(RuntimeError) {
            let a = try call.input(0), b = try call.input(1)
            let transposed = try call.int("transB", default: 0) != 0
            guard a.rank >= 1, b.rank == 2, b.element == a.element, a.shape[a.rank - 1] == b.shape[transposed ? 1 : 0]
            else {
                throw call.invalid("shapes \(a.shape) and \(b.shape) do not multiply")
            }
            k = a.shape[a.rank - 1]
            n = b.shape[transposed ? 0 : 1]
            m = a.shape.dropLast().reduce(1, *)
            rowStride = transposed ? 1 : n
            columnStride = transposed ? k : 1
            output = TensorSpec(a.element, a.shape.dropLast() + [n])
            try call.require(2, shape: [n])
            try call.require(3, shape: output.shape)
            try call.checkWork([m, k, n])
        }
    }
}

/// Products with weights, packed once where they are constants.
enum Gemm {
    /// How tasks divide an m x n product: blocks of rows, and of panels (columns) where rows are too few.
    struct Division {
        var rowBlock: Int, panelBlock: Int
        var rowBlocks: Int, panelBlocks: Int

        init(m: Int, panels: Int, mr: Int, threads: Int) {
            if threads == 1 {
                (rowBlock, panelBlock, rowBlocks, panelBlocks) = (m, panels, m > 0 ? 1 : 0, panels > 0 ? 1 : 0)
                return
            }
            // Blocks that rows stay in cache for; panels are split only until every thread has a few tasks.
            let wanted = threads * 4
            var rows = min(m, max(mr * 8, (m / wanted + mr - 1) / mr * mr))
            rows = max(rows, 1)
            rowBlocks = (m + rows - 1) / rows
            rowBlock = rows
            let columns = max(1, min(panels, (wanted + max(rowBlocks, 1) - 1) / max(rowBlocks, 1)))
            panelBlock = max(1, (panels + columns - 1) / columns)
            panelBlocks = (panels + panelBlock - 1) / panelBlock
        }

        var tasks: Int { rowBlocks * panelBlocks }
    }

    static func kernel(
        _ call: OperatorCall, _ lowering: Lowering, _ e: Linear.Extents, bias: Int?, residual: Int?,
        _ activation: Activation
    ) throws(RuntimeError) -> Kernel? {
        guard let gemm = deixis_gemm_f32_select(lowering.isa, e.n) else { return nil }
        let panels = deixis_gemm_f32_panels(gemm, e.n), nr = Int(gemm.pointee.nr)
        let division = Division(m: e.m, panels: panels, mr: Int(gemm.pointee.mr), threads: lowering.threads)
        func arguments(_ buffers: Buffers, _ b: UnsafePointer<Float>?) -> deixis_gemm_f32_args {
            deixis_gemm_f32_args(
                m: e.m, n: e.n, k: e.k, a: buffers.input(0), lda: e.k, b: b, c: buffers.output(0), ldc: e.n,
                bias: bias.map { buffers.input($0) }, residual: residual.map { buffers.input($0) }, ldr: e.n,
                activation: activation.kernel, caches: lowering.caches)
        }
        func ranges(_ task: Int) -> (m: Range<Int>, n: Range<Int>) {
            let row = task / division.panelBlocks * division.rowBlock,
                panel = task % division.panelBlocks * division.panelBlock
            return (row..<min(row + division.rowBlock, e.m), panel * nr..<min((panel + division.panelBlock) * nr, e.n))
        }
        let inPlace = residual.map { [$0] } ?? []
        guard let weight = call.constants[1] else {
            return Kernel(
                "gemm_f32 unpacked", macs: e.m * e.n * e.k,
                scratchBytes: deixis_gemm_f32_unpacked_scratch(gemm, e.k) * 4,
                inPlace: inPlace, tasks: division.tasks
            ) { buffers, task, worker in
                var args = arguments(buffers, buffers.input(1))
                let (m, n) = ranges(task)
                deixis_gemm_f32_run_unpacked(
                    gemm, &args, e.rowStride, e.columnStride, m.lowerBound, m.upperBound, n.lowerBound, n.upperBound,
                    buffers.scratch(worker))
            }
        }
        let packed = try pack(weight, gemm, e, panels, lowering)
        var kernel = Kernel("gemm_f32", macs: e.m * e.n * e.k, inPlace: inPlace, tasks: division.tasks) {
            buffers, task, _ in
            var args = arguments(buffers, packed.floats)
            let (m, n) = ranges(task)
            deixis_gemm_f32_run(gemm, &args, m.lowerBound, m.upperBound, n.lowerBound, n.upperBound)
        }
        kernel.unused = [1]
        return kernel
    }

    private static func pack(
        _ weight: Constant, _ gemm: UnsafePointer<deixis_gemm_f32>, _ e: Linear.Extents, _ panels: Int,
        _ lowering: Lowering
    ) throws(RuntimeError) -> ByteStorage {
        let kind = PackingKind.gemmF32(width: Int(gemm.pointee.nr), transposed: e.columnStride != 1)
        return try lowering.weights.packed(weight, as: kind, byteCount: deixis_gemm_f32_packed_size(gemm, e.k, e.n) * 4)
        { (target) throws(RuntimeError) in
            let source = try weight.aligned()
            let b = source.pointer?.assumingMemoryBound(to: Float.self)
            let p = target.baseAddress?.assumingMemoryBound(to: Float.self)
            let tasks = lowering.tasks(panels, grain: 1)
            lowering.workers.forEach(tasks) { task in
                let range = Lowering.range(task, of: tasks, panels)
                deixis_gemm_f32_pack(
                    gemm, b, e.rowStride, e.columnStride, e.k, e.n, range.lowerBound, range.upperBound, p)
            }
            withExtendedLifetime(source) {}
        }
    }
}

extension ByteStorage {
    /// The address of memory of our own, as floats.
    var floats: UnsafePointer<Float>? { bytes.baseAddress?.assumingMemoryBound(to: Float.self) }
}
