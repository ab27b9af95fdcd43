public import DeixisInput
import Foundation

extension RGBImage {
    /// Gaussian blur of `deviation` pixels: two passes of exp(-d^2 / 2 s^2) over |d| <= ceil(2.5 s), edges repeated.
    /// Below 0.2 pixels nothing would change, and nothing is done.
    public func blurred(deviation: Double) -> RGBImage {
        guard deviation >= 0.2 else { return self }
        let radius = Int((2.5 * deviation).rounded(.up))
        var kernel = (-radius...radius).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
        let sum = kernel.reduce(0, +)
        kernel = kernel.map { $0 / sum }
        var weights = kernel.map { Int32(($0 * 65536).rounded()) }
        // Exactly 1 in total: gray stays gray.
        weights[radius] += 65536 - weights.reduce(0, +)
        return pass(weights, count: width, stride: 3, lines: height, lineStride: width * 3)
            .pass(weights, count: height, stride: width * 3, lines: width, lineStride: 3)
    }

    private func pass(_ weights: [Int32], count: Int, stride: Int, lines: Int, lineStride: Int) -> RGBImage {
        let radius = weights.count / 2
        var result = self
        var line = [Int32](repeating: 0, count: count + 2 * radius)
        for l in 0..<lines {
            for channel in 0..<3 {
                let base = l * lineStride + channel
                for i in line.indices { line[i] = Int32(pixels[base + min(max(i - radius, 0), count - 1) * stride]) }
                for i in 0..<count {
                    var sum: Int32 = 32768
                    for k in weights.indices { sum += weights[k] * line[i + k] }
                    result.pixels[base + i * stride] = UInt8(truncatingIfNeeded: sum >> 16)
                }
            }
        }
        return result
    }
}
