import DeixisInput
public import DeixisTraining

/// Everything that decides what pretraining computes.
public struct PretrainingRecipe: Sendable, Equatable {
    public var name = "small"
    public var configuration = NetworkConfiguration.small
    /// Of the initial weights and the scenes.
    public var seed: UInt64 = 1
    public var samples = 100_000
    public var batchSize = 32
    /// The learning rate after warm-up; half a cosine takes it to 1% of this.
    public var rate = 1e-3
    public var warmUpSteps = 100
    public var weightDecay = 1e-2
    /// Of a background cell; an object's cell weighs 1.
    public var backgroundWeight = 0.15
    /// Held-out scenes that accuracy is measured on.
    public var heldOut = 256
    /// Steps between two such measurements.
    public var evaluateEvery = 250

    public init() {}

    /// For a configuration by name, or of a file.
    public static func named(_ name: String) throws(GroundingError) -> PretrainingRecipe {
        var recipe = PretrainingRecipe()
        recipe.name = name
        recipe.configuration = try ChosenConfiguration(name).configuration
        return recipe
    }

    public var steps: Int { (samples + batchSize - 1) / batchSize }

    public func validate() throws(GroundingError) {
        func check(_ holds: Bool, _ name: String, _ value: some CustomStringConvertible, _ rule: String)
            throws(GroundingError)
        {
            if !holds { throw .badSetting(name: name, value: value.description, rule: rule) }
        }
        try check(samples >= 1, "samples", samples, "at least 1")
        // One sample has no batch statistics to speak of.
        try check((2...65536).contains(batchSize), "batch size", batchSize, "2 to 65536")
        try check(rate.isFinite && rate >= 0, "rate", rate, "a number that is not negative")
        try check(warmUpSteps >= 0, "warm-up steps", warmUpSteps, "0 or more")
        try check((0...1).contains(backgroundWeight), "background weight", backgroundWeight, "0 to 1")
        try check(heldOut >= 0, "held-out samples", heldOut, "0 or more")
        try check(evaluateEvery >= 1, "steps between evaluations", evaluateEvery, "at least 1")
        do throws(NetworkError) {
            try configuration.validate()
        } catch {
            throw .network(error)
        }
    }
}

/// Share of the cells of objects whose property is named right, by stage. Background is one of the answers.
public struct CellScore: Sendable, Equatable {
    /// Of C3, C4, C5.
    public internal(set) var cells = [0, 0, 0]
    var hits = [[Int]](repeating: [0, 0, 0], count: CellProperty.allCases.count)

    public func accuracy(_ property: CellProperty, stage index: Int) -> Double {
        cells[index] == 0 ? 0 : Double(hits[property.rawValue][index]) / Double(cells[index])
    }
}

/// Trains the visual encoder, and it alone, to name what each cell shows: a 1x1 convolution reads color, shape, size
/// and pattern off every cell of C3, C4 and C5. These heads are thrown away; the encoder's weights are what remains.
///
/// Learning to ground from nothing, the encoder hears from the words too late to keep color and shape; this is its
/// detection pretraining, as the paper's encoder had on photographs. BatchNorm learns here even where the network keeps
/// it frozen.
public final class VisualPretrainer {
    public let recipe: PretrainingRecipe
    public let parameters: ParameterStore<Float>
    /// Steps taken.
    public internal(set) var step = 0
    let grid: CellGrid
    private let visual: VisualEncoder<Float>
    private let heads: [Convolution<Float>]
    private let optimizer: AdamW<Float>
    private let schedule: Schedule
    private let classes = CellProperty.allCases.map(\.classes)

    public init(_ recipe: PretrainingRecipe) throws(GroundingError) {
        try recipe.validate()
        self.recipe = recipe
        grid = CellGrid(try recipe.configuration.letterbox())
        var configuration = recipe.configuration.visual
        configuration.frozenNorm = false
        let parameters = ParameterStore<Float>(seed: recipe.seed), outputs = classes.reduce(0, +)
        self.parameters = parameters
        visual = VisualEncoder(parameters.root("visual"), configuration)
        heads = (3...5).map {
            Convolution(
                parameters.root("cells")($0), inputs: configuration.channels(stage: $0), outputs: outputs)
        }
        var settings = AdamW<Float>.Settings()
        settings.weightDecay = recipe.weightDecay
        optimizer = AdamW([.init(name: "all", learningRate: recipe.rate, parameters.trainable)], settings)
        schedule = Schedule(.cosine(final: 0.01), warmUpSteps: recipe.warmUpSteps)
    }

