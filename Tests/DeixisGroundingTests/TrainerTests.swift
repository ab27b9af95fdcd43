@testable import DeixisGrounding
import DeixisFiles
import DeixisInput
import DeixisTraining
import Foundation
import Testing

@Suite struct TrainerTests {
    static func recipe(samples: Int = 8 * 24) throws -> TrainingRecipe {
        var recipe = try TrainingRecipe.named("tiny")
        recipe.samples = samples
        recipe.batchSize = 8
        recipe.heldOut = 12
        recipe.evaluateEvery = 10
        recipe.warmUpSteps = 5
        return recipe
    }

    /// Written as a checkpoint has it, and read again.
    static func parsed(_ recipe: TrainingRecipe) throws -> TrainingRecipe {
        var start = TrainingRecipe()
        start.configuration = NetworkConfiguration()
        let text = Array(recipe.fileText(version: TrainingRecipe.version).utf8)
        return try TrainingRecipe.parse(
            text, path: "recipe", newest: TrainingRecipe.version, versionless: 0, start: start
        ).settings
    }

    static func run(_ path: String) -> TrainingRun {
        var run = TrainingRun(directory: path)
        run.logEvery = 1
        return run
    }

    /// What two equal runs have in common: everything but time.
    static func timeless(_ log: String) throws -> [TrainingRecord] {
        try TrainingLog.read(log).map { record in
            var record = record
            record.seconds = 0
            (record.samplesPerSecond, record.secondsWaitedForData) = (nil, nil)
            return record
        }
    }

    @Test func resumedRunComputesTheSameLosses() throws {
        let whole = try Folder(), parts = try Folder()
        let recipe = try Self.recipe()
        let first = try Trainer(recipe, data: TrainingData(recipe))
        #expect(try Self.run(whole.path).train(first) == .finished)

        let begun = try Trainer(recipe, data: TrainingData(recipe))
        #expect(try Self.run(parts.path).train(begun, shouldStop: { begun.step == 7 }) == .stopped)
        #expect(begun.step == 7)
        let checkpoint = parts.path + "/checkpoint"
        // A killed run: three more steps in the log that no checkpoint knows of.
        for step in 8...10 {
            try TrainingLog.append(TrainingRecord(step: step, samples: 0, seconds: 0), to: parts.path + "/log.jsonl")
        }
        let again = try Trainer.resuming(checkpoint)
        #expect(again.step == 7 && again.recipe == begun.recipe)
        #expect(try Self.run(parts.path).train(again, shouldStop: { again.step == 15 }) == .stopped)
        let last = try Trainer.resuming(checkpoint)
        #expect(try Self.run(parts.path).train(last) == .finished)

        let expected = try Self.timeless(whole.path + "/log.jsonl"), got = try Self.timeless(parts.path + "/log.jsonl")
        #expect(expected == got)
        #expect(expected.count == 24 + 3)
        for (a, b) in zip(first.network.parameters.all, last.network.parameters.all) {
            #expect(a.value.values == b.value.values, "\(a.name)")
        }
        // Averaged weights are what is exported, and they are not the last ones.
        let exported = try TrainedNetwork(checkpoint: checkpoint)
        #expect(exported.step == 24 && exported.heldOutAccuracy == last.heldOutAccuracy)
        let head = "head.0.weight"
        #expect(exported.network.parameters[head]?.value.values != last.network.parameters[head]?.value.values)
    }

