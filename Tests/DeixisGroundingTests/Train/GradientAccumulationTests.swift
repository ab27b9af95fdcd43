@testable import DeixisGrounding
@testable import DeixisTraining
import DeixisFiles
import Testing

/// One big batch, in pieces: the same gradients, losses and weights.
@Suite struct GradientAccumulationTests {
    /// Frozen norms, and dropout, whose numbers must not depend on how a batch is cut.
    static func recipe(batch: Int = 10, frozen: Bool = true, dropout: Double = 0.2) throws -> TrainingRecipe {
        var recipe = try TrainingRecipe.named("tiny")
        recipe.configuration.visual.frozenNorm = frozen
        recipe.configuration.dropout = dropout
        (recipe.batchSize, recipe.samples, recipe.heldOut, recipe.warmUpSteps) = (batch, 1000, 6, 0)
        recipe.curriculum = .none
        // Adam divides by the gradient's size: without this, where that is rounding alone, so is the step.
        recipe.epsilon = 1e-4
        return recipe
    }

    static func trainer(_ recipe: TrainingRecipe, micro: Int?, ranks: (any Ranks)? = nil) throws -> Trainer {
        var recipe = recipe
        recipe.microBatch = micro
        return try Trainer(recipe, data: TrainingData(recipe), ranks: ranks)
    }

    /// Largest difference relative to the tensor's largest value, over all tensors.
    static func difference(_ a: [Parameter<Float>], _ b: [Parameter<Float>], _ value: (Parameter<Float>) -> [Float]?)
        -> Float
    {
        zip(a, b).map { x, y in
            guard let p = value(x), let q = value(y) else { return value(x) == nil && value(y) == nil ? 0 : .infinity }
            let scale = max(p.map(abs).max() ?? 0, 1e-4)
            return zip(p, q).map { abs($0 - $1) }.max().map { $0 / scale } ?? 0
        }.max() ?? 0
    }

