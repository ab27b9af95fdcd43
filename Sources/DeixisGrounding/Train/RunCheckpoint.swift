import DeixisFiles
public import DeixisInput
public import DeixisTraining
import Foundation

/// What a run's checkpoint says beside its tensors, under the metadata keys `recipe`, `state` (JSON) and `vocabulary`
/// (one token a line); the file itself is described in formats/checkpoint.md.
struct RunHeader {
    struct State: Codable {
        var step: Int
        var seconds: Double
        var heldOutAccuracy: Double?
        /// Of the log's next line, which began before the checkpoint; nil in checkpoints of older versions.
        var window: StepWindow?
    }

    var recipe: TrainingRecipe
    var state: State
    var vocabulary: Vocabulary
    /// Where the network has a score head; only of checkpoints that `ScoreFit` has gone through.
    var score: ScoreNote?
    /// Of a run that trains for int8.
    var quantization: FakeQuantization?

    /// Every part that is missing or broken is named.
    static func read(_ path: String) throws(GroundingError) -> RunHeader {
        let metadata: [String: String]
        do throws(TrainingError) {
            metadata = try Checkpoint.metadata(of: path)
        } catch {
            throw .training(error)
        }
        func text(_ key: String) throws(GroundingError) -> String {
            guard let text = metadata[key] else {
                throw .badCheckpoint(path: path, reason: "its metadata has no '\(key)': not one of a training run")
            }
            return text
        }
        func json<T: Decodable>(_ key: String, _ type: T.Type) throws(GroundingError) -> T {
            guard let value = try? JSONDecoder().decode(type, from: Data(try text(key).utf8)) else {
                throw .badCheckpoint(
                    path: path, reason: "'\(key)' of its metadata is broken, or of another version of this program")
            }
            return value
        }
        let recipeText = Array(try text("recipe").utf8)
        var start = TrainingRecipe()
        start.configuration = NetworkConfiguration()
        let recipe: TrainingRecipe
        do throws(JSONReaderError) {
            recipe = try TrainingRecipe.parse(
                recipeText, path: "'recipe' of its metadata", newest: TrainingRecipe.version, versionless: 0,
                start: start
            ).settings
        } catch {
            throw .badCheckpoint(path: path, reason: error.description)
        }
        _ = try text("state")
        let state = try json("state", State.self)
        let lines = try text("vocabulary")
        let quantization = metadata["int8"] == nil ? nil : try json("int8", FakeQuantization.self)
        if let quantization, !quantization.isSound {
            throw .badCheckpoint(path: path, reason: "'int8' of its metadata has a scale or a zero that cannot be")
        }
        let score = metadata["score"] == nil ? nil : try json("score", ScoreNote.self)
        if let score, !(1...4096).contains(score.hidden) {
            throw .badCheckpoint(path: path, reason: "'score' of its metadata has a hidden width of \(score.hidden)")
        }
        do throws(InputError) {
            return RunHeader(
                recipe: recipe, state: state, vocabulary: try Vocabulary(lines: Array(lines.utf8)), score: score,
                quantization: quantization)
        } catch {
            throw .badCheckpoint(path: path, reason: error.description)
        }
    }

    func metadata() throws(GroundingError) -> [String: String] {
        func json(_ value: some Encodable) throws(GroundingError) -> String {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(value) else { throw .notFinite(step: state.step, sample: nil) }
            return String(decoding: data, as: UTF8.self)
        }
        var metadata = [
            "recipe": recipe.fileText(version: TrainingRecipe.version), "state": try json(state),
            "vocabulary": String(decoding: vocabulary.lines, as: UTF8.self),
        ]
        if let score { metadata["score"] = try json(score) }
        if let quantization { metadata["int8"] = try json(quantization) }
        return metadata
    }
}

extension Trainer {
    /// Saves whole or not at all: whatever fails, a full disk included, the checkpoint before stays.
    public func save(to path: String) throws(GroundingError) {
        let state = RunHeader.State(step: step, seconds: seconds, heldOutAccuracy: heldOutAccuracy, window: window)
        let header = RunHeader(
            recipe: recipe, state: state, vocabulary: data.tokenizer.vocabulary, quantization: quantization)
        let metadata = try header.metadata()
        do throws(TrainingError) {
            try network.save(to: path, optimizer: optimizer, metadata: metadata)
        } catch {
            throw .training(error)
        }
    }