    @Test func anotherSeedIsAnotherRun() throws {
        var one = try Self.recipe(samples: 8), two = one
        (one.seed, two.seed) = (1, 2)
        let a = try Trainer(one, data: TrainingData(one)), b = try Trainer(two, data: TrainingData(two))
        #expect(
            a.network.parameters["head.0.weight"]?.value.values != b.network.parameters["head.0.weight"]?.value.values)
        #expect(try a.data.maker(one).batch(0) != b.data.maker(two).batch(0))
        // Held-out scenes are the same, so that accuracies compare.
        #expect(try a.data.heldOutMaker(one).plain(0..<4) == b.data.heldOutMaker(two).plain(0..<4))
    }

    /// The loop learns: a handful of samples by heart, from a data set on disk.
    @Test func learnsAFewSamplesByHeart() throws {
        let folder = try Folder(), out = try Folder()
        try SceneDatasetWriter(generator: SceneGenerator(seed: 5)).write(count: 6, to: folder.path, threads: 1)
        var recipe = try Self.recipe(samples: 8 * 250)
        recipe.data = .directories([folder.path], validation: folder.path)
        recipe.augmentation = .none
        (recipe.rate, recipe.encoderRate) = (5e-3, 5e-3)
        recipe.averageDecay = nil
        recipe.evaluateEvery = 250
        let trainer = try Trainer(recipe, data: TrainingData(recipe))
        #expect(try Self.run(out.path).train(trainer) == .finished)
        let log = try TrainingLog.read(out.path + "/log.jsonl").compactMap { $0.loss["l1"] }
        let start = log.prefix(20).reduce(0, +), end = log.suffix(20).reduce(0, +)
        #expect(end < 0.5 * start, "\(start / 20) -> \(end / 20)")
    }

    @Test func badCheckpointsAreNamed() throws {
        let folder = try Folder()
        let path = folder.path + "/checkpoint"
        func message(_ body: () throws -> Void) throws -> String {
            try #require(throws: GroundingError.self, performing: body).description
        }
        #expect(try message { _ = try Trainer.resuming(path) } == "\(path): cannot read: No such file or directory")
        try folder.write("", "checkpoint")
        #expect(try message { _ = try TrainedNetwork(checkpoint: path) }.hasPrefix("\(path): not a checkpoint"))
        let recipe = try Self.recipe(samples: 8)
        let trainer = try Trainer(recipe, data: TrainingData(recipe))
        try trainer.save(to: path)
        let whole = try readFile(path)
        for length in [10, 40, whole.count / 2, whole.count - 200] {
            try replaceFile(path, with: Array(whole.prefix(length)))
            #expect(try message { _ = try Trainer.resuming(path) }.hasPrefix("\(path): "), "\(length) bytes")
        }
        var damaged = whole
        damaged[whole.count - 2000] ^= 0x40
        try replaceFile(path, with: damaged)
        #expect(try message { _ = try Trainer.resuming(path) }.contains("damaged"))
        do throws(TrainingError) {
            try trainer.network.save(to: path)
        } catch {
            Issue.record("\(error)")
        }
        #expect(
            try message { _ = try Trainer.resuming(path) }
                == "\(path): not a usable checkpoint: its metadata has no 'recipe': not one of a training run")
    }

    @Test func notANumberIsNotExported() throws {
        let folder = try Folder()
        let recipe = try Self.recipe(samples: 8)
        let trainer = try Trainer(recipe, data: TrainingData(recipe))
        trainer.network.parameters["neck.position"]?.value.withUnsafeMutableBufferPointer { $0[3] = .nan }
        try trainer.save(to: folder.path + "/checkpoint")
        let batch = try trainer.data.maker(recipe).batch(0)
        let error = try #require(throws: GroundingError.self) { try trainer.train(batch) }
        #expect(
            error.description
                == "step 0: the loss is not finite; nothing of this step is kept; a checkpoint, if one was written, is from before it"
        )
        #expect(trainer.step == 0)
    }

    /// Weights, moments, averages and running statistics: all that a checkpoint holds.
    @Test func aBatchThatIsNoNumberLeavesNoTrace() throws {
        let folder = try Folder()
        let recipe = try Self.recipe(), trainer = try Trainer(recipe, data: TrainingData(recipe))
        let maker = trainer.data.maker(recipe)
        let statistics = trainer.network.parameters.all.filter {
            $0.name.hasSuffix("running_mean") || $0.name.hasSuffix("running_var")
        }
        #expect(!statistics.isEmpty)
        let fresh = statistics.map(\.value.values)
        try trainer.train(maker.batch(0))
        #expect(zip(statistics, fresh).allSatisfy { $0.value.values != $1 })
        try trainer.save(to: folder.path + "/before")
        var batch = try maker.batch(1)
        batch.boxes[4 * 5 + 2] = .nan
        let error = try #require(throws: GroundingError.self) { try trainer.train(batch) }
        #expect(error.description.hasPrefix("step 1, sample 13 of the run: the loss is not finite; "))
        try trainer.save(to: folder.path + "/after")
        #expect(try readFile(folder.path + "/before") == readFile(folder.path + "/after"))
        try trainer.train(maker.batch(1))
        #expect(trainer.step == 2)
    }

    @Test func ratesHoldThenDecline() throws {
        var recipe = try TrainingRecipe.named("small")
        recipe.samples = 1000 * recipe.batchSize
        recipe.warmUpSteps = 10
        recipe.schedule = .cosine(hold: 0.6, final: 0.01)
        let at = { (step: Int) in recipe.rateFactor(step: step) }
        #expect(abs(at(0) - 0.1) < 1e-12 && at(9) == 1 && at(600) == 1)
        #expect(abs(at(800) - 0.505) < 1e-9 && at(999) < 0.011 && at(999) > 0.01)
        let paper = try TrainingRecipe.named("paper-r50")
        let epoch = { (number: Int) in paper.rateFactor(step: (number * 120_624 + 200) / 192) }
        #expect(epoch(9) == 1 && abs(epoch(10) - 0.1) < 1e-12 && abs(epoch(80) - 0.01) < 1e-12)
    }

    @Test func settingsAreChecked() throws {
        var recipe = try Self.recipe()
        recipe.rate = -1
        var error = try #require(throws: GroundingError.self) { try recipe.validate() }
        #expect(error.description == "rate is -1.0, but must be a number that is not negative")
        recipe = try Self.recipe()
        recipe.curriculum.stages = [.init(until: 5, SceneSettings())]
        recipe.curriculum.stages[0].settings.objectCounts = [.init(12, 1)]
        error = try #require(throws: GroundingError.self) { try recipe.validate() }
        #expect(error.description == "objectCounts is 12, but must be 1 to 9 objects")
        error = try #require(throws: GroundingError.self) { try TrainingRecipe.named("huge") }
        #expect(
            error.description == "there is no configuration named huge; known are paper-r50, paper-r101, small, tiny")
    }

    @Test func curriculumTurnsWithTheSampleNumber() throws {
        var one = SceneSettings()
        one.objectCounts = [.init(1, 1)]
        let source = SceneSource(seed: 4, longSide: 64, curriculum: SceneCurriculum([.init(until: 30, one)]))
        #expect((0..<30).allSatisfy { source.sample($0).kind == "attribute" })
        #expect(Set((30..<90).map { source.sample($0).kind }).count > 3)
        // Held-out scenes are the plain ones, or what the curriculum says.
        var recipe = try Self.recipe()
        recipe.curriculum = SceneCurriculum([.init(until: 30, one)])
        func heldOutKinds() throws -> Set<String> {
            Set(try TrainingData(recipe).heldOutMaker(recipe).plain(0..<40).kinds)
        }
        #expect(try heldOutKinds().count > 3)
        recipe.curriculum.heldOut = one
        #expect(try heldOutKinds() == ["attribute"])
        recipe.curriculum.heldOut?.objectCounts = [.init(12, 1)]
        #expect(throws: GroundingError.self) { try recipe.validate() }
        // Beyond the stages a sample is the plain generator's.
        let plain = SceneSource(seed: 4, longSide: 64)
        #expect(source.sample(77) == plain.sample(77))
        for index in 0..<200 {
            #expect(SceneGenerator(seed: 3, settings: one).sample(UInt64(index)).scene.objects.count == 1)
        }
    }
}

