import CDeixisKernels
import CDeixisSystem

/// Bilinear resizing with antialiasing, bit for bit as Pillow does it: two passes of fixed-point weighted sums.
///
/// For output i of n from m inputs, scale = m / n, f = max(scale, 1), center c = (i + 1/2) scale, input x weighs
/// max(0, 1 - |x + 1/2 - c| / f), normalized to sum 1 and rounded to 22 bits. Rows first, each pass rounded to bytes.
struct Resampler: Sendable {
    /// Fraction bits of a weight: 32 less 8 for the byte less 2 for headroom.
    static let precision = 22

    /// Weights of one axis, as `deixis_letterbox_axis` says.
    struct Axis: Sendable {
        var input = 0, output = 0, taps = 0
        var first: [UInt32] = [], count: [UInt32] = []
        var weights: [Int16] = []
    }

    private var horizontal = Axis(), vertical = Axis()
    /// Rows after the first pass.
    private var middle: [UInt8] = []

    /// RGB pixels, rows `rowBytes` apart.
    struct Pixels<Pointer> {
        var bytes: Pointer
        var rowBytes: Int, width: Int, height: Int
    }

    /// Resizes `source` to the size of `target`, on the threads of `pool` where there is one.
    mutating func run(
        _ source: Pixels<UnsafePointer<UInt8>>, into target: Pixels<UnsafeMutablePointer<UInt8>>, pool: OpaquePointer?
    ) {
        if source.width == target.width, source.height == target.height {
            for y in 0..<source.height {
                UnsafeMutableRawPointer(target.bytes + y * target.rowBytes)
                    .copyMemory(from: source.bytes + y * source.rowBytes, byteCount: source.width * 3)
            }
            return
        }
        horizontal.prepare(input: source.width, output: target.width)
        vertical.prepare(input: source.height, output: target.height)
        let row = target.width * 3
        if middle.count < row * source.height { middle = [UInt8](repeating: 0, count: row * source.height) }
        middle.withUnsafeMutableBufferPointer { middle in
            guard let between = middle.baseAddress else { return }
            horizontal.withKernelAxis { axis in
                var pass = Pass(
                    axis: axis, from: source.bytes, fromRow: source.rowBytes, to: between, toRow: row,
                    rows: source.height)
                pass.run(pool)
            }
            vertical.withKernelAxis { axis in
                var pass = Pass(
                    axis: axis, from: between, fromRow: row, to: target.bytes, toRow: target.rowBytes,
                    rows: target.height, bytes: row)
                pass.run(pool)
            }
        }
    }
}

/// Rows of one pass, shared among threads.
private struct Pass {
    var axis: deixis_letterbox_axis
    var from: UnsafePointer<UInt8>, fromRow: Int
    var to: UnsafeMutablePointer<UInt8>, toRow: Int
    /// Of the result.
    var rows: Int
    /// Of a row, in the pass along columns.
    var bytes: Int?
    var tasks = 1

    mutating func run(_ pool: OpaquePointer?) {
        let sums = rows * axis.taps * (bytes ?? axis.output * 3)
        guard let pool, sums > 1 << 18 else { return task(0) }
        // Kernels take up to eight rows at a time.
        tasks = max(1, min(rows / 8, Int(deixis_pool_threads(pool)) * 4))
        withUnsafeMutablePointer(to: &self) { pass in
            deixis_pool_run(
                pool, pass.pointee.tasks,
                { context, task, _ in
                    context?.assumingMemoryBound(to: Pass.self).pointee.task(Int(task))
                }, pass)
        }
    }

    func task(_ index: Int) {
        guard let kernel = deixis_letterbox_u8_select(deixis_isa_detect()) else { return }
        let begin = rows / 8 * index / tasks * 8, end = index + 1 == tasks ? rows : rows / 8 * (index + 1) / tasks * 8
        var axis = axis
        if let bytes {
            kernel.pointee.columns(&axis, from, fromRow, to, toRow, bytes, begin, end)
        } else {
            kernel.pointee.rows(&axis, from, fromRow, to, toRow, begin, end)
        }
    }
}

extension Resampler.Axis {
    /// Computes the weights unless they are those already here.
    mutating func prepare(input: Int, output: Int) {
        guard input != self.input || output != self.output else { return }
        self.input = input
        self.output = output
        let scale = Double(input) / Double(output), filterScale = max(scale, 1)
        let support = filterScale, inverse = 1 / filterScale
        // Truncation and not rounded(): libm is not linked here.
        let whole = Int(support)
        taps = ((Double(whole) < support ? whole + 1 : whole) * 2 + 4) / 4 * 4
        first.removeAll(keepingCapacity: true)
        count.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        weights.append(contentsOf: repeatElement(0, count: output * taps * 2))
        first.reserveCapacity(output)
        count.reserveCapacity(output)
        for i in 0..<output {
            let center = (Double(i) + 0.5) * scale
            let low = max(Int(center - support + 0.5), 0)
            let high = min(Int(center + support + 0.5), input)
            var sum = 0.0
            for x in low..<high { sum += triangle((Double(x) - center + 0.5) * inverse) }
            for x in low..<high {
                let weight = triangle((Double(x) - center + 0.5) * inverse) / sum
                let fixed = Int32(0.5 + weight * Double(1 << Resampler.precision)), k = x - low,
                    at = (i * taps + k / 4 * 4) * 2 + k % 4
                weights[at] = Int16(fixed & 0x7FF)
                weights[at + 4] = Int16(fixed >> 11)
            }
            first.append(UInt32(low))
            count.append(UInt32(high - low))
        }
    }

    private func triangle(_ x: Double) -> Double {
        let distance = x < 0 ? -x : x
        return distance < 1 ? 1 - distance : 0
    }

    func withKernelAxis(_ body: (deixis_letterbox_axis) -> Void) {
        first.withUnsafeBufferPointer { first in
            count.withUnsafeBufferPointer { count in
                weights.withUnsafeBufferPointer { weights in
                    body(
                        deixis_letterbox_axis(
                            input: input, output: output, taps: taps, first: first.baseAddress,
                            count: count.baseAddress, weights: weights.baseAddress))
                }
            }
        }
    }
}
