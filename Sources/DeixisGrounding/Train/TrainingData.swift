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
    /// What else `skipBad` leaves out while training and measuring: pictures that cannot be decoded. nil: they are
    /// errors.
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
        case .directories(let paths, let validation):
            var datasets: [Dataset] = []
            for path in paths { datasets.append(try Dataset(directory: path, skipBad: skipBad)) }
            if let validation {
                let other = try Dataset(directory: validation, skipBad: skipBad)
                (training, heldOut) = (JoinedSource.of(datasets.map { DatasetSource($0) }), DatasetSource(other))
                heldOutCount = min(recipe.heldOut, other.entries.count)
                skipped = datasets.flatMap(\.skipped) + other.skipped
            } else {
                // As many of each as its share of all.
                let all = datasets.reduce(0) { $0 + $1.entries.count }
                let parts = datasets.map { dataset in
                    DatasetSource.split(
                        dataset, heldOut: 0.05, most: (recipe.heldOut * dataset.entries.count + all - 1) / all,
                        seed: recipe.seed)
                }
                // Too few to spare any: train on all.
                let sparesNone = parts.contains { $0.training.selection.isEmpty }
                training = JoinedSource.of(sparesNone ? datasets.map { DatasetSource($0) } : parts.map(\.training))
                heldOut = JoinedSource.of(parts.map(\.heldOut))
                heldOutCount = sparesNone ? 0 : min(recipe.heldOut, parts.reduce(0) { $0 + $1.heldOut.selection.count })
                skipped = datasets.flatMap(\.skipped)
            }
            if let vocabulary {
                words = vocabulary
            } else {
                words = try SentenceVocabulary.of(
                    datasets.flatMap { $0.entries.map(\.sentence) }, settings: settings, limit: 8000)
            }
        }
        do throws(InputError) {
            tokenizer = try Tokenizer(vocabulary: words, settings: settings)
        } catch {
            throw .input(error)
        }
        letterbox = try recipe.configuration.letterbox()
    }

    /// Broken pictures found since the last call.
    func takeBroken() -> [BadLine] { broken.map { $0.training.takeUnread() + $0.heldOut.takeUnread() } ?? [] }

    public func maker(_ recipe: TrainingRecipe) -> BatchMaker {
        BatchMaker(
            source: training, tokenizer: tokenizer, letterbox: letterbox, augmentation: recipe.augmentation,
            seed: recipe.seed, batchSize: recipe.batchSize, strayWord: recipe.strayWord, leftOut: broken?.training)
    }

    func heldOutMaker(_ recipe: TrainingRecipe) -> BatchMaker {
        BatchMaker(
            source: heldOut, tokenizer: tokenizer, letterbox: letterbox, augmentation: .none, seed: 0,
            batchSize: recipe.batchSize,
            leftOut: broken?.heldOut)
    }
}
