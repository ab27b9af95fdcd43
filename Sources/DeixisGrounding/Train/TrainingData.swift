public import DeixisInput

/// The samples, the held-out samples and the tokenizer of a run.
public struct TrainingData: Sendable {
    public let training: any SampleSource
    public let heldOut: any SampleSource
    public let heldOutCount: Int
    public let tokenizer: Tokenizer
    public let letterbox: Letterbox
    /// Lines left out because of `skipBad`.
    public let skipped: [BadLine]
    /// What else `skipBad` leaves out while training and measuring: pictures that cannot be decoded. nil: they are errors.
    public let broken: (training: LeftOut, heldOut: LeftOut)?

    /// Held-out scenes come from this seed whatever the run's: accuracies of different runs compare.
    static let heldOutSeed: UInt64 = 0xD31_515_0FF

    /// - Parameters:
    ///   - vocabulary: from a checkpoint or a file; nil makes one from the data.
    public init(_ recipe: TrainingRecipe, vocabulary: Vocabulary? = nil, skipBad: Bool = false) throws(GroundingError) {
        broken = skipBad ? (LeftOut(), LeftOut()) : nil
        let language = recipe.configuration.language
        let settings = TokenizerSettings(maxLength: language.maximumLength)
        let side = recipe.configuration.imageSide
        let words: Vocabulary
        switch recipe.data {
        case .scenes:
            training = SceneSource(seed: recipe.seed, longSide: side, curriculum: recipe.curriculum)
            // Through the same pixels as a file would: full size, then the letterbox.
            let held = recipe.curriculum.heldOut.map { SceneCurriculum([.init(until: .max, $0)]) }
            heldOut = SceneSource(seed: Self.heldOutSeed, longSide: nil, curriculum: held ?? .none)
            heldOutCount = recipe.heldOut
            skipped = []
            if let vocabulary { words = vocabulary } else { words = try SentenceVocabulary.scenes() }
        case .directory(let path, let validation):
            let dataset = try Dataset(directory: path, skipBad: skipBad)
            if let validation {
                let other = try Dataset(directory: validation, skipBad: skipBad)
                (training, heldOut) = (DatasetSource(dataset), DatasetSource(other))
                heldOutCount = min(recipe.heldOut, other.entries.count)
                skipped = dataset.skipped + other.skipped
            } else {
                let parts = DatasetSource.split(dataset, heldOut: 0.05, most: recipe.heldOut, seed: recipe.seed)
                // Too few to spare any: train on all.
                training = parts.training.selection.isEmpty ? DatasetSource(dataset) : parts.training
                heldOut = parts.heldOut
                heldOutCount = parts.training.selection.isEmpty ? 0 : parts.heldOut.selection.count
                skipped = dataset.skipped
            }
            if let vocabulary {
                words = vocabulary
            } else {
                words = try SentenceVocabulary.of(dataset.entries.map(\.sentence), settings: settings, limit: 8000)
            }
        }
        do throws(InputError) {
            tokenizer = try Tokenizer(vocabulary: words, settings: settings)
            letterbox = try Letterbox(side: side)
        } catch {
            throw .input(error)
        }
    }

    /// Broken pictures found since the last call.
    func takeBroken() -> [BadLine] { broken.map { $0.training.takeUnread() + $0.heldOut.takeUnread() } ?? [] }

    public func maker(_ recipe: TrainingRecipe) -> BatchMaker {
        BatchMaker(
            source: training, tokenizer: tokenizer, letterbox: letterbox, augmentation: recipe.augmentationAmounts,
            seed: recipe.seed, batchSize: recipe.batchSize, strayWord: recipe.strayWord, leftOut: broken?.training)
    }

    func heldOutMaker(_ recipe: TrainingRecipe) -> BatchMaker {
        BatchMaker(
            source: heldOut, tokenizer: tokenizer, letterbox: letterbox, augmentation: .none, seed: 0, batchSize: recipe.batchSize,
            leftOut: broken?.heldOut)
    }
}
