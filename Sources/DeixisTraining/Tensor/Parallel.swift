import CDeixisSystem
import CDeixisTensor
import Synchronization

/// Settings of the computing back end, for the whole process.
public enum Backend {
    /// The cores this process may use: affinity and quota.
    public static var usableCores: Int { Int(deixis_usable_cores()) }

    /// Bytes this process can still take without swapping; nil where the system does not tell.
    public static var availableMemory: Int? {
        let bytes = deixis_available_memory("")
        return bytes == UInt64.max ? nil : Int(clamping: bytes)
    }

    /// Threads that share the work; by default `usableCores`. Results are the same for the same count.
    public static var threadCount: Int { Int(dxt_threads()) }

    public static func setThreadCount(_ count: Int) throws(TrainingError) {
        let code = dxt_set_threads(Int32(clamping: count))
        if code != 0 { throw .threads(count, code: code) }
    }

    /// For measuring what `flushingSubnormals` buys: it then changes nothing.
    public static func keepSubnormals() { keeps.store(true, ordering: .relaxed) }
    private static let keeps = Atomic(false)

    /// Runs `body` with subnormal numbers taken as zero, on this thread and in what it hands to the pool; the thread is
    /// then as before. Some CPUs take a hundred times longer over a subnormal, and activations and gradients of a
    /// trained network are full of them; the smallest number that stays, 1e-38, is far below what a sum of theirs can
    /// hold.
    public static func flushingSubnormals<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        guard !keeps.load(ordering: .relaxed) else { return try body() }
        let before = deixis_float_mode()
        deixis_set_float_mode(deixis_flushing_float_mode(before))
        defer { deixis_set_float_mode(before) }
        return try body()
    }

    /// Loads OpenBLAS; call before the first product. Without it the products run on the slower loops of CDeixisTensor.
    public static func load() throws(TrainingError) {
        switch dxt_blas_load() {
        case dxt_blas_ready: return
        case dxt_blas_missing: throw .openBLASMissing
        default: throw .openBLASUnusable
        }
    }

    /// The kernel family OpenBLAS chose, e.g. `SkylakeX`.
    public static var openBLASCore: String { String(cString: dxt_blas_core()) }
}

/// Runs `body` on consecutive ranges that cover `0..<count`, each of at least about `grain`, on the threads of the
/// pool. `body` must give the same result for any split.
func parallel(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let parts = max(1, min(count / max(grain, 1), Backend.threadCount * 4))
    guard parts > 1 else { return body(0..<count) }
    // Multiples of 16 elements keep chunks on cache-line borders.
    let step = ((count + parts - 1) / parts + 15) & ~15
    parallelChunks((count + step - 1) / step) { chunk in
        body(chunk * step..<min(count, (chunk + 1) * step))
    }
}

/// Runs `body` for each chunk number; chunks are claimed in turn, so results must not depend on which thread ran which.
func parallelChunks(_ chunks: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { escaping in
        var call = ChunkCall(body: escaping)
        withUnsafeMutablePointer(to: &call) { pointer in
            dxt_parallel(
                chunks,
                { context, chunk in
                    context?.assumingMemoryBound(to: ChunkCall.self).pointee.body(chunk)
                }, pointer)
        }
    }
}

private struct ChunkCall {
    let body: (Int) -> Void
}

/// Sums over rows that several threads share: `body` adds its rows into the partial sums it is given (`width` zeros),
/// which are then added in order. The split depends on the sizes alone, so the sum is the same for any thread count.
func reduceRows<Scalar: Real>(
    _ rows: Int, columns: Int, width: Int, _ body: (Range<Int>, UnsafeMutablePointer<Scalar>) -> Void
) -> Tensor<Scalar> {
    let parts = max(1, min(16, rows * columns / 16384))
    let step = max(1, (rows + parts - 1) / parts)
    let partial = Tensor<Scalar>(uninitialized: [parts, width])
    parallelChunks(parts) { part in
        let sums = partial.pointer + part * width
        Scalar.kernels.pointee.fill(sums, 0, width)
        let begin = min(rows, part * step)
        body(begin..<min(rows, begin + step), sums)
    }
    guard parts > 1 else { return partial.reshaped([width]) }
    let total = Tensor<Scalar>(zeros: [width])
    Scalar.kernels.pointee.column_sums(total.pointer, partial.pointer, parts, width, width)
    return total
}

/// C = op(A) op(B) + beta C, row-major, over the pool.
func multiply<Scalar: Real>(
    _ a: UnsafeMutablePointer<Scalar>, transposedA ta: Bool = false, _ b: UnsafeMutablePointer<Scalar>,
    transposedB tb: Bool = false,
    m: Int, n: Int, k: Int, beta: Double = 0, into c: UnsafeMutablePointer<Scalar>
) {
    if ta && !tb && k >= 8 * max(m, n) && k >= 1024 && Backend.threadCount > 1 {
        multiplyTall(a, b, m: m, n: n, k: k, beta: beta, into: c)
    } else {
        dxt_gemm_parallel(Scalar.isDouble, ta, tb, m, n, k, 1, a, ta ? m : k, b, tb ? k : n, beta, c, n)
    }
}

/// C = A^T B + beta C of A [k, m] and B [k, n] with many rows, as for gradients of weights: each thread reads rows of
/// its own and sums them up by itself, so that nothing is read twice; the sums are then added in order.
private func multiplyTall<Scalar: Real>(
    _ a: UnsafeMutablePointer<Scalar>, _ b: UnsafeMutablePointer<Scalar>, m: Int, n: Int, k: Int, beta: Double,
    into c: UnsafeMutablePointer<Scalar>
) {
    let step = (k + Backend.threadCount - 1) / Backend.threadCount, parts = (k + step - 1) / step, size = m * n
    let others = Tensor<Scalar>(uninitialized: [parts - 1, size])
    defer { withExtendedLifetime(others) {} }
    parallelChunks(parts) { part in
        let begin = part * step, target = part == 0 ? c : others.pointer + (part - 1) * size
        dxt_gemm(
            Scalar.isDouble, true, false, m, n, min(step, k - begin), 1, a + begin * m, m, b + begin * n, n,
            part == 0 ? beta : 0, target, n)
    }
    parallel(size, grain: 1 << 15) { range in
        for part in 0..<parts - 1 {
            let addend = others.pointer + part * size + range.lowerBound
            Scalar.kernels.pointee.axpy(c + range.lowerBound, addend, 1, range.count)
        }
    }
}
