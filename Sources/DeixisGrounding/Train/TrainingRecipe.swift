import Foundation

/// Everything that decides what a training run computes, beside the data's own bytes: kept in every checkpoint, so that
/// `--resume` and `export` need no other file. Times of saving and reporting are not part of it.
public struct TrainingRecipe: Sendable, Codable, Equatable {
    /// The name the configuration was chosen by, for people.
    public var name = "small"
    public var configuration = NetworkConfiguration.small
    /// Of the initial weights, the order of the data, augmentation, dropout and generated scenes.
    public var seed: UInt64 = 1
    /// How many samples to train on, repetitions included.
    public var samples = 400_000
    public var batchSize = 32
    public var data = DataChoice.scenes
    /// Of generated scenes; data sets have none.
    public var curriculum = SceneCurriculum.objects
    public var augmentation = AugmentationChoice.scenes
    /// Chance of a stray unknown word in a training sentence.
    public var strayWord = 0.02

    /// Learning rates before schedule and warm-up.
    public var encoderRate = 3e-4
    public var sigmaRate = 5e-5
    public var rate = 3e-4
    public var weightDecay = 1e-2
    public var beta2 = 0.98
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

    public enum DataChoice: Sendable, Codable, Equatable {
        /// Endless scenes of the recipe's seed; held-out scenes come from another seed.
        case scenes
        /// A data set; without `validation`, part of it is held out.
        case directory(String, validation: String?)
    }

    public enum AugmentationChoice: String, Sendable, Codable, CaseIterable { case none, scenes, paper }

    public enum ScheduleChoice: Sendable, Codable, Equatable {
        /// The full rates for the first `hold` of the run, then half a cosine down to `final`.
        case cosine(hold: Double, final: Double)
        /// Multiplied by `factor` at each of `epochs`; an epoch of scenes is `epochSamples` of them.
        case milestones(epochs: [Int], factor: Double)
    }
    /// Samples that count as an epoch where the data has no end.
    public var epochSamples = 100_000

    public init() {}

    /// The defaults for a configuration by name: the paper's recipe for its networks, a quicker one for the slim ones.
    public static func named(_ name: String) throws(GroundingError) -> TrainingRecipe {
        var recipe = TrainingRecipe()
        recipe.name = name
        do throws(NetworkError) {
            recipe.configuration = try NetworkConfiguration.named(name)
        } catch {
            throw .network(error)
        }
        if name.hasPrefix("paper") {
            recipe.batchSize = 192
            recipe.encoderRate = 1e-5
            recipe.sigmaRate = 5e-5
            recipe.rate = 1e-4
            recipe.schedule = .milestones(epochs: [10, 80], factor: 0.1)
            recipe.warmUpSteps = 0
            recipe.weightDecay = 1e-4
            recipe.beta2 = 0.999
            recipe.curriculum = .none
            recipe.maximumGradientNorm = nil
            recipe.averageDecay = nil
            recipe.augmentation = .paper
            recipe.strayWord = 0
            recipe.samples = 120 * 120_624
            recipe.epochSamples = 120_624
        }
        return recipe
    }

    /// What the learning rates are multiplied by at `step`, in an epoch of `epochSamples` samples.
    func rateFactor(step: Int, epochSamples: Int) -> Double {
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

    var augmentationAmounts: Augmentation {
        switch augmentation {
        case .none: .none
        case .scenes: .scenes
        case .paper: .paper
        }
    }

    public func validate() throws(GroundingError) {
        func check(_ holds: Bool, _ name: String, _ value: some CustomStringConvertible, _ rule: String) throws(GroundingError) {
            if !holds { throw .badSetting(name: name, value: value.description, rule: rule) }
        }
        try check(samples >= 1, "samples", samples, "at least 1")
        try check((1...65536).contains(batchSize), "batch size", batchSize, "1 to 65536")
        for (name, value) in [("encoder rate", encoderRate), ("sigma rate", sigmaRate), ("rate", rate), ("weight decay", weightDecay)] {
            try check(value.isFinite && value >= 0, name, value, "a number that is not negative")
        }
        try check((0..<1).contains(beta2), "beta2", beta2, "0 or more, below 1")
        for stage in curriculum.stages { try stage.settings.validate() }
        try curriculum.heldOut?.validate()
        if case .cosine(let hold, let final) = schedule {
            try check((0...1).contains(hold) && (0...1).contains(final), "schedule", "hold \(hold), final \(final)", "shares in 0 to 1")
        }
        try check(warmUpSteps >= 0, "warm-up steps", warmUpSteps, "0 or more")
        try check((0...1).contains(strayWord), "stray word", strayWord, "0 to 1")
        try check(heldOut >= 0, "held-out samples", heldOut, "0 or more")
        try check(evaluateEvery >= 1, "steps between evaluations", evaluateEvery, "at least 1")
        try check(epochSamples >= 1, "samples per epoch", epochSamples, "at least 1")
        if let maximumGradientNorm { try check(maximumGradientNorm > 0, "gradient norm", maximumGradientNorm, "above 0") }
        if let averageDecay { try check((0..<1).contains(averageDecay), "average decay", averageDecay, "0 or more, below 1") }
        do throws(NetworkError) {
            try configuration.validate()
        } catch {
            throw .network(error)
        }
    }
}
