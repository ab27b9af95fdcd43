public import DeixisTraining

/// A box as the network gives it: center and size in 0...1 of the letterboxed square.
struct CenterBox {
    var x, y, width, height: Double
}

/// The loss of one batch; averages over its samples.
public struct LossValue<Scalar: Real> {
    /// d_0 L_l1 + d_1 L_giou - lambda (d_0 + d_1): what `backward` starts from. Shape [1].
    public let total: Variable<Scalar>
    public let l1: Double
    public let giou: Double
    /// The weights d_0 and d_1.
    public let weights: (l1: Double, giou: Double)
}

/// Self-paced sample informativeness learning:
///
///     d(L) = exp((L - mu)^2 / sigma^2), mu = 0
///     L_total = d_0 L_l1 + d_1 L_giou - lambda (d_0 + d_1)
///
/// per sample, averaged. Gradients flow through d into the network and sigma.
///
/// As sigma shrinks the exponent has no bound, so it is kept finite: e = min(L^2 / max(|sigma|, minimumSigma)^2, exponentLimit).
/// Where either bound is active, no gradient flows through it: at the limit d is a constant weight; below the least sigma, sigma
/// gets none. With the default 2.5 neither is active: L_l1 <= 4 gives e <= 2.56.
public struct SelfPacedLoss: Sendable {
    public let configuration: NetworkConfiguration.Loss

    public init(_ configuration: NetworkConfiguration.Loss) { self.configuration = configuration }

    /// - Parameters:
    ///   - boxes: predictions, [batch, 4].
    ///   - truth: center x, center y, width, height per sample, in 0...1.
    ///   - sigma: [2].
    public func callAsFunction<Scalar: Real>(
        _ boxes: Variable<Scalar>, truth: [Scalar], sigma: Parameter<Scalar>
    ) -> LossValue<Scalar> {
        let batch = boxes.shape[0]
        precondition(boxes.shape == [batch, 4] && truth.count == 4 * batch, "\(truth.count) numbers of truth for \(boxes.shape)")
        let predictions = boxes.tensor.values
        let (sigma0, sigma1) = sigma.value.withUnsafeBufferPointer { (Double($0[0]), Double($0[1])) }

        var total = 0.0, l1 = 0.0, giou = 0.0, weight0 = 0.0, weight1 = 0.0
        var boxGradient = Array(repeating: Scalar(0), count: 4 * batch)
        var sigmaGradient = (0.0, 0.0)
        for sample in 0..<batch {
            let predicted = box(predictions, sample), target = box(truth, sample)
            let (distance, distanceSlope) = absoluteDistance(predicted, target)
            let (overlap, overlapSlope) = generalizedIoULoss(predicted, target)
            let first = pace(distance, sigma: sigma0), second = pace(overlap, sigma: sigma1)
            total += first.value + second.value
            l1 += distance
            giou += overlap
            weight0 += first.weight
            weight1 += second.weight
            for axis in 0..<4 {
                boxGradient[4 * sample + axis] = Scalar(
                    (first.slope * distanceSlope[axis] + second.slope * overlapSlope[axis]) / Double(batch))
            }
            sigmaGradient.0 += first.sigmaSlope / Double(batch)
            sigmaGradient.1 += second.sigmaSlope / Double(batch)
        }

        let (tape, source, n) = (boxes.tape, boxes.reference, Double(batch))
        let variable = tape.record(
            "SelfPacedLoss", inputs: [boxes], parameters: [sigma], Tensor([1], [Scalar(total / n)]),
            pullback: { [boxGradient, sigmaGradient] gradient in
                let seed = gradient.values[0]
                tape.accumulate(Tensor([batch, 4], boxGradient.map { $0 * seed }), into: source)
                guard sigma.isTrainable else { return }
                sigma.accumulateGradient { target, beta in
                    target[0] = Scalar(beta) * (beta == 0 ? 0 : target[0]) + seed * Scalar(sigmaGradient.0)
                    target[1] = Scalar(beta) * (beta == 0 ? 0 : target[1]) + seed * Scalar(sigmaGradient.1)
                }
            },
            emission: nil)
        return LossValue(total: variable, l1: l1 / n, giou: giou / n, weights: (weight0 / n, weight1 / n))
    }

    /// d L - lambda d for one loss of one sample, its derivatives by L and by sigma, and d.
    func pace(_ loss: Double, sigma: Double) -> (value: Double, slope: Double, sigmaSlope: Double, weight: Double) {
        guard configuration.isSelfPaced else { return (loss, 1, 0, 1) }
        let width = max(abs(sigma), configuration.minimumSigma)
        let exponent = (loss / width) * (loss / width)
        guard exponent < configuration.exponentLimit else {
            let d = exponential(configuration.exponentLimit)
            return (d * (loss - configuration.lambda), d, 0, d)
        }
        let d = exponential(exponent), excess = loss - configuration.lambda
        let slope = d + excess * d * 2 * loss / (width * width)
        let sigmaSlope = abs(sigma) < configuration.minimumSigma ? 0 : excess * d * -2 * loss * loss / (width * width * sigma)
        return (d * excess, slope, sigmaSlope, d)
    }

    private func box<Scalar: Real>(_ numbers: [Scalar], _ sample: Int) -> CenterBox {
        CenterBox(
            x: Double(numbers[4 * sample]), y: Double(numbers[4 * sample + 1]), width: Double(numbers[4 * sample + 2]),
            height: Double(numbers[4 * sample + 3]))
    }
}
