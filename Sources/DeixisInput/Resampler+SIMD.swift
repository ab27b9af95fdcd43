/// The two passes of `Resampler` four channels or sixteen bytes at a time; the same sums, hence the same bytes, as the plain ones.
///
/// A weight of 22 bits is cut into hi * 2^11 + lo. Both factors of a product then fit 16 bits, which the baseline of x86-64 can
/// multiply in vectors (pmaddwd) where it cannot multiply 32 bits; two such products beat three scalar ones by about two.
private let lowBits = Int32(11)
private let lowMask = Int32(0x7FF)
private let highMask = Int32(0xFFF)
private let half = Int32(1) << Int32(Resampler.precision - 1)

@inline(__always)
private func rounded(_ high: SIMD4<Int32>, _ low: SIMD4<Int32>) -> SIMD4<Int32> {
    ((high &<< lowBits) &+ low &+ half) &>> Int32(Resampler.precision)
}

/// Weighted sums along each row, four rows at once. Reads one byte beyond a pixel, so the last row goes the plain way.
func resampleRows(
    _ source: UnsafeBufferPointer<UInt8>, stride: Int, rows: Int, axis: Resampler.Axis,
    into target: UnsafeMutableBufferPointer<UInt8>, stride targetStride: Int
) {
    let vectored = max(rows - 1, 0) / 4 * 4
    if let base = source.baseAddress {
        axis.weights.withUnsafeBufferPointer { weights in
            for y in Swift.stride(from: 0, to: vectored, by: 4) {
                for i in 0..<axis.output {
                    let start = UnsafeRawPointer(base) + (y * stride + axis.first[i] * 3)
                    var low0 = SIMD4<Int32>(), low1 = low0, low2 = low0, low3 = low0
                    var high0 = low0, high1 = low0, high2 = low0, high3 = low0
                    let first = i * axis.taps
                    for k in 0..<axis.count[i] {
                        let weight = weights[first + k]
                        let low = SIMD4(repeating: weight & lowMask), high = SIMD4(repeating: weight >> lowBits & highMask)
                        let p0 = pixel(start + k * 3), p1 = pixel(start + (k * 3 + stride))
                        let p2 = pixel(start + (k * 3 + 2 * stride)), p3 = pixel(start + (k * 3 + 3 * stride))
                        low0 &+= p0 &* low
                        high0 &+= p0 &* high
                        low1 &+= p1 &* low
                        high1 &+= p1 &* high
                        low2 &+= p2 &* low
                        high2 &+= p2 &* high
                        low3 &+= p3 &* low
                        high3 &+= p3 &* high
                    }
                    store(rounded(high0, low0), target, y * targetStride + i * 3)
                    store(rounded(high1, low1), target, (y + 1) * targetStride + i * 3)
                    store(rounded(high2, low2), target, (y + 2) * targetStride + i * 3)
                    store(rounded(high3, low3), target, (y + 3) * targetStride + i * 3)
                }
            }
        }
    }
    let rest = UnsafeBufferPointer(rebasing: source[(vectored * stride)...])
    let below = UnsafeMutableBufferPointer(rebasing: target[(vectored * targetStride)...])
    resampleRowsPlainly(rest, stride: stride, rows: rows - vectored, axis: axis, into: below, stride: targetStride)
}

@inline(__always)
private func pixel(_ at: UnsafeRawPointer) -> SIMD4<Int32> {
    let bytes = unsafeBitCast(at.loadUnaligned(as: UInt32.self), to: SIMD4<UInt8>.self)
    return SIMD4<Int32>(truncatingIfNeeded: bytes)
}

@inline(__always)
private func store(_ sums: SIMD4<Int32>, _ target: UnsafeMutableBufferPointer<UInt8>, _ at: Int) {
    target[at] = UInt8(clamping: sums[0])
    target[at + 1] = UInt8(clamping: sums[1])
    target[at + 2] = UInt8(clamping: sums[2])
}

/// Weighted sums of whole rows, sixteen bytes at once.
func resampleColumns(
    _ source: UnsafeBufferPointer<UInt8>, stride: Int, axis: Resampler.Axis,
    into target: UnsafeMutableBufferPointer<UInt8>, offset: Int, stride targetStride: Int
) {
    guard let base = source.baseAddress, let out = target.baseAddress else { return }
    let vectored = stride / 16 * 16
    axis.weights.withUnsafeBufferPointer { weights in
        for i in 0..<axis.output {
            let first = i * axis.taps, count = axis.count[i]
            let top = UnsafeRawPointer(base) + axis.first[i] * stride
            let line = UnsafeMutableRawPointer(out) + (offset + i * targetStride)
            for x in Swift.stride(from: 0, to: vectored, by: 16) {
                var low = SIMD16<Int32>(), high = SIMD16<Int32>()
                for k in 0..<count {
                    let bytes = (top + (k * stride + x)).loadUnaligned(as: SIMD16<UInt8>.self)
                    let wide = SIMD16<Int32>(truncatingIfNeeded: bytes)
                    let weight = weights[first + k]
                    low &+= wide &* (weight & lowMask)
                    high &+= wide &* (weight >> lowBits & highMask)
                }
                let sums = ((high &<< lowBits) &+ low &+ half) &>> Int32(Resampler.precision)
                let limited = sums.clamped(lowerBound: .zero, upperBound: SIMD16(repeating: 255))
                line.storeBytes(of: SIMD16<UInt8>(truncatingIfNeeded: limited), toByteOffset: x, as: SIMD16<UInt8>.self)
            }
        }
    }
    resampleColumnsPlainly(source, stride: stride, from: vectored, axis: axis, into: target, offset: offset, stride: targetStride)
}
