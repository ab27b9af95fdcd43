import DeixisInput
public import DeixisTraining
import Foundation

/// A run in progress: network, optimizer and place in the sequence of batches.
///
/// Step t reads batch t and draws from a stream of its own; with the same recipe and thread count every run computes
/// the same losses, whether or not it was interrupted and resumed.
public final class Trainer {
    public private(set) var recipe: TrainingRecipe
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

    /// The steps since the last line of the log.
    var window = StepWindow()

    /// How values and weights are rounded on the way; nil: not at all.
    public internal(set) var quantization: FakeQuantization?

    /// How the batches are cut.
    public private(set) var plan: BatchPlan
    /// What the recipe's patterns of names matched.
    public let matches: [PatternMatch]
    /// The processes among which each batch is shared; nil: this one alone.
    public let ranks: (any Ranks)?
    let gradientSum: GradientSum?

    /// A fresh start. `recipe.configuration.language.vocabulary` becomes the tokenizer's count, an epoch's samples
    /// the data's.
    ///
    /// - Parameters:
    ///   - ranks: the processes among which each batch is shared; nil: this one alone.
    public init(
        _ recipe: TrainingRecipe, data: TrainingData, ranks: (any Ranks)? = nil
    ) throws(GroundingError) {
        var recipe = recipe
        recipe.configuration.language.vocabulary = data.tokenizer.vocabulary.count
        recipe.settle(samples: data.training.count)
        try recipe.validate()
        let count = ranks?.count ?? 1
        guard recipe.batchSize >= count else {
            throw .badSetting(
                name: "batchSize", value: "\(recipe.batchSize)", rule: "at least 1 for each of \(count) ranks")
        }
        self.recipe = recipe
        self.ranks = ranks
        plan = BatchPlan(
            batchSize: recipe.batchSize, microBatch: recipe.microBatch, rank: ranks?.rank ?? 0, ranks: count)
        self.data = data
        var configuration = recipe.configuration
        // Statistics of batches would move what ranges were learned for. The recipe stays as it was given.
        if recipe.int8Samples != nil { configuration.visual.frozenNorm = true }
        do throws(NetworkError) {
            network = try GroundingNetwork<Float>(configuration, seed: recipe.seed)
        } catch {
            throw .network(error)
        }
        let applied = try PatternMatch.apply(freeze: recipe.freeze, rates: recipe.rates, to: network.parameters)
        matches = applied.matches
        var settings = AdamW<Float>.Settings()
        settings.weightDecay = recipe.weightDecay
        (settings.beta1, settings.beta2, settings.epsilon) = (recipe.beta1, recipe.beta2, recipe.epsilon)
        settings.decaysVectors = recipe.decaysVectors
        settings.maximumGradientNorm = recipe.maximumGradientNorm
        settings.averageDecay = recipe.averageDecay
        optimizer = AdamW(
            network.optimizerGroups(
                encoders: recipe.encoderRate, sigma: recipe.sigmaRate, rest: recipe.rate, factors: applied.factors),
            settings)
        let parameters = network.parameters
        gradientSum = ranks.map { GradientSum(parameters, $0) }
        loss = SelfPacedLoss(recipe.configuration.loss)
        // Who computes twice to save memory wants what is saved.
        if recipe.recomputes { BufferPool.keepTight() }
    }

    /// Starts an encoder from a file of safetensors or of PyTorch: a ResNet under torchvision's or DETR's names, or
    /// BERT. Returns a table of what was taken and what was left, for people.
    public func loadPretrained(_ encoder: GroundingNetwork<Float>.Encoder, from path: String) throws(GroundingError)
        -> [String]
    {
        do throws(TrainingError) {
            let report = try network.loadPretrained(encoder, from: path)
            optimizer.restartAverages()
            let part = report.part.map { ", its '\($0)'" } ?? "", others = report.ignored.count
            return [
                "\(path)\(part): \(report.loaded.count) tensors for the \(encoder.rawValue) encoder, which are all of it"
                    + (others == 0 ? "" : "; \(others) others left")
            ] + report.lines
        } catch {
            throw .training(error)
        }
    }

    /// Takes the weights of a run's checkpoint, averaged ones where it has them, as the start of this run. A score
    /// is left: it fits the network as it was.
    /// - Throws: `training`, naming the tensor where the networks differ.
    public func loadWeights(from checkpoint: String) throws(GroundingError) {
        do throws(TrainingError) {
            try Checkpoint.load(checkpoint, into: network.parameters, averaged: true) { $0.hasPrefix("score.") }
        } catch {
            throw .training(error)
        }
        optimizer.restartAverages()
    }

    /// Takes the weights of an exported model as the start of this run.
    public func loadWeights(of model: ExportedModel) throws(GroundingError) {
        try model.load(into: network)
        optimizer.restartAverages()
    }

    /// From now on at most so many samples are in memory at once.
    public func setMicroBatch(_ count: Int) {
        recipe.microBatch = count
        plan = BatchPlan(batchSize: recipe.batchSize, microBatch: count, rank: plan.rank, ranks: plan.ranks)
    }

    /// Runs the averaged weights (the last ones if no average is kept) over the held-out samples, in order, without
    /// augmentation.
    public func scoreHeldOut() throws(GroundingError) -> GroundingScore {
        try Backend.flushingSubnormals { () throws(GroundingError) in try score() }
    }

    /// Samples in one pass without gradients.
    private static let groupCount = 8

    /// Samples go through the network in the same groups however many ranks share them, so that the score has the same
    /// digits: group g on rank g mod N.
    private func score() throws(GroundingError) -> GroundingScore {
        let maker = data.heldOutMaker(recipe)
        return try optimizer.withAveragedWeights { () throws(GroundingError) in
            try withRoundedWeights { () throws(GroundingError) in try score(maker) }
        }
    }

    private func score(_ maker: BatchMaker) throws(GroundingError) -> GroundingScore {
        var groups: [[ScoredSample]] = []
        for at in stride(from: 0, to: data.heldOutCount, by: Self.groupCount) {
            var group: [ScoredSample] = []
            if groups.count % plan.ranks == plan.rank {
                let batch = try maker.plain(at..<min(data.heldOutCount, at + Self.groupCount))
                if batch.count > 0 {
                    let boxes = network(
                        batch.images, batch.tokens, on: Tape<Float>(.inference, quantization: quantization)
                    ).tensor.values
                    group = (0..<batch.count).map { i in
                        let range = i * 4..<i * 4 + 4
                        return ScoredSample(
                            iou: GroundingScore.iou(boxes[range], batch.boxes[range]), kind: batch.kinds[i])
                    }
                }
            }
            groups.append(group)
        }
        var score = GroundingScore()
        for sample in (ranks.map { ScoredSample.shared(groups, $0) } ?? groups).joined() {
            score.add(iou: sample.iou, kind: sample.kind)
        }
        return score
    }
}

extension GroundingBatch {
    var tokens: TokenBatch {
        TokenBatch(batch: count, length: length, ids: tokenIDs.map { Int32($0) }, mask: mask.map { Int32($0) })
    }
}
