import DeixisTraining

extension Trainer {
    /// What one step found, before its update.
    public struct StepResult {
        public internal(set) var loss: Double
        /// Each of `SelfPacedLoss.terms`, not weighted.
        public internal(set) var terms: [Double]
        /// The weight d of each, averaged over the batch.
        public internal(set) var weights: [Double]
        public internal(set) var accuracy, gradientNorm, rateFactor: Double
    }

    /// What shares of a global batch add up to, beside their gradients.
    public struct StepSums: Sendable, Equatable {
        /// Parts of the global averages.
        public var loss = 0.0
        public var terms = SelfPacedLoss.terms.map { _ in 0.0 }, weights = SelfPacedLoss.terms.map { _ in 0.0 }
        /// Boxes with IoU above the threshold.
        public var hits = 0
        /// The place in the global batch of a sample whose loss is no number, where one is to blame.
        public var culprit: Int?
    }

    /// One step on a whole batch.
    /// - Throws: `notFinite`; weights, moments and running statistics are then as before the step.
    @discardableResult
    public func train(_ batch: GroundingBatch) throws(GroundingError) -> StepResult {
        let pieces = plan.pieces
        return try train { (piece) throws(GroundingError) in batch.part(pieces[piece]) }
    }

    /// One step: the gradients of this rank's share, joined with those of the others, then the optimizer's update.
    ///
    /// - Parameter piece: the micro-batch of that number among `plan.pieces`; asked for in order.
    /// - Throws: `notFinite`; weights, moments and running statistics are then as before the step.
    @discardableResult
    public func train(_ piece: (Int) throws(GroundingError) -> GroundingBatch) throws(GroundingError) -> StepResult {
        try Backend.flushingSubnormals { () throws(GroundingError) in
            network.parameters.clearGradients()
            var sums = StepSums()
            gradientSum?.begin()
            let pieces = plan.pieces
            try withRoundedWeights { () throws(GroundingError) in
                for (number, range) in pieces.enumerated() where sums.loss.isFinite {
                    addGradients(
                        of: try piece(number), at: range.lowerBound, to: &sums,
                        completed: number == pieces.count - 1 ? gradientSum?.isComplete : nil)
                }
            }
            join(&sums)
            return try update(sums)
        }
    }

    /// Adds the gradients of some samples of the global batch to the parameters', and what was found of them to `sums`.
    ///
    /// The loss is divided by the global batch's size, and what is random of a sample depends on its number there: so
    /// the gradients of all micro-batches and ranks sum to those of the whole batch in one piece, but for rounding.
    /// Batch statistics of BatchNorm, where they are not frozen, are the micro-batch's own; running statistics move
    /// by the mean of what the micro-batches found.
    ///
    /// - Parameters:
    ///   - first: where the samples begin in the global batch.
    ///   - completed: hears which gradients this pass adds nothing more to, as it goes.
    func addGradients(
        of batch: GroundingBatch, at first: Int, to sums: inout StepSums,
        completed: ((Parameter<Float>) -> Void)? = nil
    ) {
        let tape = Tape<Float>(
            .training(seed: CounterRandom.word(recipe.seed ^ 0x5445_5045, UInt64(step))), firstSample: first,
            recomputes: recipe.recomputes, quantization: quantization)
        let boxes = network(batch.images, batch.tokens, on: tape)
        let value = loss(boxes, truth: batch.boxes, sigma: network.sigma, of: plan.batchSize)
        let total = Double(value.total.tensor.values[0])
        sums.loss += total
        guard total.isFinite else {
            tape.discard()
            sums.culprit = culprit(batch).map { first + $0 }
            return
        }
        let predictions = boxes.tensor.values
        tape.backward(value.total, completed: completed)
        tape.commit(share: Double(batch.count) / Double(plan.batchSize))
        for i in value.terms.indices {
            sums.terms[i] += value.terms[i]
            sums.weights[i] += value.weights[i]
        }
        for i in 0..<batch.count {
            let range = i * 4..<i * 4 + 4
            if GroundingScore.rule.isHit(GroundingScore.iou(predictions[range], batch.boxes[range])) { sums.hits += 1 }
        }
    }

    /// The optimizer's step with the gradients of the whole batch.
    private func update(_ sums: StepSums) throws(GroundingError) -> StepResult {
        func notFinite(_ place: Int?) -> GroundingError {
            .notFinite(step: step, sample: place.map { step * plan.batchSize + $0 })
        }
        guard sums.loss.isFinite else { throw notFinite(sums.culprit) }
        let factor = recipe.rateFactor(step: step)
        let norm = optimizer.update(factor: factor)
        guard norm.isFinite else { throw notFinite(nil) }
        network.parameters.moveStatistics()
        step += 1
        return StepResult(
            loss: sums.loss, terms: sums.terms, weights: sums.weights,
            accuracy: Double(sums.hits) / Double(plan.batchSize), gradientNorm: norm, rateFactor: factor)
    }

    /// The sample of a batch whose true box or whose answer alone is no number; none where every answer is.
    private func culprit(_ batch: GroundingBatch) -> Int? {
        let answers = network(batch.images, batch.tokens, on: Tape<Float>(.inference)).tensor.values
        func first(_ boxes: [Float]) -> Int? { boxes.firstIndex { !$0.isFinite }.map { $0 / 4 } }
        let weightsAreSound = (0..<batch.count).contains { answers[$0 * 4..<$0 * 4 + 4].allSatisfy(\.isFinite) }
        return first(batch.boxes) ?? (weightsAreSound ? first(answers) : nil)
    }
}
