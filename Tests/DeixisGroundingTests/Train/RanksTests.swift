@testable import DeixisGrounding
@testable import DeixisTraining
import DeixisFiles
import Testing

/// Several ranks compute what one process does.
@Suite struct RanksTests {
    typealias Pieces = GradientAccumulationTests

    static func weights(_ trainer: Trainer) -> [[Float]] { trainer.network.parameters.all.map { $0.value.values } }

    @Test("Steps of several ranks are the steps of one process", arguments: [1, 2, 3])
    func steps(count: Int) throws {
        let recipe = try Pieces.recipe(frozen: false)
        // The same micro-batches, so that batch statistics are the same too.
        let alone = try Pieces.trainer(recipe, micro: [1: 10, 2: 5, 3: 4][count])
        let ranks = try ThreadRanks.run(count) { ranks in
            let trainer = try Pieces.trainer(recipe, micro: nil, ranks: ranks)
            try trainer.checkRanks()
            let maker = trainer.data.maker(recipe)
            let results = try (0..<3).map { step in try trainer.train(maker.batch(step)) }
            return (trainer: trainer, results: results, sums: ranks.sums, looks: ranks.looks)
        }
        #expect(alone.plan.pieces == ranks.map(\.trainer.plan.share))
        let maker = alone.data.maker(recipe)
        for step in 0..<3 {
            let expected = try alone.train(maker.batch(step))
            for rank in ranks {
                let got = rank.results[step]
                #expect(abs(got.loss - expected.loss) < 1e-5 && got.accuracy == expected.accuracy)
                #expect(abs(got.gradientNorm - expected.gradientNorm) < 1e-3 * expected.gradientNorm)
                #expect(zip(got.terms, expected.terms).allSatisfy { abs($0 - $1) < 1e-5 })
                #expect(zip(got.weights, expected.weights).allSatisfy { abs($0 - $1) < 1e-5 && $0 > 1 })
            }
        }
        for rank in ranks {
            let error = Pieces.difference(alone.network.parameters.all, rank.trainer.network.parameters.all) {
                $0.value.values
            }
            #expect(error < 1e-4, "rank \(rank.trainer.plan.rank): \(error)")
            // Among themselves they agree to the bit.
            #expect(Self.weights(rank.trainer) == Self.weights(ranks[0].trainer))
            // Sums go on while gradients are still computed.
            #expect(rank.looks > 0)
        }
    }

    /// The tape says when a gradient is complete: once for each parameter, and nothing is added to it afterwards.
    @Test(arguments: [false, true]) func completedGradientsStay(recomputes: Bool) throws {
        var recipe = try Pieces.recipe(batch: 3)
        recipe.recomputes = recomputes
        let trainer = try Pieces.trainer(recipe, micro: nil)
        var completed: [String: [Float]] = [:], order: [String] = []
        var sums = Trainer.StepSums()
        trainer.addGradients(of: try trainer.data.maker(recipe).batch(0), at: 0, to: &sums) { parameter in
            #expect(completed[parameter.name] == nil, "\(parameter.name) twice")
            completed[parameter.name] = parameter.gradient?.values ?? []
            order.append(parameter.name)
        }
        for parameter in trainer.network.parameters.trainable where parameter.hasGradient {
            #expect(completed[parameter.name] == parameter.gradient?.values, "\(parameter.name)")
        }
        #expect(order.count > 20)
        // The head is done long before the trunk.
        let head = try #require(order.firstIndex { $0.hasPrefix("head") }),
            trunk = try #require(order.firstIndex { $0.hasPrefix("visual.conv1") })
        #expect(head < 5 && trunk > order.count / 2)
    }

    @Test("Buckets of any size give the same sums", arguments: [1, 1000, 1 << 20])
    func buckets(bucketCount: Int) throws {
        let recipe = try Pieces.recipe(batch: 4)
        let expected = try Pieces.trainer(recipe, micro: 2), maker = expected.data.maker(recipe)
        var sums = Trainer.StepSums()
        for piece in [0..<2, 2..<4] {
            expected.addGradients(of: try maker.batch(0).part(piece), at: piece.lowerBound, to: &sums)
        }
        let made = try ThreadRanks.run(2) { ranks in
            let trainer = try Pieces.trainer(recipe, micro: nil)
            let sum = GradientSum(trainer.network.parameters, ranks, bucketCount: bucketCount)
            let part = ranks.rank * 2..<ranks.rank * 2 + 2
            var sums = Trainer.StepSums()
            sum.begin()
            trainer.addGradients(
                of: try trainer.data.maker(recipe).batch(0).part(part), at: part.lowerBound, to: &sums,
                completed: sum.isComplete)
            sum.finish()
            return (trainer: trainer, count: ranks.sums.count)
        }
        for (trainer, count) in made {
            let error = Pieces.difference(expected.network.parameters.all, trainer.network.parameters.all) {
                $0.gradient?.values
            }
            #expect(error < 1e-5, "\(error)")
            #expect(bucketCount == 1 ? count > 50 : count >= 1)
        }
    }

    /// Groups of held-out samples are the same however many ranks share them: the same digits.
    @Test func evaluationHasTheSameDigits() throws {
        var recipe = try Pieces.recipe()
        recipe.heldOut = 37
        let expected = try Pieces.trainer(recipe, micro: nil).scoreHeldOut()
        #expect(expected.count == 37 && expected.meanIoU > 0)
        for count in [1, 2, 3, 5, 7] {
            let settings = recipe
            for score in try ThreadRanks.run(
                count,
                { ranks in
                    try Pieces.trainer(settings, micro: 1, ranks: ranks).scoreHeldOut()
                })
            {
                #expect(score.count == 37 && score.hits == expected.hits && score.totalIoU == expected.totalIoU)
                #expect(score.kinds.mapValues(\.count) == expected.kinds.mapValues(\.count))
                #expect(score.kinds.mapValues(\.hits) == expected.kinds.mapValues(\.hits))
            }
        }
    }

