import CDeixisTensor

#if canImport(Glibc)
import Glibc
#endif

extension Initializer {
    /// Writes every element of `tensor`; the same values for the same seed, whatever the threads.
    func fill<Scalar: Real>(_ tensor: Tensor<Scalar>, seed: UInt64) {
        let (pointer, count, shape) = (tensor.pointer, tensor.count, tensor.shape)
        let kernels = Scalar.kernels
        func normal(_ deviation: Double) {
            parallel(count, grain: 4096) {
                kernels.pointee.normal(pointer + $0.lowerBound, deviation, seed, UInt64($0.lowerBound), $0.count)
            }
        }
        func uniform(_ bound: Double) {
            parallel(count, grain: 4096) {
                kernels.pointee.uniform(pointer + $0.lowerBound, -bound, bound, seed, UInt64($0.lowerBound), $0.count)
            }
        }
        func constant(_ value: Double) {
            parallel(count, grain: 1 << 16) { kernels.pointee.fill(pointer + $0.lowerBound, value, $0.count) }
        }
        let area = shape.dropFirst(2).reduce(1, *)
        switch self {
        case .zeros: constant(0)
        case .ones: constant(1)
        case .constant(let value): constant(value)
        case .normal(let deviation): normal(deviation)
        case .uniform(let bound): uniform(bound)
        case .xavier: uniform((6 / Double(shape[0] + (shape.count > 1 ? shape[1] : 1))).squareRoot())
        case .heFanOut: normal((2 / Double(shape[0] * area)).squareRoot())
        case .sineGrid(let width, let scale):
            let channels = shape[1], half = channels / 2
            for position in 0..<shape[0] {
                for channel in 0..<channels {
                    let place = Double(channel < half ? position / width : position % width)
                    let within = channel < half ? channel : channel - half
                    let frequency = pow(10000, -Double(within / 2 * 2) / Double(max(half, 1)))
                    let angle = place * frequency
                    pointer[position * channels + channel] = Scalar(scale * (within % 2 == 0 ? sin(angle) : cos(angle)))
                }
            }
        }
    }
}
