public import DeixisTraining

/// A box as the network gives it: center and size in 0...1 of the letterboxed square.
struct CenterBox {
    var x, y, width, height: Double
}

/// The loss of one batch; averages over its samples. Of a share of a global batch: its samples' part of the global
/// averages, so that values and gradients of all shares add up to the batch's.
public struct LossValue<Scalar: Real> {
    /// Sum of d L - lambda d over the terms: what `backward` starts from. Shape [1].
    public let total: Variable<Scalar>
    /// Each of `SelfPacedLoss.terms`, and its weight d.
    public let terms: [Double], weights: [Double]
}

/// One term of the loss. Log, screen and plot say what stands here, so that another term is one more line of
/// `SelfPacedLoss.terms`.
public struct LossTerm: Sendable {
    /// In the log and on the screen; in the plot.
    public let name: String, label: String
    /// What the log calls its sigma, and its weight d: how hard the samples are.
    public let sigma: String, weight: String
    /// L of a predicted box and the true one, and its derivative by the predicted (x, y, width, height).
    let value: @Sendable (CenterBox, CenterBox) -> (Double, [Double])
}

/// Self-paced sample informativeness learning:
///
///     d(L) = exp((L - mu)^2 / sigma^2), mu = 0 unless configured
///     L_total = d_0 L_l1 + d_1 L_giou - lambda (d_0 + d_1)
///
/// per sample, averaged over the global batch. Gradients flow through d into the network and sigma.
///
/// As sigma shrinks the exponent has no bound, so it is kept finite: e = min((L - mu)^2 / max(|sigma|, minimumSigma)^2,
/// exponentLimit). Where either bound is active, no gradient flows through it: at the limit d is a constant weight;
/// below the least sigma, sigma gets none. With the default 2.5 neither is active: L_l1 <= 4 gives e <= 2.56.
public struct SelfPacedLoss: Sendable {
    public static let terms = [
        LossTerm(name: "l1", label: "L1", sigma: "sigma0", weight: "d0", value: absoluteDistance),
        LossTerm(name: "giou", label: "1 - GIoU", sigma: "sigma1", weight: "d1", value: generalizedIoULoss),
    ]

    public let configuration: NetworkConfiguration.Loss

    public init(_ configuration: NetworkConfiguration.Loss) { self.configuration = configuration }

    /// - Parameters:
    ///   - boxes: predictions, [batch, 4].
    ///   - truth: center x, center y, width, height per sample, in 0...1.
    ///   - sigma: one for each term.
    ///   - batchSize: samples of the global batch that these are a share of; nil: these are all.
    public func callAsFunction<Scalar: Real>(
        _ boxes: Variable<Scalar>, truth: [Scalar], sigma: Parameter<Scalar>, of batchSize: Int? = nil
    ) -> LossValue<Scalar> {
        let batch = boxes.shape[0], n = Double(batchSize ?? batch)
        precondition(
            boxes.shape == [batch, 4] && truth.count == 4 * batch, "\(truth.count) numbers of truth for \(boxes.shape)")
        let predictions = boxes.tensor.values
        let terms = Self.terms, sigmas = sigma.value.values.map { Double($0) }

        var total = 0.0, losses = terms.map { _ in 0.0 }, weights = losses, sigmaGradient = losses
        var boxGradient = Array(repeating: Scalar(0), count: 4 * batch)
        for sample in 0..<batch {
            let predicted = box(predictions, sample), target = box(truth, sample)
            var value = 0.0, gradient = [0.0, 0, 0, 0]
            for (i, term) in terms.enumerated() {
                let (loss, slope) = term.value(predicted, target),
                    paced = pace(loss, sigma: sigmas[i], mu: configuration.mu[i])
                value += paced.value
                losses[i] += loss
                weights[i] += paced.weight
                for axis in 0..<4 { gradient[axis] += paced.slope * slope[axis] }
                sigmaGradient[i] += paced.sigmaSlope / n
            }
            total += value
            for axis in 0..<4 { boxGradient[4 * sample + axis] = Scalar(gradient[axis] / n) }
        }

        let (tape, source) = (boxes.tape, boxes.reference)
        let variable = tape.record(
            "SelfPacedLoss", inputs: [boxes], parameters: [sigma], Tensor([1], [Scalar(total / n)]),
            pullback: { [boxGradient, sigmaGradient] gradient in
                let seed = gradient.values[0]
                tape.accumulate(Tensor([batch, 4], boxGradient.map { $0 * seed }), into: source)
                guard sigma.isTrainable else { return }
                sigma.accumulateGradient { target, beta in
                    for (i, slope) in sigmaGradient.enumerated() {
                        target[i] = Scalar(beta) * (beta == 0 ? 0 : target[i]) + seed * Scalar(slope)
                    }
                }
            },
            emission: nil)
        return LossValue(total: variable, terms: losses.map { $0 / n }, weights: weights.map { $0 / n })
    }

    /// d L - lambda d for one loss of one sample, its derivatives by L and by sigma, and d.
    func pace(_ loss: Double, sigma: Double, mu: Double = 0) -> (
        value: Double, slope: Double, sigmaSlope: Double, weight: Double
    ) {
        guard configuration.isSelfPaced else { return (loss, 1, 0, 1) }
        let width = max(abs(sigma), configuration.minimumSigma)
        let distance = loss - mu, exponent = (distance / width) * (distance / width)
        guard exponent < configuration.exponentLimit else {
            let d = exponential(configuration.exponentLimit)
            return (d * (loss - configuration.lambda), d, 0, d)
        }
        let d = exponential(exponent), excess = loss - configuration.lambda
        let slope = d + excess * d * 2 * distance / (width * width)
        let sigmaSlope =
            abs(sigma) < configuration.minimumSigma
            ? 0 : excess * d * -2 * distance * distance / (width * width * sigma)
        return (d * excess, slope, sigmaSlope, d)
    }

    private func box<Scalar: Real>(_ numbers: [Scalar], _ sample: Int) -> CenterBox {
        CenterBox(
            x: Double(numbers[4 * sample]), y: Double(numbers[4 * sample + 1]), width: Double(numbers[4 * sample + 2]),
            height: Double(numbers[4 * sample + 3]))
    }
}
