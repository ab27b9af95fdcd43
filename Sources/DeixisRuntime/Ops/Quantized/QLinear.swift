import CDeixisKernels
import DeixisGraph

/// Y = f((X - x zero) B x scale b scale + bias + residual), a product of stored activations and int8 weights.
///
/// X uint8 [..., k], B int8 [k, n] (with `transB` = 1: [n, k]), scale [n] or [1], bias int32 [n] in steps of x scale b
/// scale, residual as Y, uint8 or float32. Attributes: x, y and residual scales (`StoredScale`), activation. Without
/// `y_scale` Y is float32.
enum QLinear {
    static let definition = OperatorDefinition(
        "QLinear", domain: .deixis, inputs: 3...5, types: [.uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let e = try Extents(call)
            if call.has(4), try call.input(4).shape != e.shape {
                throw call.invalid("residual \(try call.input(4).shape) is not \(e.shape)")
            }
            return [TensorSpec(try Requantization(call, residual: 4).element, e.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try ReferenceKernel.compute(call, lower) },
        lower: lower)

    struct Extents {
        var m: Int, k: Int, n: Int
        var rowStride: Int, columnStride: Int
        var shape: [Int]

        init(_ call: OperatorCall) throws(RuntimeError) {
            let a = try call.input(0), b = try call.input(1), transposed = try call.int("transB", default: 0) != 0
            guard a.rank >= 1, b.rank == 2, b.element == .int8, a.shape[a.rank - 1] == b.shape[transposed ? 1 : 0]
            else {
                throw call.invalid("shapes \(a.shape) and \(b.shape) do not multiply")
            }
            k = a.shape[a.rank - 1]
            n = b.shape[transposed ? 0 : 1]
            m = a.shape.dropLast().reduce(1, *)
            (rowStride, columnStride) = transposed ? (1, k) : (n, 1)
            shape = a.shape.dropLast() + [n]
        }
    }

    private static let lower: Lowerings.Lower = {
        (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let e = try Extents(call), tail = try Requantization(call, residual: 4)
        guard let x = try call.stored(.x), let w = try QuantizedWeights(call, channels: e.n),
            let gemm = deixis_gemm_s8_select(lowering.isa, e.n)
        else { return nil }
        let panels = deixis_gemm_s8_panels(gemm, e.n), nr = Int(gemm.pointee.nr)
        let inPlace = readsInPlace(e, w.weight, gemm), packed = inPlace ? nil : try pack(w.weight, e, gemm, lowering)
        let sums = try w.sums(
            channels: e.n, depth: e.k, channelStride: e.columnStride, depthStride: e.rowStride, readsSource: inPlace,
            lowering)
        let columns = try tail.columns(x, w, sums, count: e.n)
        let division = Gemm.Division(m: e.m, panels: panels, mr: Int(gemm.pointee.mr), threads: lowering.threads)
        let hasResidual = tail.hasResidual, agrees = hasResidual && (tail.residual == nil) == (tail.output == nil)
        let requantize = tail.arguments(columns), weight = w.weight
        var kernel = Kernel(
            inPlace ? "gemm_s8_rows" : "gemm_s8", macs: e.m * e.n * e.k, inPlace: agrees ? [4] : [],
            tasks: division.tasks
        ) { buffers, task, _ in
            let row = task / division.panelBlocks * division.rowBlock,
                panel = task % division.panelBlocks * division.panelBlock
            var args = deixis_gemm_s8_args(
                m: e.m, n: e.n, k: e.k, a: buffers.input(0), lda: e.k,
                b: packed?.pointer() ?? weight.pointer?.assumingMemoryBound(to: Int8.self),
                b_row: inPlace ? e.rowStride : 0,
                c: UnsafeMutableRawPointer(buffers.output(0, UInt8.self)), ldc: e.n,
                residual: hasResidual ? buffers.inputs[4] : nil, ldr: e.n, requantize: requantize,
                caches: lowering.caches)
            deixis_gemm_s8_run(
                gemm, &args, row, min(row + division.rowBlock, e.m), panel * nr,
                min((panel + division.panelBlock) * nr, e.n))
            withExtendedLifetime(columns) {}
        }
        kernel.unused = [1, 2, 3]
        return kernel
    }

    /// Whether the kernel reads B where the file has it. A B this large comes from memory in every run, packed or not,
    /// so that few rows take no longer; and nothing is copied: 63 of 116 MiB in `paper-r50`, whose language half has a
    /// row a token.
    private static func readsInPlace(_ e: Extents, _ weight: Constant, _ gemm: UnsafePointer<deixis_gemm_s8>) -> Bool {
        weight.storage.isMapped && e.columnStride == 1 && e.m <= 64 && e.k * e.n >= 512 << 10
            && deixis_gemm_s8_takes_rows(gemm, e.k)
    }

    private static func pack(
        _ weight: Constant, _ e: Extents, _ gemm: UnsafePointer<deixis_gemm_s8>, _ lowering: Lowering
    ) throws(RuntimeError) -> ByteStorage {
        try lowering.weights.packed(
            weight, as: .gemmS8(width: Int(gemm.pointee.nr), transposed: e.columnStride != 1),
            byteCount: deixis_gemm_s8_packed_size(gemm, e.k, e.n)
        ) { target in
            let b = weight.pointer?.assumingMemoryBound(to: Int8.self),
                p = target.baseAddress?.assumingMemoryBound(to: Int8.self)
            let panels = deixis_gemm_s8_panels(gemm, e.n), tasks = lowering.tasks(panels, grain: 1)
            lowering.workers.forEach(tasks) { task in
                let range = Lowering.range(task, of: tasks, panels)
                deixis_gemm_s8_pack(
                    gemm, b, e.rowStride, e.columnStride, e.k, e.n, range.lowerBound, range.upperBound, p)
            }
        }
    }
}
