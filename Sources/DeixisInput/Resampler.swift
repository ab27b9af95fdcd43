import CDeixisKernels
import CDeixisSystem

/// Bilinear resizing with antialiasing, bit for bit as Pillow does it: two passes of fixed-point weighted sums.
///
/// For output i of n from m inputs, scale = m / n, f = max(scale, 1), center c = (i + 1/2) scale, input x weighs
/// max(0, 1 - |x + 1/2 - c| / f), normalized to sum 1 and rounded to 22 bits. Rows first, each pass rounded to bytes.
/// Without antialiasing f = 1.
///
/// The result is made in strips of rows, so that what lies between the passes stays small however large the picture is.
struct Resampler: Sendable {
    /// Fraction bits of a weight: 32 less 8 for the byte less 2 for headroom.
    static let precision = 22

    /// Weights of one axis, as `deixis_letterbox_axis` says.
    struct Axis: Sendable {
        var input = 0, output = 0, taps = 0, antialiases = true
        var first: [UInt32] = [], count: [UInt32] = []
        var weights: [Int16] = []
    }

    /// Of rows after the first pass, unless those are fewer than `stripRows` or one row of the result needs more.
    private static let stripBytes = 2 << 20, stripRows = 64

    private var horizontal = Axis(), vertical = Axis()
    /// A strip's rows after the first pass.
    private var middle: [UInt8] = []

    /// RGB pixels, rows `rowBytes` apart.
    struct Pixels<Pointer> {
        var bytes: Pointer
        var rowBytes: Int, width: Int, height: Int
    }

    /// Resizes `source` to the size of `target`, on the threads of `pool` where there is one.
    mutating func run(
        _ source: Pixels<UnsafePointer<UInt8>>, into target: Pixels<UnsafeMutablePointer<UInt8>>, antialiases: Bool,
        pool: OpaquePointer?
    ) {
        if source.width == target.width, source.height == target.height {
            for y in 0..<source.height {
                UnsafeMutableRawPointer(target.bytes + y * target.rowBytes)
                    .copyMemory(from: source.bytes + y * source.rowBytes, byteCount: source.width * 3)
            }
            return
        }
        horizontal.prepare(input: source.width, output: target.width, antialiases)
        vertical.prepare(input: source.height, output: target.height, antialiases)
        let row = target.width * 3
        var begin = 0
        while begin < target.height {
            let end = vertical.strip(from: begin, rows: max(Resampler.stripBytes / row, Resampler.stripRows))
            let rows = vertical.rows(begin..<end)
            if middle.count < row * rows.count { middle = [UInt8](repeating: 0, count: row * rows.count) }
            middle.withUnsafeMutableBufferPointer { middle in
                guard let between = middle.baseAddress else { return }
                horizontal.withKernelAxis { axis in
                    var pass = Pass(
                        axis: axis, from: source.bytes + rows.lowerBound * source.rowBytes, fromRow: source.rowBytes,
                        to: between, toRow: row, rows: 0..<rows.count)
                    pass.run(pool)
                }
                vertical.withKernelAxis { axis in
                    var pass = Pass(
                        axis: axis, from: between - rows.lowerBound * row, fromRow: row, to: target.bytes,
                        toRow: target.rowBytes, rows: begin..<end, bytes: row)
                    pass.run(pool)
                }
            }
            begin = end
        }
    }
}

/// Rows of one pass, shared among threads.
private struct Pass {
    var axis: deixis_letterbox_axis
    var from: UnsafePointer<UInt8>, fromRow: Int
    var to: UnsafeMutablePointer<UInt8>, toRow: Int
    /// Of the result.
    var rows: Range<Int>
    /// Of a row, in the pass along columns.
    var bytes: Int?
    var tasks = 1

    mutating func run(_ pool: OpaquePointer?) {
        let sums = rows.count * axis.taps * (bytes ?? axis.output * 3)
        guard let pool, sums > 1 << 18 else { return task(0) }
        // Kernels take up to eight rows at a time.
        tasks = max(1, min(rows.count / 8, Int(deixis_pool_threads(pool)) * 4))
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
        let blocks = rows.count / 8, begin = rows.lowerBound + blocks * index / tasks * 8,
            end = index + 1 == tasks ? rows.upperBound : rows.lowerBound + blocks * (index + 1) / tasks * 8
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
    mutating func prepare(input: Int, output: Int, _ antialiases: Bool) {
        guard input != self.input || output != self.output || antialiases != self.antialiases else { return }
        (self.input, self.output, self.antialiases) = (input, output, antialiases)
        let scale = Double(input) / Double(output), filterScale = antialiases ? max(scale, 1) : 1
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

    /// The inputs that outputs `range` need.
    func rows(_ range: Range<Int>) -> Range<Int> {
        // Both ends grow with the output.
        Int(first[range.lowerBound])..<Int(first[range.upperBound - 1] + count[range.upperBound - 1])
    }

    /// Where outputs from `begin` on end that need no more than `rows` inputs together; at least one.
    func strip(from begin: Int, rows most: Int) -> Int {
        var end = begin + 1
        while end < output, rows(begin..<end + 1).count <= most { end += 1 }
        return end
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
