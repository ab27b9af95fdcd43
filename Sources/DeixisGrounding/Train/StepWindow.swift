/// Means over the steps of one line of the log. A checkpoint holds it, so that a resumed run writes the same lines.
struct StepWindow: Codable {
    private(set) var count = 0.0
    private var samples = 0
    private var loss = 0.0, terms = SelfPacedLoss.terms.map { _ in 0.0 }
    /// Not in checkpoints of before they were counted.
    private var weights: [Double]? = SelfPacedLoss.terms.map { _ in 0.0 }
    private var accuracy = 0.0, gradientNorm = 0.0, factor = 0.0
    /// Of computing these steps.
    private(set) var seconds = 0.0
    /// Of them, for batches that were not yet made. Not in checkpoints of before it was counted.
    private var waited: Double?

    mutating func add(_ result: Trainer.StepResult, _ batchSize: Int, seconds: Double, waited: Double) {
        count += 1
        samples += batchSize
        loss += result.loss
        for (i, term) in result.terms.enumerated() { terms[i] += term }
        weights = weights.map { zip($0, result.weights).map(+) }
        accuracy += result.accuracy
        gradientNorm += result.gradientNorm
        factor = result.rateFactor
        self.seconds += seconds
        self.waited = (self.waited ?? 0) + waited
    }

    /// The share of the time that went into waiting for batches.
    var shareWaited: Double { (waited ?? 0) / max(1e-9, seconds) }

    var samplesPerSecond: Double { Double(samples) / max(1e-9, seconds) }

    func fill(_ record: inout TrainingRecord) {
        record.loss["loss"] = rounded(loss / count)
        for (term, value) in zip(SelfPacedLoss.terms, terms) { record.loss[term.name] = rounded(value / count) }
        for (term, value) in zip(SelfPacedLoss.terms, weights ?? []) {
            record.loss[term.weight] = rounded(value / count)
        }
        record.accuracy = rounded(accuracy / count)
        record.gradientNorm = rounded(gradientNorm / count)
        record.rateFactor = rounded(factor)
        record.samplesPerSecond = (samplesPerSecond * 10).rounded() / 10
        record.secondsWaitedForData = rounded(waited ?? 0)
    }
}

/// Six digits: enough for a log, and the same text on every machine.
func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