    /// One rank's share has a box that is no number: all refuse the step, name the sample, and go on as before it.
    @Test func aShareThatIsNoNumberEndsTheStepOnAllRanks() throws {
        let recipe = try Pieces.recipe(frozen: false)
        let results = try ThreadRanks.run(3) { ranks in
            let trainer = try Pieces.trainer(recipe, micro: nil, ranks: ranks), maker = trainer.data.maker(recipe)
            try trainer.train(maker.batch(0))
            let before = Self.weights(trainer)
            var batch = try maker.batch(1)
            batch.boxes[4 * 7 + 1] = .nan
            var message = ""
            do { try trainer.train(batch) } catch { message = "\(error)" }
            let isAsBefore = Self.weights(trainer) == before
            try trainer.train(maker.batch(1))
            return (message: message, isAsBefore: isAsBefore, step: trainer.step)
        }
        for result in results {
            #expect(result.message.hasPrefix("step 1, sample 17 of the run: the loss is not finite; "))
            #expect(result.isAsBefore && result.step == 2)
        }
    }

    @Test func ranksThatDoNotBelongTogetherAreNamed() throws {
        func message(_ change: @escaping (Int, inout TrainingRecipe) -> Void, weight: Float = 0) throws -> [String] {
            let recipe = try Pieces.recipe()
            return try ThreadRanks.run(3) { ranks in
                var recipe = recipe
                change(ranks.rank, &recipe)
                let trainer = try Pieces.trainer(recipe, micro: nil, ranks: ranks)
                if ranks.rank == 2, weight != 0 {
                    trainer.network.parameters.all[3].value.withUnsafeMutableBufferPointer { $0[0] += weight }
                }
                do { try trainer.checkRanks() } catch { return "\(error)" }
                return ""
            }
        }
        #expect(try message({ _, _ in }) == ["", "", ""])
        #expect(
            try message({ if $0 == 1 { $1.rate *= 2 } }).allSatisfy {
                $0.hasPrefix("rank 1 begins with another recipe")
            })
        #expect(
            try message({ _, _ in }, weight: 1).allSatisfy { $0.hasPrefix("rank 2 begins with other weights") })
    }

    @Test func whatFailsOnOneFailsOnAll() throws {
        let messages = try ThreadRanks.run(4) { ranks in
            do {
                return "\(try ranks.together { if ranks.rank % 2 == 1 { throw GroundingError.stopped }; return 5 })"
            } catch { return "\(error)" }
        }
        let own = GroundingError.stopped.description
        #expect(messages == ["rank 1 has failed", own, "rank 1 has failed", "rank 1 has failed"])
        #expect(try ThreadRanks.run(2) { try $0.together { 5 } } == [5, 5])
        #expect(try ThreadRanks.run(3) { $0.least(7 - $0.rank) } == [5, 5, 5])
    }

    @Test func tooFewSamplesForTheRanks() throws {
        let recipe = try Pieces.recipe(batch: 2)
        let messages = try ThreadRanks.run(3) { ranks in
            do { _ = try Pieces.trainer(recipe, micro: nil, ranks: ranks) } catch { return "\(error)" }
            return ""
        }
        #expect(messages == Array(repeating: "batchSize is 2, but must be at least 1 for each of 3 ranks", count: 3))
    }

    // MARK: Whole runs

    static func run(
        _ recipe: TrainingRecipe, _ folder: String, _ ranks: (any Ranks)?, until: Int? = nil, resume: Bool = false
    )
        throws
    {
        var recipe = recipe
        recipe.microBatch = nil
        let trainer =
            try resume
            ? Trainer.resuming(folder + "/checkpoint", ranks: ranks)
            : Trainer(recipe, data: TrainingData(recipe), ranks: ranks)
        var run = TrainingRun(directory: folder)
        run.logEvery = 4
        // One rank alone wants to stop: all do.
        _ = try run.train(trainer, shouldStop: { until == trainer.step && ranks?.rank ?? 1 == 1 })
    }

    static func log(_ folder: String) throws -> [TrainingRecord] {
        try TrainingLog.read(folder + "/log.jsonl").map { record in
            var record = record
            (record.seconds, record.samplesPerSecond, record.secondsWaitedForData) = (0, nil, nil)
            return record
        }
    }

    /// Interrupted in the middle of a line of the log, by 2 ranks, then by 1, ended by 3: the same lines as a run that
    /// never was.
    @Test func runsGoOnWithAnyNumberOfRanks() throws {
        let folder = try Folder(), whole = folder.path + "/whole", parts = folder.path + "/parts"
        var recipe = try Pieces.recipe()
        (recipe.samples, recipe.evaluateEvery, recipe.heldOut) = (120, 5, 9)
        let settings = recipe
        try Self.run(settings, whole, nil)
        _ = try ThreadRanks.run(2) { try Self.run(settings, parts, $0, until: 3) }
        try Self.run(settings, parts, nil, until: 6, resume: true)
        _ = try ThreadRanks.run(3) { try Self.run(settings, parts, $0, resume: true) }
        let expected = try Self.log(whole), got = try Self.log(parts)
        #expect(got.map(\.step) == [4, 5, 8, 10, 12, 12] && got.map(\.step) == expected.map(\.step))
        for (a, b) in zip(got, expected) {
            for (name, value) in b.loss { #expect(abs((a.loss[name] ?? .nan) - value) < 2e-4, "\(a.step) \(name)") }
            #expect(a.accuracy == b.accuracy && a.heldOutAccuracy == b.heldOutAccuracy)
        }
    }
}
