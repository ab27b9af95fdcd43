import DeixisInput
public import DeixisTraining
import Foundation

/// A run in progress: network, optimizer and place in the sequence of batches.
///
/// Step t reads batch t and draws from a stream of its own; with the same recipe and thread count every run computes
/// the same losses, whether or not it was interrupted and resumed.
public final class Trainer {
    public let recipe: TrainingRecipe
    public let data: TrainingData
    public let network: GroundingNetwork<Float>
    let optimizer: AdamW<Float>
    let loss: SelfPacedLoss
    /// Steps taken.
    public internal(set) var step = 0
    /// Seconds of computing so far, over all sittings.
    public internal(set) var seconds = 0.0
    /// The last measurement on the held-out samples.
    public internal(set) var heldOutAccuracy: Double?

    /// A fresh start. `recipe.configuration.language.vocabulary` becomes the tokenizer's count.
    public init(_ recipe: TrainingRecipe, data: TrainingData) throws(GroundingError) {
        var recipe = recipe
        recipe.configuration.language.vocabulary = data.tokenizer.vocabulary.count
        try recipe.validate()
        self.recipe = recipe
        self.data = data
        do throws(NetworkError) {
            network = try GroundingNetwork<Float>(recipe.configuration, seed: recipe.seed)
        } catch {
            throw .network(error)
        }
        var settings = AdamW<Float>.Settings()
        settings.weightDecay = recipe.weightDecay
        settings.beta2 = recipe.beta2
        settings.maximumGradientNorm = recipe.maximumGradientNorm
        settings.averageDecay = recipe.averageDecay
        optimizer = AdamW(
            network.optimizerGroups(encoders: recipe.encoderRate, sigma: recipe.sigmaRate, rest: recipe.rate), settings)
        loss = SelfPacedLoss(recipe.configuration.loss)
    }

    /// Starts an encoder from a file of safetensors or of PyTorch: a ResNet under torchvision's or DETR's names, or BERT.
    /// Returns a line about it.
    public func loadPretrained(_ encoder: GroundingNetwork<Float>.Encoder, from path: String) throws(GroundingError) -> String {
        do throws(TrainingError) {
            let report = try network.loadPretrained(encoder, from: path)
            return "\(path)\(report.part.map { ", its '\($0)'" } ?? ""): \(report.loaded.count) tensors for the \(encoder.rawValue) encoder"
                + (report.ignored.isEmpty ? "" : ", \(report.ignored.count) others not used")
        } catch {
            throw .training(error)
        }
    }

    /// What one step found, before its update.
    public struct StepResult {
        public internal(set) var loss: Double
        /// Each of `SelfPacedLoss.terms`, not weighted.
        public internal(set) var terms: [Double]
        public internal(set) var accuracy, gradientNorm, rateFactor: Double
    }

    /// Forward, loss, backward, update.
    /// - Throws: `notFinite`; weights, moments and running statistics are then as before the step.
    @discardableResult
    public func train(_ batch: GroundingBatch) throws(GroundingError) -> StepResult {
        try Backend.flushingSubnormals { () throws(GroundingError) in try takeStep(batch) }
    }

    private func takeStep(_ batch: GroundingBatch) throws(GroundingError) -> StepResult {
        network.parameters.clearGradients()
        let tape = Tape<Float>(.training(seed: CounterRandom.word(recipe.seed ^ 0x5445_5045, UInt64(step))))
        let boxes = network(batch.images, batch.tokens, on: tape)
        let value = loss(boxes, truth: batch.boxes, sigma: network.sigma)
        let predictions = boxes.tensor.values
        let total = Double(value.total.tensor.values[0])
        guard total.isFinite else { throw notFinite(batch) }
        tape.backward(value.total)
        let factor = recipe.rateFactor(step: step, epochSamples: data.training.count ?? recipe.epochSamples)
        let norm = optimizer.update(factor: factor)
        guard norm.isFinite else { throw notFinite(batch) }
        tape.commit()
        step += 1
        let hits = (0..<batch.count).reduce(0) { sum, i in
            let range = i * 4..<i * 4 + 4
            return sum + (GroundingScore.iou(predictions[range], batch.boxes[range]) > GroundingScore.threshold ? 1 : 0)
        }
        return StepResult(
            loss: total, terms: value.terms, accuracy: Double(hits) / Double(batch.count), gradientNorm: norm,
            rateFactor: factor)
    }

    /// Names the sample, by its number in the run, whose true box or whose answer alone is no number; none where every
    /// answer is.
    private func notFinite(_ batch: GroundingBatch) -> GroundingError {
        let answers = network(batch.images, batch.tokens, on: Tape<Float>(.inference)).tensor.values
        func first(_ boxes: [Float]) -> Int? { boxes.firstIndex { !$0.isFinite }.map { $0 / 4 } }
        let weightsAreSound = (0..<batch.count).contains { answers[$0 * 4..<$0 * 4 + 4].allSatisfy(\.isFinite) }
        let culprit = first(batch.boxes) ?? (weightsAreSound ? first(answers) : nil)
        return .notFinite(step: step, sample: culprit.map { step * recipe.batchSize + $0 })
    }

    /// Runs the averaged weights (the last ones if no average is kept) over the held-out samples, in order, without
    /// augmentation.
    public func scoreHeldOut() throws(GroundingError) -> GroundingScore {
        try Backend.flushingSubnormals { () throws(GroundingError) in try score() }
    }

    private func score() throws(GroundingError) -> GroundingScore {
        let maker = data.heldOutMaker(recipe)
        return try optimizer.withAveragedWeights { () throws(GroundingError) in
            var score = GroundingScore()
            var at = 0
            while at < data.heldOutCount {
                let end = min(data.heldOutCount, at + recipe.batchSize)
                let batch = try maker.plain(at..<end)
                at = end
                if batch.count == 0 { continue }
                let boxes = network(batch.images, batch.tokens, on: Tape<Float>(.inference)).tensor.values
                for i in 0..<batch.count {
                    let range = i * 4..<i * 4 + 4
                    score.add(iou: GroundingScore.iou(boxes[range], batch.boxes[range]), kind: batch.kinds[i])
                }
            }
            return score
        }
    }
}

extension GroundingBatch {
    var tokens: TokenBatch {
        TokenBatch(batch: count, length: length, ids: tokenIDs.map { Int32($0) }, mask: mask.map { Int32($0) })
    }
}