    /// Weights and running statistics of the encoder, under the network's names.
    public var encoder: [Parameter<Float>] { parameters.all.filter { $0.name.hasPrefix("visual.") } }

    func maker() -> CellBatchMaker {
        var pixels = Augmentation.scenes
        pixels.flip = 0
        return CellBatchMaker(
            source: SceneSource(seed: recipe.seed, longSide: recipe.configuration.imageSide), grid: grid,
            augmentation: pixels,
            batchSize: recipe.batchSize)
    }

    /// Full-size drawing through the letterbox, as a file would come.
    func heldOutBatches() -> [CellBatch] {
        let size = min(32, max(1, recipe.heldOut))
        let maker = CellBatchMaker(
            source: SceneSource(seed: TrainingData.heldOutSeed, longSide: nil), grid: grid, augmentation: .none,
            batchSize: size)
        return (0..<recipe.heldOut / size).map(maker.batch)
    }

    /// Logits [batch, cells, classes of all properties].
    private func logits(_ batch: CellBatch, on tape: Tape<Float>) -> Variable<Float> {
        let image = tape.image(
            batch.images, batch: batch.count, side: recipe.configuration.imageSide, recipe.configuration.normalization)
        return Variable.concatenatedTokens(zip(heads, visual(image)).map { $0($1).flattened() })
    }

    /// Every stage counts the same, whatever its number of cells.
    private func weights(_ batch: CellBatch) -> [Double] {
        let parts = classes.count,
            stages = grid.sides.flatMap { side in Array(repeating: 1 / Double(side * side), count: side * side) }
        return (0..<batch.count * grid.count).map { cell in
            stages[cell % grid.count] * (batch.labels[cell * parts] == 0 ? recipe.backgroundWeight : 1)
        }
    }

    /// Forward, loss, backward, update; returns the loss: the sum of the four properties' cross-entropies.
    /// - Throws: `notFinite`; weights, moments and running statistics are then as before the step.
    func train(_ batch: CellBatch) throws(GroundingError) -> Double {
        try Backend.flushingSubnormals { () throws(GroundingError) in try takeStep(batch) }
    }

    private func takeStep(_ batch: CellBatch) throws(GroundingError) -> Double {
        parameters.clearGradients()
        let tape = Tape<Float>(.training(seed: UInt64(step)))
        let loss = logits(batch, on: tape).softmaxCrossEntropy(
            classes: classes, labels: batch.labels, weights: weights(batch))
        let value = Double(loss.tensor.values[0])
        guard value.isFinite else { throw .notFinite(step: step, sample: nil) }
        tape.backward(loss)
        guard optimizer.update(factor: rateFactor).isFinite else { throw .notFinite(step: step, sample: nil) }
        tape.commit()
        parameters.moveStatistics()
        step += 1
        return value
    }

    /// What the rate is multiplied by at the present step.
    var rateFactor: Double { schedule.factor(step: step, totalSteps: recipe.steps, epoch: 0) }

    func score(_ batches: [CellBatch]) -> CellScore { Backend.flushingSubnormals { count(batches) } }

    private func count(_ batches: [CellBatch]) -> CellScore {
        var score = CellScore()
        let stages = (0..<3).flatMap { index in Array(repeating: index, count: grid.range(ofStage: index).count) }
        for batch in batches {
            let values = logits(batch, on: Tape(.inference)).tensor.values
            for cell in 0..<batch.count * grid.count where batch.labels[cell * classes.count] != 0 {
                let stage = stages[cell % grid.count]
                score.cells[stage] += 1
                var begin = cell * classes.reduce(0, +)
                for (part, count) in classes.enumerated() {
                    let row = values[begin..<begin + count]
                    if let best = row.indices.max(by: { row[$0] < row[$1] }),
                        best - begin == Int(batch.labels[cell * classes.count + part])
                    {
                        score.hits[part][stage] += 1
                    }
                    begin += count
                }
            }
        }
        return score
    }
}
