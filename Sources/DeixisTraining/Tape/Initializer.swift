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
        case .xavier: uniform((6 / Double((shape[0] + (shape.count > 1 ? shape[1] : 1)) * area)).squareRoot())
        case .heFanOut: normal((2 / Double(shape[0] * area)).squareRoot())
        case .scaledXavier(let gain):
            uniform(gain * (6 / Double(shape[0] + (shape.count > 1 ? shape[1] : 1))).squareRoot())
        case .values(let values):
            precondition(values.count == count, "\(values.count) initial values for \(shape)")
            for index in 0..<count { pointer[index] = Scalar(values[index]) }
        case .sineGrid(let side, let copies, let amplitude):
            constant(0)
            let channels = shape[1], width = channels / copies, q = width / 4
            for position in 0..<shape[0] {
                let x = Double(position % side) + 0.5, y = Double(position / side) + 0.5
                for copy in 0..<copies {
                    let row = pointer + position * channels + copy * width
                    for j in 0..<q {
                        let frequency = Double.pi / 2 * pow(Double(side), -Double(j) / Double(max(q - 1, 1)))
                        row[j] = Scalar(amplitude * sin(frequency * x))
                        row[q + j] = Scalar(amplitude * cos(frequency * x))
                        row[2 * q + j] = Scalar(amplitude * sin(frequency * y))
                        row[3 * q + j] = Scalar(amplitude * cos(frequency * y))
                    }
                }
            }
        }
    }
}
