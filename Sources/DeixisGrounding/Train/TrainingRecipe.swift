import Foundation

/// Everything that decides what a training run computes, beside the data's own bytes: kept in every checkpoint, so that
/// `--resume` and `export` need no other file. Times of saving and reporting are not part of it.
public struct TrainingRecipe: Sendable, Equatable {
    /// The name the configuration was chosen by, for people.
    public var name = "small"
    /// The named configuration that this one comes from; nil where there is none, or the run is from before this was
    /// kept.
    public var base: String?
    public var configuration = NetworkConfiguration.small
    /// Of the initial weights, the order of the data, augmentation, dropout and generated scenes.
    public var seed: UInt64 = 1
    /// How many samples to train on, repetitions included. Where `epochs` stands, the trainer sets it from that.
    public var samples = 400_000
    /// Times through the data; nil: `samples` says how long.
    public var epochs: Int?
    /// Samples of a step, all ranks and micro-batches together.
    public var batchSize = 32
    /// Samples that are in memory at once; nil: the whole batch.
    public var microBatch: Int?
    /// The trunk's stages keep their inputs alone and are computed again on the way back: less memory, more time, the
    /// same result but for rounding.
    public var recomputes = false
    /// Samples that ranges are learned from, to train with values and weights rounded as int8 will round them; nil:
    /// floats stay floats.
    public var int8Samples: Int?
    public var data = DataChoice.scenes
    /// Of generated scenes; data sets have none.
    public var curriculum = SceneCurriculum.objects
    public var augmentation = Augmentation.scenes
    /// Chance of a stray unknown word in a training sentence.
    public var strayWord = 0.02

    /// Learning rates before schedule and warm-up.
    public var encoderRate = 3e-4
    public var sigmaRate = 5e-5
    public var rate = 3e-4
    /// Parameters that do not learn, by patterns of `ParameterPattern`.
    public var freeze: [String] = []
    /// What the learning rates of matching parameters are multiplied by.
    public var rates = RateFactors()
    /// Of AdamW.
    public var weightDecay = 1e-2
    public var beta1 = 0.9
    public var beta2 = 0.98
    public var epsilon = 1e-8
    /// Biases and norms decay too.
    public var decaysVectors = false
    public var schedule = ScheduleChoice.cosine(hold: 0.6, final: 0.01)
    public var warmUpSteps = 100
    /// The command that began the run, for the exported file's provenance.
    public var command = ""
    /// nil: gradients are not clipped.
    public var maximumGradientNorm: Double? = 1
    /// Decay of the average of weights that is evaluated and exported; nil: the last weights themselves.
    public var averageDecay: Double? = 0.999

    /// Samples of the held-out set that accuracy is measured on while training.
    public var heldOut = 512
    /// Steps between two such measurements.
    public var evaluateEvery = 500
    /// Samples of an epoch: the data set's own number where there is one, else this.
    public var epochSamples = 100_000

    public enum DataChoice: Sendable, Equatable {
        /// Endless scenes of the recipe's seed; held-out scenes come from another seed.
        case scenes
        /// Data sets, joined in this order; without `validation`, part of each is held out.
        case directories([String], validation: String?)
    }

    public enum ScheduleChoice: Sendable, Equatable {
        /// The full rates for the first `hold` of the run, then half a cosine down to `final`.
        case cosine(hold: Double, final: Double)
        /// Multiplied by `factor` at each of `epochs`.
        case milestones(epochs: [Int], factor: Double)
    }

    public init() {}

    /// A configuration by name with the recipe that goes with it.
    public static func named(_ name: String) throws(GroundingError) -> TrainingRecipe {
        do throws(NetworkError) {
            return TrainingRecipe(try NetworkConfiguration.named(name), name: name, base: name)
        } catch {
            throw .network(error)
        }
    }

    /// The paper's recipe for its networks, a quicker one, on scenes, for the slim ones.
    ///
    /// - Parameter base: the named configuration that this one comes from; nil: frozen norms say that it is one of
    ///   the paper's.
    public init(_ configuration: NetworkConfiguration, name: String, base: String?) {
        (self.configuration, self.name, self.base) = (configuration, name, base)
        if base?.hasPrefix("paper") ?? configuration.visual.frozenNorm { adopt(.paper) }
    }

    public init(_ chosen: ChosenConfiguration) { self.init(chosen.configuration, name: chosen.name, base: chosen.base) }

    /// What the learning rates are multiplied by at `step`.
    func rateFactor(step: Int) -> Double {
        let rise = warmUpSteps > 0 ? min(1, Double(step + 1) / Double(warmUpSteps)) : 1
        switch schedule {
        case .milestones(let epochs, let factor):
            let epoch = step * batchSize / epochSamples
            return epochs.reduce(rise) { epoch >= $1 ? $0 * factor : $0 }
        case .cosine(let hold, let final):
            let decline = min(1, max(0, (Double(step) / Double(steps) - hold) / max(1 - hold, 1e-9)))
            return rise * (final + (1 - final) * 0.5 * (1 + cos(.pi * decline)))
        }
    }

    public var steps: Int { (samples + batchSize - 1) / batchSize }
    /// Steps in which the data is gone through once, the last one begun included.
    public var stepsPerEpoch: Int { (epochSamples + batchSize - 1) / batchSize }

