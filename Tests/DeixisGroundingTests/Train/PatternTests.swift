@testable import DeixisGrounding
import DeixisInput
import DeixisTraining
import Testing

@Suite struct PatternTests {
    @Test(arguments: [
        ("visual", "visual.conv1.weight", true), ("visual", "visually.x", false),
        ("visual.*", "visual.conv1.weight", true),
        ("*.bias", "head.0.bias", true), ("*.bias", "head.0.weight", false),
        ("visual.layer*.0", "visual.layer2.0.conv1.weight", true),
        ("visual.layer*.0", "visual.layer2.10.conv1.weight", false),
        ("*norm*", "groups.0.layers.1.visual.norm1.weight", true),
        ("*", "a", true), ("**a*b**", "xxayyb", true), ("a*b", "aXbc", false), ("head.0.weight", "head.0.weight", true),
        ("", "a.b", false),
        ("head.0.weigh", "head.0.weight", false),
    ]) func matches(pattern: String, name: String, expected: Bool) {
        #expect(ParameterPattern(pattern).matches(name) == expected)
    }

    static func recipe() throws -> TrainingRecipe {
        var recipe = try TrainingRecipe.named("tiny")
        (recipe.batchSize, recipe.heldOut, recipe.warmUpSteps, recipe.weightDecay) = (4, 0, 0, 0)
        return recipe
    }