@Suite struct TrainingLogTests {
    @Test func aCutLastLineIsPassedOverAndAnotherIsNamed() throws {
        let folder = try Folder()
        let path = folder.path + "/log.jsonl"
        for step in 1...3 {
            var record = TrainingRecord(step: step, samples: step * 8, seconds: 1)
            record.loss["loss"] = 0.5
            try TrainingLog.append(record, to: path)
        }
        let whole = try readFile(path)
        try replaceFile(path, with: whole.dropLast(9) + [])
        #expect(try TrainingLog.read(path).map(\.step) == [1, 2])
        try TrainingLog.rewind(path, to: 1)
        #expect(try TrainingLog.read(path).map(\.step) == [1])
        try folder.write("{\"step\":1,\"samples\":8,\"seconds\":1}\nnonsense\n{}\n", "log.jsonl")
        let error = try #require(throws: GroundingError.self) { try TrainingLog.read(path) }
        #expect(error.description == "\(path): cannot read it: \(path):2: not a line of a training log")
    }

    /// The loss says what its line of the log holds; lines of runs that were begun before are read by the same names.
    @Test func aLineNamesTheTermsOfTheLoss() throws {
        let folder = try Folder(), path = folder.path + "/log.jsonl"
        var record = TrainingRecord(step: 2, samples: 16, seconds: 0.5)
        for (i, name) in TrainingRecord.lossNames.enumerated() { record.loss[name] = Double(i) + 0.25 }
        record.accuracy = 0.5
        try TrainingLog.append(record, to: path)
        let line =
            #"{"accuracy":0.5,"d0":3.25,"d1":6.25,"giou":4.25,"l1":1.25,"loss":0.25,"samples":16,"seconds":0.5,"sigma0":2.25,"sigma1":5.25,"step":2}"#
        #expect(String(decoding: try readFile(path), as: UTF8.self) == line + "\n")
        #expect(try TrainingLog.read(path) == [record])
        try folder.write(#"{"step":1,"samples":8,"seconds":1,"heldOutAccuracy":0.5,"another":[]}"# + "\n", "log.jsonl")
        let other = try TrainingLog.read(path)
        #expect(other[0].loss.isEmpty && other[0].heldOutAccuracy == 0.5 && other[0].accuracy == nil)
    }

    @Test func theScreenNamesTheTermsOfTheLoss() {
        var progress = TrainingProgress()
        (progress.loss, progress.terms, progress.sigmas) = (1, [0.5, 0.25], [2.5, 1.5])
        #expect(
            progress.line.hasPrefix(
                "step 0/0  loss 1.000  l1 0.500  giou 0.250  sigma 2.50 1.50  Acc@0.5 0.000  held-out -  "))
    }

    @Test func scoreCountsStrictlyAboveHalf() {
        var score = GroundingScore()
        score.add(iou: 0.5, kind: "a")
        score.add(iou: 0.5000001, kind: "a")
        score.add(iou: .nan, kind: "b")
        score.add(iou: 1, kind: "b")
        #expect(score.hits == 2 && score.count == 4 && score.accuracy == 0.5)
        #expect(abs(score.meanIoU - 0.5) < 1e-6)
        #expect(score.byKind.map(\.accuracy) == [0.5, 0.5])
        // Center and size: two unit squares, one shifted by half its width: 1 / 3.
        let a: [Float] = [0.5, 0.5, 0.2, 0.2], b: [Float] = [0.6, 0.5, 0.2, 0.2]
        #expect(abs(GroundingScore.iou(a[...], b[...]) - 1.0 / 3) < 1e-6)
    }
}
