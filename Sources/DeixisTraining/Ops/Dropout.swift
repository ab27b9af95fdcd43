import CDeixisTensor

extension Variable {
    /// y = x m / (1 - p) in training, m a hash of the step's seed, the sample's number in the global
    /// batch and the position in the sample; x otherwise, and in export.
    public func dropout(_ rate: Double) -> Variable {
        guard rate > 0, let seed = tape.nextSeed() else { return self }
        let y = Tensor<Scalar>(uninitialized: shape)
        let (samples, first) = (shape[0], tape.firstSample)
        applyDropout(tensor, into: y, rate: rate, seed: seed, samples: samples, first: first)
        let (tape, source) = (tape, reference)
        return tape.record(
            "Dropout", inputs: [self], y,
            pullback: { gradient in
                let dx = gradient.isUnique() ? gradient : Tensor(uninitialized: gradient.shape)
                applyDropout(gradient, into: dx, rate: rate, seed: seed, samples: samples, first: first)
                tape.accumulate(dx, into: source)
            },
            emission: nil)
    }
}

/// - Parameters:
///   - samples: the outermost extent.
///   - first: the number of the first sample in the global batch.
func applyDropout<Scalar: Real>(
    _ x: Tensor<Scalar>, into y: Tensor<Scalar>, rate: Double, seed: UInt64, samples: Int, first: Int
) {
    let width = x.count / max(samples, 1)
    parallel(x.count, grain: 1 << 14) {
        eachSample(of: $0, width: width, first: first) { part, position in
            Scalar.kernels.pointee.dropout(
                y.pointer + part.lowerBound, x.pointer + part.lowerBound, part.count, rate, seed, position)
        }
    }
}

/// The parts of `range` that lie in one sample each, and where dropout's random numbers of each begin: 2^32 of them
/// belong to every sample.
func eachSample(of range: Range<Int>, width: Int, first: Int, _ body: (_ part: Range<Int>, _ position: UInt64) -> Void)
{
    var at = range.lowerBound
    while at < range.upperBound {
        let sample = at / width, end = min(range.upperBound, (sample + 1) * width)
        body(at..<end, UInt64(first + sample) << 32 + UInt64(at - sample * width))
        at = end
    }
}