    @Test("Frozen norms: gradients of all pieces sum to the batch's", arguments: [1, 3, 4, 9, 10])
    func piecesGiveTheGradientsOfTheBatch(micro: Int) throws {
        let recipe = try Self.recipe()
        let whole = try Self.trainer(recipe, micro: nil), pieces = try Self.trainer(recipe, micro: micro)
        let batch = try whole.data.maker(recipe).batch(0), maker = pieces.data.maker(pieces.recipe)
        var a = Trainer.StepSums(), b = Trainer.StepSums()
        whole.addGradients(of: batch, at: 0, to: &a)
        // Made apart, each piece is padded to its own longest sentence.
        for range in pieces.plan.pieces {
            pieces.addGradients(of: try maker.batch(0, part: range), at: range.lowerBound, to: &b)
        }
        #expect(abs(a.loss - b.loss) < 1e-6 && a.hits == b.hits)
        for (x, y) in zip(a.terms, b.terms) { #expect(abs(x - y) < 1e-6) }
        let error = Self.difference(whole.network.parameters.all, pieces.network.parameters.all) { $0.gradient?.values }
        #expect(error < 2e-5, "\(error)")
        if micro == 10 { #expect(error == 0) }
    }

    @Test("Frozen norms: weights after several steps are those of one big batch") func weightsAfterSteps() throws {
        let recipe = try Self.recipe()
        let whole = try Self.trainer(recipe, micro: nil), pieces = try Self.trainer(recipe, micro: 3)
        let maker = whole.data.maker(recipe)
        for step in 0..<6 {
            let batch = try maker.batch(step)
            let a = try whole.train(batch), b = try pieces.train(batch)
            #expect(
                abs(a.loss - b.loss) < 1e-4 && a.accuracy == b.accuracy
                    && abs(a.gradientNorm - b.gradientNorm) < 1e-3 * a.gradientNorm)
        }
        let error = Self.difference(whole.network.parameters.all, pieces.network.parameters.all) { $0.value.values }
        #expect(error < 2e-4, "\(error)")
        // The comparison can fail: another batch moves the weights further than that.
        try pieces.train(maker.batch(99))
        #expect(Self.difference(whole.network.parameters.all, pieces.network.parameters.all) { $0.value.values } > 1e-3)
    }

    /// Running statistics move by the mean of what the pieces found, once a step.
    @Test func batchStatisticsOfPieces() throws {
        let recipe = try Self.recipe(batch: 8, frozen: false, dropout: 0)
        let halves = try Self.trainer(recipe, micro: 4), name = "visual.bn1.running_mean"
        let batch = try halves.data.maker(recipe).batch(0)
        let mean = try [0..<4, 4..<8].map { range in
            var half = recipe
            half.batchSize = 4
            let trainer = try Self.trainer(half, micro: nil)
            try trainer.train(batch.part(range))
            return try #require(trainer.network.parameters[name]).value.values
        }
        try halves.train(batch)
        let got = try #require(halves.network.parameters[name]).value.values
        for (i, value) in got.enumerated() { #expect(abs(value - (mean[0][i] + mean[1][i]) / 2) < 1e-6) }
        // What is not the same as one big batch is said.
        #expect(
            halves.planLines.count == 2
                && halves.planLines[1].hasPrefix(
                    "BatchNorm takes its statistics from the 4 samples of a micro-batch, not from all 8")
        )
        #expect(try Self.trainer(recipe, micro: nil).planLines.count == 1)
        #expect(try Self.trainer(Self.recipe(), micro: 3).planLines.count == 1)
    }

    @Test func aPieceThatIsNoNumberLeavesNoTraceAndIsNamed() throws {
        let folder = try Folder(), recipe = try Self.recipe(frozen: false)
        let trainer = try Self.trainer(recipe, micro: 3), maker = trainer.data.maker(recipe)
        try trainer.train(maker.batch(0))
        try trainer.save(to: folder.path + "/before")
        var batch = try maker.batch(1)
        batch.boxes[4 * 7 + 1] = .nan
        let error = try #require(throws: GroundingError.self) { try trainer.train(batch) }
        #expect(error.description.hasPrefix("step 1, sample 17 of the run: the loss is not finite; "))
        try trainer.save(to: folder.path + "/after")
        #expect(try readFile(folder.path + "/before") == readFile(folder.path + "/after"))
        try trainer.train(maker.batch(1))
        #expect(trainer.step == 2)
    }

    @Test("A run in micro-batches, interrupted and resumed, computes what an uninterrupted one does") func resumes()
        throws
    {
        let whole = try Folder(), parts = try Folder()
        var recipe = try Self.recipe(batch: 8)
        (recipe.samples, recipe.microBatch, recipe.evaluateEvery) = (80, 3, 4)
        let first = try Trainer(recipe, data: TrainingData(recipe))
        #expect(try TrainerTests.run(whole.path).train(first) == .finished)
        let begun = try Trainer(recipe, data: TrainingData(recipe))
        #expect(try TrainerTests.run(parts.path).train(begun, shouldStop: { begun.step == 4 }) == .stopped)
        let again = try Trainer.resuming(parts.path + "/checkpoint")
        #expect(again.plan == first.plan && again.plan.microBatch == 3)
        #expect(try TrainerTests.run(parts.path).train(again) == .finished)
        #expect(
            try TrainerTests.timeless(whole.path + "/log.jsonl") == TrainerTests.timeless(parts.path + "/log.jsonl"))
        for (a, b) in zip(first.network.parameters.all, again.network.parameters.all) {
            #expect(a.value.values == b.value.values, "\(a.name)")
        }
        #expect(try Trainer.resuming(parts.path + "/checkpoint", microBatch: 5).plan.pieces == [0..<4, 4..<8])
    }

    /// Stages computed again on the way back: the same, batch statistics included, but for the order of sums.
    @Test(arguments: [true, false]) func recomputing(frozen: Bool) throws {
        var recipe = try Self.recipe(frozen: frozen)
        recipe.configuration.visual.blocks = [2, 2, 2, 2]
        let kept = try Self.trainer(recipe, micro: 5)
        recipe.recomputes = true
        let recomputed = try Self.trainer(recipe, micro: 5)
        for step in 0..<3 {
            let batch = try kept.data.maker(recipe).batch(step)
            let a = try kept.train(batch), b = try recomputed.train(batch)
            #expect(
                abs(a.loss - b.loss) < 1e-5 && (step > 0 || a.loss == b.loss)
                    && abs(a.gradientNorm - b.gradientNorm) < 1e-5 * a.gradientNorm)
        }
        let error = Self.difference(kept.network.parameters.all, recomputed.network.parameters.all) { $0.value.values }
        #expect(error < 1e-4, "\(error)")
        // A frozen stem: the first block's input needs no gradient, its weights do.
        recipe.freeze = ["visual.conv1", "visual.layer1.0"]
        let partly = try Self.trainer(recipe, micro: 5)
        let name = "visual.layer1.1.conv1.weight", before = try #require(partly.network.parameters[name]).value.values
        try partly.train(kept.data.maker(recipe).batch(0))
        #expect(try #require(partly.network.parameters[name]).value.values != before)
    }

    @Test func plans() {
        #expect(BatchPlan(batchSize: 192, microBatch: 8).pieces.count == 24)
        let ragged = BatchPlan(batchSize: 10, microBatch: 4)
        #expect(ragged.pieces == [0..<3, 3..<6, 6..<10] && ragged.line == "batch 10 = 3 micro-batches of 3 or 4")
        #expect(
            BatchPlan(batchSize: 7, microBatch: 100).pieces == [0..<7]
                && BatchPlan(batchSize: 7).line == "batch 7, in one piece")
        for ranks in 1...5 {
            let plans = (0..<ranks).map { BatchPlan(batchSize: 13, microBatch: 2, rank: $0, ranks: ranks) }
            #expect(plans.flatMap { $0.pieces.flatMap(Array.init) } == Array(0..<13))
        }
        #expect(
            BatchPlan(batchSize: 192, microBatch: 8, rank: 1, ranks: 4).line
                == "batch 192 on 4 ranks, here 6 micro-batches of 8")
        #expect(BatchPlan(batchSize: 2, rank: 0, ranks: 3).pieces.isEmpty)
    }
}