    /// Settles what depends on the data.
    /// - Parameter count: samples of the data set; nil for endless data.
    mutating func settle(samples count: Int?) {
        if let count { epochSamples = count }
        if let epochs {
            let (product, overflow) = epochs.multipliedReportingOverflow(by: epochSamples)
            samples = overflow ? .max : product
        }
    }

    /// - Throws: `badSetting` with the setting's key, `network`.
    public func validate() throws(GroundingError) {
        func check(_ holds: Bool, _ name: String, _ value: some CustomStringConvertible, _ rule: String)
            throws(GroundingError)
        {
            if !holds { throw .badSetting(name: name, value: value.description, rule: rule) }
        }
        try check((1...1 << 48).contains(samples), "samples", samples, "1 to \(1 << 48)")
        if let epochs { try check((1...1_000_000).contains(epochs), "epochs", epochs, "1 to 1000000") }
        try check((1...65536).contains(batchSize), "batchSize", batchSize, "1 to 65536")
        if let microBatch { try check(microBatch >= 1, "microBatch", microBatch, "at least 1") }
        for (name, value) in [
            ("rate", rate), ("encoderRate", encoderRate), ("sigmaRate", sigmaRate), ("weightDecay", weightDecay),
        ] {
            try check(value.isFinite && value >= 0, name, value, "a number that is not negative")
        }
        for entry in rates.entries {
            try check(
                entry.factor.isFinite && entry.factor >= 0, "rates['\(entry.pattern)']", entry.factor,
                "a number that is not negative")
        }
        for (name, value) in [("beta1", beta1), ("beta2", beta2)] {
            try check((0..<1).contains(value), name, value, "0 or more, below 1")
        }
        try check(epsilon > 0 && epsilon <= 1, "epsilon", epsilon, "above 0, at most 1")
        for stage in curriculum.stages { try stage.settings.validate() }
        try curriculum.heldOut?.validate()
        try augmentation.validate()
        switch schedule {
        case .cosine(let hold, let final):
            try check(
                (0...1).contains(hold) && (0...1).contains(final), "schedule", "hold \(hold), final \(final)",
                "shares in 0 to 1")
        case .milestones(let epochs, let factor):
            try check(factor.isFinite && factor >= 0, "schedule", "factor \(factor)", "a factor that is not negative")
            try check(epochs.allSatisfy { $0 >= 0 }, "schedule", "epochs \(epochs)", "epochs counted from 0")
        }
        try check(int8Samples ?? 1 >= 1, "int8Samples", int8Samples ?? 1, "at least 1, or null")
        try check(
            int8Samples == nil || !recomputes, "int8Samples", int8Samples ?? 0, "null where the trunk is recomputed")
        try check(warmUpSteps >= 0, "warmUpSteps", warmUpSteps, "0 or more")
        try check((0...1).contains(strayWord), "strayWord", strayWord, "0 to 1")
        try check(heldOut >= 0, "heldOut", heldOut, "0 or more")
        try check(evaluateEvery >= 1, "evaluateEvery", evaluateEvery, "at least 1")
        try check(epochSamples >= 1, "epochSamples", epochSamples, "at least 1")
        if let maximumGradientNorm {
            try check(maximumGradientNorm > 0, "maximumGradientNorm", maximumGradientNorm, "above 0")
        }
        if let averageDecay {
            try check((0..<1).contains(averageDecay), "averageDecay", averageDecay, "0 or more, below 1")
        }
        do throws(NetworkError) {
            try configuration.validate()
        } catch {
            throw .network(error)
        }
    }
}

// MARK: - By name

extension TrainingRecipe {
    /// Recipes that `--recipe` knows.
    public enum Known: String, Sendable, CaseIterable {
        /// Quick, for slim networks on generated scenes.
        case scenes
        /// The paper's: 120 epochs, batch 192, rates a tenth from epochs 10 and 80.
        case paper
        /// The paper's first stage on joined sets: 40 epochs, rates a tenth from epoch 30.
        case pretrain
        /// The paper's second stage, from a checkpoint of the first: 60 epochs, rates a tenth from epoch 40.
        case finetune
    }

    /// Everything that a recipe's file can say, as the known one has it; configuration, data and seed stay.
    public mutating func adopt(_ known: Known) {
        var fresh = TrainingRecipe()
        (fresh.name, fresh.base, fresh.configuration) = (name, base, configuration)
        (fresh.data, fresh.seed, fresh.command) = (data, seed, command)
        self = fresh
        guard known != .scenes else { return }
        batchSize = 192
        (encoderRate, sigmaRate, rate) = (1e-5, 5e-5, 1e-4)
        warmUpSteps = 0
        weightDecay = 1e-4
        beta2 = 0.999
        curriculum = .none
        maximumGradientNorm = nil
        averageDecay = nil
        augmentation = .paper
        strayWord = 0
        // Sentences of RefCOCO's training split.
        epochSamples = 120_624
        switch known {
        case .scenes, .paper: (epochs, schedule) = (120, .milestones(epochs: [10, 80], factor: 0.1))
        case .pretrain: (epochs, schedule) = (40, .milestones(epochs: [30], factor: 0.1))
        case .finetune: (epochs, schedule) = (60, .milestones(epochs: [40], factor: 0.1))
        }
        settle(samples: nil)
    }
}
