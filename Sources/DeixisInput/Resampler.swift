/// Bilinear resizing with antialiasing, bit for bit as Pillow does it: two passes of fixed-point weighted sums.
///
/// For output i of n from m inputs, scale = m / n, f = max(scale, 1), center c = (i + 1/2) scale, input x weighs
/// max(0, 1 - |x + 1/2 - c| / f), normalized to sum 1 and rounded to 22 bits. Rows first, each pass rounded to bytes.
struct Resampler: Sendable {
    /// Fraction bits of a weight: 32 less 8 for the byte less 2 for headroom.
    static let precision = 22

    /// Weights of one axis: output i sums `count[i]` inputs from `first[i]` with `weights[i * taps...]`.
    struct Axis: Sendable {
        var input = 0, output = 0, taps = 0
        var first: [Int] = [], count: [Int] = []
        var weights: [Int32] = []
    }

    private var horizontal = Axis(), vertical = Axis()
    /// Rows after the first pass.
    private var middle: [UInt8] = []

    /// Resizes width x height RGB pixels into a width x height window of `target` that begins at `offset`.
    mutating func run(
        _ source: UnsafeBufferPointer<UInt8>, width: Int, height: Int, into target: UnsafeMutableBufferPointer<UInt8>,
        rowStride: Int, offset: Int, width newWidth: Int, height newHeight: Int
    ) {
        if width == newWidth, height == newHeight {
            for y in 0..<height {
                for x in 0..<(width * 3) { target[offset + y * rowStride + x] = source[y * width * 3 + x] }
            }
            return
        }
        horizontal.prepare(input: width, output: newWidth)
        vertical.prepare(input: height, output: newHeight)
        let needed = newWidth * 3 * height
        if middle.count < needed { middle = [UInt8](repeating: 0, count: needed) }
        let rows = horizontal, columns = vertical
        middle.withUnsafeMutableBufferPointer { middle in
            let between = UnsafeBufferPointer(middle)
            #if DEBUG
            // Unoptimized vectors are slower than loops.
            resampleRowsPlainly(source, stride: width * 3, rows: height, axis: rows, into: middle, stride: newWidth * 3)
            resampleColumnsPlainly(between, stride: newWidth * 3, axis: columns, into: target, offset: offset, stride: rowStride)
            #else
            resampleRows(source, stride: width * 3, rows: height, axis: rows, into: middle, stride: newWidth * 3)
            resampleColumns(between, stride: newWidth * 3, axis: columns, into: target, offset: offset, stride: rowStride)
            #endif
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
        taps = (Double(whole) < support ? whole + 1 : whole) * 2 + 1
        first.removeAll(keepingCapacity: true)
        count.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        first.reserveCapacity(output)
        count.reserveCapacity(output)
        weights.reserveCapacity(output * taps)
        for i in 0..<output {
            let center = (Double(i) + 0.5) * scale
            let low = max(Int(center - support + 0.5), 0)
            let high = min(Int(center + support + 0.5), input)
            var sum = 0.0
            for x in low..<high { sum += triangle((Double(x) - center + 0.5) * inverse) }
            for x in low..<high {
                let weight = triangle((Double(x) - center + 0.5) * inverse) / sum
                weights.append(Int32(0.5 + weight * Double(1 << Resampler.precision)))
            }
            for _ in (high - low)..<taps { weights.append(0) }
            first.append(low)
            count.append(high - low)
        }
    }

    private func triangle(_ x: Double) -> Double {
        let distance = x < 0 ? -x : x
        return distance < 1 ? 1 - distance : 0
    }
}

/// Weighted sums along each row of RGB pixels: the specification of `resampleRows`.
func resampleRowsPlainly(
    _ source: UnsafeBufferPointer<UInt8>, stride: Int, rows: Int, axis: Resampler.Axis,
    into target: UnsafeMutableBufferPointer<UInt8>, stride targetStride: Int
) {
    let half = Int32(1) << Int32(Resampler.precision - 1)
    axis.weights.withUnsafeBufferPointer { weights in
        for y in 0..<rows {
            for i in 0..<axis.output {
                var at = y * stride + axis.first[i] * 3
                let base = i * axis.taps
                var red = half, green = half, blue = half
                for k in 0..<axis.count[i] {
                    let weight = weights[base + k]
                    red &+= Int32(source[at]) &* weight
                    green &+= Int32(source[at + 1]) &* weight
                    blue &+= Int32(source[at + 2]) &* weight
                    at += 3
                }
                let out = y * targetStride + i * 3
                target[out] = byte(red)
                target[out + 1] = byte(green)
                target[out + 2] = byte(blue)
            }
        }
    }
}

/// Weighted sums of whole rows, from byte `start` of each on: the specification of `resampleColumns`.
func resampleColumnsPlainly(
    _ source: UnsafeBufferPointer<UInt8>, stride: Int, from start: Int = 0, axis: Resampler.Axis,
    into target: UnsafeMutableBufferPointer<UInt8>, offset: Int, stride targetStride: Int
) {
    let half = Int32(1) << Int32(Resampler.precision - 1)
    axis.weights.withUnsafeBufferPointer { weights in
        for i in 0..<axis.output {
            let base = i * axis.taps, count = axis.count[i], first = axis.first[i] * stride
            let out = offset + i * targetStride
            for x in start..<stride {
                var sum = half
                for k in 0..<count { sum &+= Int32(source[first + k * stride + x]) &* weights[base + k] }
                target[out + x] = byte(sum)
            }
        }
    }
}

@inline(__always)
private func byte(_ sum: Int32) -> UInt8 {
    UInt8(clamping: sum >> Int32(Resampler.precision))
}
