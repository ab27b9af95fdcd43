@testable import DeixisGrounding
import DeixisFiles
import DeixisInput
import DeixisTraining
import Foundation
import Testing

@Suite struct RecipeFileTests {
    static func adopting(_ text: String, over recipe: TrainingRecipe = .init()) throws -> TrainingRecipe {
        let folder = try Folder()
        try folder.write(text, "my.json")
        var recipe = recipe
        try recipe.adopt(folder.path + "/my.json")
        return recipe
    }

    /// network.md, section 3.
    @Test func theStudysRecipes() throws {
        var recipe = try TrainingRecipe.named("paper-r50")
        #expect(
            recipe.batchSize == 192 && recipe.encoderRate == 1e-5 && recipe.sigmaRate == 5e-5 && recipe.rate == 1e-4)
        #expect(
            recipe.weightDecay == 1e-4 && recipe.epochs == 120 && recipe.samples == 120 * 120_624
                && recipe.augmentation == .paper)
        func factors(_ epochs: [Int]) -> [Double] {
            epochs.map { recipe.rateFactor(step: $0 * recipe.epochSamples / 192 + 1) }
        }
        func near(_ a: [Double], _ b: [Double]) -> Bool { zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 } }
        #expect(near(factors([9, 10, 79, 80, 119]), [1, 0.1, 0.1, 0.01, 0.01]))
        try recipe.adopt("pretrain")
        #expect(recipe.epochs == 40 && near(factors([29, 30, 39]), [1, 0.1, 0.1]))
        try recipe.adopt("finetune")
        #expect(recipe.epochs == 60 && near(factors([39, 40, 59]), [1, 0.1, 0.1]) && recipe.name == "paper-r50")
        try recipe.adopt("scenes")
        #expect(recipe.epochs == nil && recipe.samples == 400_000 && recipe.configuration == .paperR50)
    }

    @Test(arguments: TrainingRecipe.Known.allCases) func whatIsWrittenReadsBack(_ known: TrainingRecipe.Known) throws {
        var recipe = TrainingRecipe()
        recipe.adopt(known)
        recipe.freeze = ["visual", "*.bias"]
        recipe.rates.add("language.*", 0.5)
        #expect(try Self.adopting(recipe.json) == recipe)
        // And as a checkpoint keeps it, data and configuration included.
        recipe.data = .directories(["a", "b \"c\""], validation: "v")
        recipe.seed = .max
        let text = Array(recipe.fileText(version: TrainingRecipe.version).utf8)
        #expect(try TrainingRecipe.parse(text, path: "x", newest: 1, versionless: 0, start: .init()).settings == recipe)
    }

    @Test func namesWhatDiffers() throws {
        var configured = try TrainingRecipe.named("small")
        configured.data = .directories(["d"], validation: nil)
        let recipe = try Self.adopting(
            """
            {"base": "paper", "epochs": 7, "batchSize": 24, "microBatch": 6, "augmentation": {"flip": 0, "affine": {"degrees": 3, "scale": [1, 1.5]}},
             "schedule": {"milestones": {"epochs": [2, 4], "factor": 0.5}}, "freeze": ["visual.conv1"], "rates": {"visual.*": 0.1, "head": 2},
             "maximumGradientNorm": 0.1, "averageDecay": 0.99, "beta1": 0.8, "epsilon": 1e-6, "decaysVectors": true, "loss": {"lambda": 0.25}}
            """, over: configured)
        #expect(recipe.configuration.imageSide == 128 && recipe.data == .directories(["d"], validation: nil))
        #expect(recipe.epochs == 7 && recipe.batchSize == 24 && recipe.microBatch == 6 && recipe.weightDecay == 1e-4)
        #expect(
            recipe.augmentation.flip == 0 && recipe.augmentation.affine.degrees == 3
                && recipe.augmentation.affine.scale == 1...1.5)
        #expect(recipe.augmentation.affine.translation == 0.15 && recipe.augmentation.color == ColorAmounts())
        #expect(
            recipe.schedule == .milestones(epochs: [2, 4], factor: 0.5) && recipe.configuration.loss.lambda == 0.25)
        #expect(recipe.freeze == ["visual.conv1"] && recipe.rates.entries.map(\.factor) == [0.1, 2])
        #expect(
            recipe.maximumGradientNorm == 0.1 && recipe.beta1 == 0.8 && recipe.epsilon == 1e-6 && recipe.decaysVectors)
        // A number of samples is not the base's number of epochs.
        let short = try Self.adopting(
            #"{"base": "paper", "samples": 300, "augmentation": "none", "curriculum": "objects"}"#)
        #expect(
            short.samples == 300 && short.epochs == nil && short.augmentation == .none && short.curriculum == .objects)
    }

    static let known =
        "seed, epochs, samples, epochSamples, batchSize, microBatch, recomputes, int8Samples, curriculum, augmentation, strayWord, encoderRate, "
        + "sigmaRate, rate, freeze, rates, weightDecay, beta1, beta2, epsilon, decaysVectors, schedule, warmUpSteps, maximumGradientNorm, "
        + "averageDecay, heldOut, evaluateEvery, loss"

    static let mistakes: [(String, String)] = [
        (
            "{\"base\": \"paper\",\n\"rates\": 1}",
            "my.json:2: expected an object of factors for 'rates', found a number"
        ),
        (
            "{\"base\": \"paper\", \"rates\": {\"a\": \"1\"}}",
            "my.json:1: expected a number for 'rates[\"a\"]', found a string"
        ),
        (
            "{\"base\": \"paper\",\n\"rates\": {\"a\":\n-1}}",
            "my.json:2: rates['a'] is -1.0, but must be a number that is not negative"
        ),
        ("{\"base\": \"paper\", \"learningRate\": 1}", "my.json:1: unknown key 'learningRate'; known there: " + known),
        (
            "{\"base\": \"paper\", \"encoderrate\": 1}",
            "my.json:1: unknown key 'encoderrate'; did you mean 'encoderRate'?"
        ),
        ("{\"base\": \"paper\", \"lambda\": 1}", "my.json:1: unknown key 'lambda'; did you mean 'loss.lambda'?"),
        (
            "{\"base\": \"papers\"}",
            "my.json:1: expected one of scenes, paper, pretrain, finetune for 'base', found 'papers'"
        ),
        (
            "{\"base\": \"paper\", \"configuration\": {}}",
            "my.json:1: unknown key 'configuration'; known there: " + known
        ),
        (
            "{\"base\": \"paper\", \"schedule\": {\"cosinus\": {}}}",
            "my.json:1: unknown key 'schedule.cosinus'; known there: cosine, milestones"
        ),
        (
            "{\"base\": \"paper\", \"schedule\": {}}",
            "my.json:1: expected one of cosine, milestones for 'schedule', found 0"
        ),
        (
            "{\"base\": \"paper\", \"schedule\": {\"cosine\": {\"hold\": 0.5}}}",
            "my.json:1: expected key 'schedule.cosine.final', found an object without it"
        ),
        ("{\"base\": \"paper\",\n\"batchSize\": 0}", "my.json:2: batchSize is 0, but must be 1 to 65536"),
        (
            "{\"base\": \"paper\", \"augmentation\": {\"flip\": 2}}",
            "my.json:1: augmentation.flip is 2.0, but must be 0.0 to 1.0"
        ),
        (
            "{\"base\": \"paper\", \"augmentation\": \"papers\"}",
            "my.json:1: expected one of none, scenes, paper, or an object, for 'augmentation', found 'papers'"
        ),
        (
            "{\"base\": \"paper\", \"loss\": {\"exponentLimit\": 900}}",
            "my.json:1: loss.exponentLimit is 900.0, but must be above 0, at most 80"
        ),
        ("{\"version\": 9, \"base\": \"paper\"}", "my.json:1: version 9, this program reads versions 1 to 1"),
    ]

    @Test(arguments: mistakes) func refuses(_ text: String, _ message: String) {
        let got = ConfigurationFileTests.message { _ = try Self.adopting(text) }
        #expect(got.hasSuffix(message), "\(got)")
    }

    @Test func neitherNameNorFile() {
        var recipe = TrainingRecipe()
        #expect(
            ConfigurationFileTests.message { try recipe.adopt("fine") }
                == "recipe is 'fine', but must be scenes, paper, pretrain, finetune or a JSON file")
    }

    // MARK: Checkpoints of programs before there were versions; the texts are what such a program wrote.

    static func before(_ name: String) throws -> String {
        try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(
                path: "../Fixtures/recipe_before_versions_\(name).json"), encoding: .utf8)
    }

    static func parse(_ text: String) throws -> TrainingRecipe {
        var start = TrainingRecipe()
        start.configuration = .init()
        return try TrainingRecipe.parse(
            Array(text.utf8), path: "x", newest: TrainingRecipe.version, versionless: 0, start: start
        ).settings
    }

    @Test func readsWhatWasWrittenBeforeVersions() throws {
        let scenes = try Self.parse(Self.before("scenes"))
        var expected = try TrainingRecipe.named("tiny")
        (expected.base, expected.samples, expected.batchSize, expected.heldOut, expected.curriculum) = (
            nil, 64, 8, 4, .none
        )
        (expected.command, expected.configuration.language.vocabulary) = ("deixis-train train --config tiny", 85)
        #expect(scenes == expected)

        let dataset = try Self.parse(Self.before("dataset"))
        #expect(dataset.data == .directories(["DATA"], validation: "DATA") && dataset.augmentation == .paper)
        #expect(dataset.schedule == .milestones(epochs: [10, 80], factor: 0.1))
        // They left out what was not there; the defaults are others.
        #expect(
            dataset.maximumGradientNorm == nil && dataset.averageDecay == nil && dataset.epochs == nil
                && dataset.microBatch == nil)
        #expect(throws: JSONReaderError.self) {
            try Self.parse(Self.before("scenes").replacing("\"seed\":1,", with: ""))
        }
    }

    /// A run begun by such a program goes on.
    @Test func resumesWhatWasWrittenBeforeVersions() throws {
        let folder = try Folder(), path = folder.path + "/checkpoint"
        var recipe = try Self.parse(Self.before("scenes"))
        recipe.configuration.language.vocabulary = 24
        let trainer = try Trainer(recipe, data: TrainingData(recipe))
        let old = try Self.before("scenes").replacing(
            "\"vocabulary\":85", with: "\"vocabulary\":\(trainer.data.tokenizer.vocabulary.count)")
        let metadata = [
            "recipe": old, "state": #"{"heldOutAccuracy":0,"seconds":0.075957301,"step":3}"#,
            "vocabulary": String(decoding: trainer.data.tokenizer.vocabulary.lines, as: UTF8.self),
        ]
        try Checkpoint.save(trainer.network.parameters, optimizer: trainer.optimizer, metadata: metadata, to: path)
        let resumed = try Trainer.resuming(path)
        #expect(resumed.step == 3 && resumed.recipe == trainer.recipe)
        let batch = try resumed.data.maker(resumed.recipe).batch(3)
        try resumed.train(batch)
        #expect(try TrainedNetwork(checkpoint: path).step == 3)
        // And one of a program to come is refused by its version.
        try Checkpoint.save(
            trainer.network.parameters, optimizer: trainer.optimizer,
            metadata: metadata.merging([
                "recipe": old.replacing("{\"augmentation\"", with: "{\"version\":2,\"augmentation\"")
            ]) { $1 }, to: path)
        #expect(
            ConfigurationFileTests.message { _ = try Trainer.resuming(path) }
                == "\(path): not a usable checkpoint: 'recipe' of its metadata:1: version 2, this program reads versions 1 to 1"
        )
    }
}