    /// The run of a checkpoint, ready for its next step.
    ///
    /// - Parameters:
    ///   - samples, epochs: a new length of the run; nil keeps the recipe's.
    ///   - configuration: the network that the run must have; nil: any.
    ///   - scenes: whether the run must be on generated scenes.
    ///   - microBatch: another number of samples in memory at once; nil keeps the recipe's.
    ///   - data: where the same data lie now; nil: where they lay.
    ///   - ranks: the processes among which each batch is shared; as many as there are now.
    /// - Throws: `training`, `badCheckpoint`, `settled`, and what the recipe's data set finds wrong.
    public static func resuming(
        _ path: String, skipBad: Bool = false, samples: Int? = nil, configuration: ChosenConfiguration? = nil,
        scenes: Bool = false,
        epochs: Int? = nil, microBatch: Int? = nil, data: TrainingRecipe.DataChoice? = nil,
        ranks: (any Ranks)? = nil
    ) throws(GroundingError) -> Trainer {
        let header = try RunHeader.read(path)
        var recipe = header.recipe
        if let configuration {
            // The run's vocabulary is its data's.
            var asked = configuration.configuration
            asked.language.vocabulary = recipe.configuration.language.vocabulary
            guard asked == recipe.configuration else {
                throw .settled(option: "--config \(configuration.name)", checkpoint: "\(path), a run of \(recipe.name)")
            }
        }
        if scenes, recipe.data != .scenes {
            throw .settled(option: "--scenes", checkpoint: "\(path), a run on a data set")
        }
        if let samples { (recipe.samples, recipe.epochs) = (samples, nil) }
        if let epochs { recipe.epochs = epochs }
        if let microBatch { recipe.microBatch = microBatch }
        if let data { recipe.data = data }
        let trainer = try Trainer(
            recipe, data: TrainingData(recipe, vocabulary: header.vocabulary, skipBad: skipBad), ranks: ranks)
        do throws(TrainingError) {
            try Checkpoint.load(path, into: trainer.network.parameters, optimizer: trainer.optimizer)
        } catch {
            throw .training(error)
        }
        trainer.step = header.state.step
        trainer.seconds = header.state.seconds
        trainer.heldOutAccuracy = header.state.heldOutAccuracy
        trainer.window = header.state.window ?? StepWindow()
        trainer.quantization = header.quantization
        guard (header.quantization == nil) == (recipe.int8Samples == nil),
            header.quantization.map(trainer.fits) ?? true
        else {
            throw .badCheckpoint(path: path, reason: "'int8' of its metadata is of another network or recipe")
        }
        return trainer
    }
}

/// What `export` needs of a checkpoint: the network with its averaged weights (the last ones if no average was kept).
public struct TrainedNetwork {
    public let network: GroundingNetwork<Float>
    public let recipe: TrainingRecipe
    public let tokenizer: Tokenizer
    public let letterbox: Letterbox
    public let step: Int
    public let heldOutAccuracy: Double?
    private var header: RunHeader

    /// Reads a checkpoint; the run's data need not be there.
    public init(checkpoint path: String) throws(GroundingError) {
        header = try RunHeader.read(path)
        recipe = header.recipe
        step = header.state.step
        heldOutAccuracy = header.state.heldOutAccuracy
        do throws(NetworkError) {
            network = try GroundingNetwork<Float>(recipe.configuration, seed: recipe.seed)
        } catch {
            throw .badCheckpoint(path: path, reason: error.description)
        }
        if let score = header.score { network.attachScore(hidden: score.hidden) }
        do throws(TrainingError) {
            try Checkpoint.load(path, into: network.parameters, averaged: true)
        } catch {
            throw .training(error)
        }
        do throws(InputError) {
            tokenizer = try Tokenizer(
                vocabulary: header.vocabulary,
                settings: TokenizerSettings(maxLength: recipe.configuration.language.maximumLength))
        } catch {
            throw .badCheckpoint(path: path, reason: error.description)
        }
        letterbox = try recipe.configuration.letterbox()
        // The weights that the boxes of such a run come from.
        header.quantization?.roundWeights(in: network.parameters)
        guard tokenizer.vocabulary.count == recipe.configuration.language.vocabulary else {
            throw .badCheckpoint(
                path: path,
                reason:
                    "\(tokenizer.vocabulary.count) tokens, the network has \(recipe.configuration.language.vocabulary)")
        }
        for parameter in network.parameters.all where !parameter.value.values.allSatisfy(\.isFinite) {
            throw .badCheckpoint(path: path, reason: "tensor '\(parameter.name)' holds NaN or infinity")
        }
    }

    /// `deixis.training.*` of the exported file, in order.
    public func provenance(date: String) -> [(key: String, value: String)] {
        let data =
            switch recipe.data {
            case .scenes: "generated scenes of seed \(recipe.seed)"
            case .directories(let paths, _): "data set \(paths.joined(separator: ", "))"
            }
        return [
            ("command", recipe.command), ("configuration", recipe.name), ("data", data), ("seed", "\(recipe.seed)"),
            ("samples", "\(min(step * recipe.batchSize, recipe.samples))"), ("date", date),
        ] + (heldOutAccuracy.map { [("held_out_accuracy", "\($0)")] } ?? [])
            + (header.quantization == nil
                ? [] : [("int8", "trained with values and weights rounded as int8 rounds them")])
            + (header.score.map { [("score", "fitted on \($0.samples) samples of \($0.data)")] } ?? [])
    }

    public var hasScore: Bool { network.score != nil }

    /// Attaches a score to a network that has none, and keeps it in a checkpoint of its own, which serves for export.
    public mutating func fitScore(
        _ fit: ScoreFit, _ rows: ScoreFit.Rows, data: String, to path: String
    ) throws(GroundingError) -> ScoreFit.Outcome {
        let outcome = try fit.attach(to: network, rows)
        header.score = ScoreNote(hidden: fit.hidden, samples: rows.count, data: data)
        let metadata = try header.metadata()
        do throws(TrainingError) { try network.save(to: path, metadata: metadata) } catch { throw .training(error) }
        return outcome
    }
}
