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
        case .rows(let row):
            for index in 0..<count { pointer[index] = Scalar(row[index % row.count]) }
        case .xavier(let gain): uniform(gain * (6 / Double(shape[0] + (shape.count > 1 ? shape[1] : 1))).squareRoot())
        case .heFanOut: normal((2 / Double(shape[0] * area)).squareRoot())
        case .sineGrid(let width, let period):
            let quarter = max(period / 4, 1)
            for index in 0..<count {
                let (position, channel) = (index / shape[1], index % shape[1] % period)
                let place = Double(channel < 2 * quarter ? position % width : position / width) + 0.5
                let decline = quarter > 1 ? Double(channel % quarter) / Double(quarter - 1) : 0
                let angle = place * Double.pi / 2 * pow(Double(width), -decline)
                pointer[index] = Scalar(channel / quarter % 2 == 0 ? sin(angle) : cos(angle))
            }
        }
    }
}