@Suite(.serialized) struct TrainingMemoryTests {
    /// Of tensors that live in the whole process: other tests beside this one would be counted too, so only a bound
    /// is asked for.
    @Test func aPassIsMeasuredAndScales() throws {
        let recipe = try GradientAccumulationTests.recipe(batch: 64)
        let trainer = try GradientAccumulationTests.trainer(recipe, micro: nil)
        let weights = trainer.network.parameters.all.map(\.value.values)
        let memory = trainer.measurePass()
        #expect(memory.first > 0 && memory.further > 0)
        #expect(zip(trainer.network.parameters.all, weights).allSatisfy { $0.value.values == $1 && $0.gradient == nil })
        #expect(memory.bytes(samples: 5) == memory.first + 4 * memory.further)
    }

    /// Sentences of all lengths, measurements in between: what the process holds after the first round is all it ever
    /// holds.
    @Test func memoryStaysFlat() throws {
        var recipe = try GradientAccumulationTests.recipe(batch: 12)
        (recipe.heldOut, recipe.microBatch) = (23, 5)
        let trainer = try Trainer(recipe, data: TrainingData(recipe)), maker = trainer.data.maker(recipe)
        func round(_ number: Int) throws -> Int {
            for step in 0..<12 {
                try trainer.train { piece throws(GroundingError) in
                    try maker.batch(number * 12 + step, part: trainer.plan.pieces[piece])
                }
            }
            _ = try trainer.scoreHeldOut()
            return BufferPool.heldBytes
        }
        _ = try round(0)
        let early = try (1...2).map(round).max() ?? 0, late = try (3...8).map(round)
        // Other tests' tensors are counted too; what grew with every round would be far more than this.
        #expect(late.min() ?? 0 <= early + early / 4, "\(early) then \(late)")
    }

    /// A trunk that is most of the network: what a pass takes at once is less where its stages are computed twice.
    /// Alone in its process this is exact; beside other tests the least of several measurements is near it, so the pass
    /// is large beside their tensors.
    @Test func recomputingTakesLessMemory() throws {
        var recipe = try GradientAccumulationTests.recipe(batch: 8)
        (recipe.configuration.imageSide, recipe.configuration.visual.blocks) = (128, [16, 16, 16, 16])
        // As many numbers in every stage.
        recipe.configuration.visual.widths = [8, 32, 128, 128]
        func least(_ recomputes: Bool) throws -> Int {
            recipe.recomputes = recomputes
            let trainer = try GradientAccumulationTests.trainer(recipe, micro: nil)
            return (0..<3).map { _ in trainer.passBytes(samples: 32) }.min() ?? 0
        }
        let (kept, recomputed) = (try least(false), try least(true))
        #expect(recomputed < kept / 4 * 3, "\(recomputed) against \(kept)")
    }

    @Test func asManyAsFitAreChosen() throws {
        let memory = PassMemory(first: 1000, further: 100)
        #expect(memory.samples(upTo: 64, available: 100) == 1 && memory.samples(upTo: 64, available: 1600) == 3)
        #expect(memory.samples(upTo: 64, available: 1 << 40) == 64)
        let trainer = try GradientAccumulationTests.trainer(try GradientAccumulationTests.recipe(batch: 10), micro: nil)
        trainer.chooseMicroBatch(available: Int.max / 2)
        #expect(trainer.plan.pieces.count == 1)
        trainer.chooseMicroBatch(available: 1)
        #expect(trainer.plan.microBatch == 1 && trainer.recipe.microBatch == 1)
    }
}
