import CDeixisTensor

extension Variable {
    /// y = x m / (1 - p) in training, m a hash of the step's seed and the position; x otherwise, and in export.
    public func dropout(_ rate: Double) -> Variable {
        guard rate > 0, let seed = tape.nextSeed() else { return self }
        let y = Tensor<Scalar>(uninitialized: shape)
        applyDropout(tensor, into: y, rate: rate, seed: seed)
        let (tape, source) = (tape, reference)
        return tape.record(
            "Dropout", inputs: [self], y,
            pullback: { gradient in
                let dx = gradient.isUnique() ? gradient : Tensor(uninitialized: gradient.shape)
                applyDropout(gradient, into: dx, rate: rate, seed: seed)
                tape.accumulate(dx, into: source)
            },
            emission: nil)
    }
}

func applyDropout<Scalar: Real>(_ x: Tensor<Scalar>, into y: Tensor<Scalar>, rate: Double, seed: UInt64) {
    parallel(x.count, grain: 1 << 14) {
        Scalar.kernels.pointee.dropout(y.pointer + $0.lowerBound, x.pointer + $0.lowerBound, $0.count, rate, seed, UInt64($0.lowerBound))
    }
}