    @Test("What is frozen does not move, running statistics of frozen norms included; all else does") func freezing()
        throws
    {
        var recipe = try Self.recipe()
        recipe.freeze = ["visual", "*.query"]
        let trainer = try Trainer(recipe, data: TrainingData(recipe))
        let before = trainer.network.parameters.all.map { ($0, $0.value.values) }
        for step in 0..<2 { try trainer.train(trainer.data.maker(recipe).batch(step)) }
        for (parameter, values) in before {
            let frozen = parameter.name.hasPrefix("visual.") || parameter.name.contains(".query.")
            // A key's bias shifts all scores of a row alike: its gradient is 0.
            if parameter.name.hasSuffix("key.bias") { continue }
            #expect((parameter.value.values == values) == frozen, "\(parameter.name)")
        }
        #expect(trainer.matches.map(\.pattern) == ["visual", "*.query"])
        #expect(
            trainer.matches[0].line.hasPrefix("visual: frozen, ")
                && trainer.matches[0].line.contains("visual.conv1.weight ... visual.layer4.0"))
        #expect(trainer.matches[0].names.count == Set(trainer.matches[0].names).count && trainer.matches[0].count > 0)
    }

    /// Adam's first step is the rate itself, whatever the gradient.
    @Test func factorsOfRates() throws {
        var recipe = try Self.recipe()
        recipe.maximumGradientNorm = nil
        recipe.rates.add("head", 0.5)
        recipe.rates.add("head.1", 0.5)
        recipe.rates.add("neck", 0)
        let trainer = try Trainer(recipe, data: TrainingData(recipe))
        func step(_ name: String, _ before: [Float]) throws -> Float {
            zip(try #require(trainer.network.parameters[name]).value.values, before).map { abs($0 - $1) }.max() ?? 0
        }
        let names = ["head.0.weight", "head.1.weight", "neck.position", "fusion.0.visual.linear1.weight"]
        let before = try names.map { try #require(trainer.network.parameters[$0]).value.values }
        try trainer.train(trainer.data.maker(recipe).batch(0))
        let steps = try zip(names, before).map { try step($0, $1) }
        for (got, factor) in zip(steps, [0.5, 0.25, 0, 1] as [Float]) {
            #expect(abs(got - factor * 3e-4) < 3e-6, "\(steps)")
        }
        #expect(trainer.matches[1].line.hasPrefix("head.1: rate x 0.5, 2 parameters of "))
    }

    @Test(
        arguments: [
            (["visul.*"], nil, "--freeze 'visul.*' matches no parameter's name; the first is visual.conv1.weight"),
            (["*"], nil, "--freeze '*' leaves nothing that learns"),
            (["visual"], "visual.conv1", "--rate 'visual.conv1' matches only what does not learn"),
            ([], "*.running_mean", "--rate '*.running_mean' matches only what does not learn"),
            ([], "nothing", "--rate 'nothing' matches no parameter's name; the first is visual.conv1.weight"),
        ] as [([String], String?, String)]) func mistakesAreNamed(freeze: [String], rate: String?, message: String)
        throws
    {
        var recipe = try Self.recipe()
        recipe.freeze = freeze
        if let rate { recipe.rates.add(rate, 2) }
        let error = try #require(throws: GroundingError.self) { try Trainer(recipe, data: TrainingData(recipe)) }
        #expect(error.description == message && error.exitCode == 64)
    }
}

@Suite struct JoinedDataTests {
    @Test func setsAreJoinedAndVocabularyIsOfAll() throws {
        let one = try Folder(), two = try Folder()
        try SceneDatasetWriter(generator: SceneGenerator(seed: 5)).write(count: 6, to: one.path, threads: 1)
        try SceneDatasetWriter(generator: SceneGenerator(seed: 6)).write(count: 4, to: two.path, threads: 1)
        var recipe = try PatternTests.recipe()
        (recipe.epochs, recipe.heldOut) = (3, 4)
        recipe.data = .directories([one.path, two.path], validation: two.path)
        let data = try TrainingData(recipe)
        #expect(data.training.count == 10 && data.heldOutCount == 4)
        let apart = try [one, two].map { DatasetSource(try Dataset(directory: $0.path)) }
        for index in 0..<10 {
            #expect(
                try data.training.sample(index) == (index < 6 ? apart[0].sample(index) : apart[1].sample(index - 6)))
        }
        let trainer = try Trainer(recipe, data: data)
        #expect(
            trainer.recipe.epochSamples == 10 && trainer.recipe.samples == 30 && trainer.recipe.steps == 8
                && trainer.recipe.stepsPerEpoch == 3)
        #expect(trainer.planLines[0] == "batch 4, in one piece; 3 steps per epoch of 10 samples, 8 steps in all")
        // Without --validation each gives its part.
        recipe.data = .directories([one.path, two.path], validation: nil)
        let split = try TrainingData(recipe)
        #expect((split.training.count ?? 0) + split.heldOutCount == 10 || split.heldOutCount == 0)
    }

    /// Second stage: weights, vocabulary; a schedule, an optimizer and averages of its own.
    @Test func startsFromAnotherRunsWeights() throws {
        let folder = try Folder(), path = folder.path + "/checkpoint"
        var recipe = try PatternTests.recipe()
        let first = try Trainer(recipe, data: TrainingData(recipe))
        for step in 0..<3 { try first.train(first.data.maker(recipe).batch(step)) }
        try first.save(to: path)
        let before = try TrainedNetwork(checkpoint: path)
        (recipe.rate, recipe.seed) = (1e-9, 8)
        let second = try Trainer(recipe, data: TrainingData(recipe, vocabulary: before.tokenizer.vocabulary))
        try second.loadWeights(from: path)
        #expect(second.step == 0 && second.data.tokenizer.vocabulary.lines == first.data.tokenizer.vocabulary.lines)
        for (a, b) in zip(before.network.parameters.all, second.network.parameters.all) {
            #expect(a.value.values == b.value.values, "\(a.name)")
        }
        // The averages begin there too, and not at weights of the seed.
        try second.save(to: path)
        let saved = try TrainedNetwork(checkpoint: path)
        for (a, b) in zip(saved.network.parameters.all, second.network.parameters.all) {
            #expect(a.value.values == b.value.values, "\(a.name)")
        }
        var other = recipe
        other.configuration.channels = 8
        let wide = try Trainer(other, data: TrainingData(other, vocabulary: before.tokenizer.vocabulary))
        let error = try #require(throws: GroundingError.self) { try wide.loadWeights(from: path) }
        #expect(error.description.contains("has shape") && error.description.contains("the network expects"))
    }
}
