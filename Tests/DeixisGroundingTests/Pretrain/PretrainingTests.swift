@testable import DeixisGrounding
import DeixisTraining
import Foundation
import Testing

@Suite struct PretrainingTests {
    static func recipe(samples: Int) throws -> PretrainingRecipe {
        var recipe = try PretrainingRecipe.named("tiny")
        (recipe.samples, recipe.batchSize, recipe.heldOut, recipe.evaluateEvery) = (samples, 8, 16, 40)
        (recipe.rate, recipe.warmUpSteps) = (1e-2, 5)
        return recipe
    }

    @Test func learnsAndIsReadByTheNetwork() throws {
        let folder = try Folder()
        let trainer = try VisualPretrainer(Self.recipe(samples: 8 * 120))
        let run = PretrainingRun(
            out: folder.path + "/visual.safetensors", log: folder.path + "/log.jsonl", command: "pretrain")
        var last = PretrainingProgress()
        let (score, finished) = try run.train(trainer, progress: { last = $0 })
        #expect(finished && trainer.step == 120 && last.line.hasPrefix("step 120/120  loss "))
        let records = try String(contentsOfFile: run.log, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(PretrainingRecord.self, from: Data($0.utf8))
        }
        let losses = records.compactMap(\.loss)
        // Guessing costs 2 log 9 + 2 log 4 = 7.2; pictures of 32 pixels do not show much.
        #expect(losses.count == 6 && losses[5] < 0.9 * losses[0] && losses[5] < 6.5, "\(losses)")
        #expect(records.compactMap(\.heldOut).count == 3)
        #expect(records.last?.heldOut?["shape"]?.count == 3)
        #expect(score.cells[0] > score.cells[1] && score.cells[1] > 0)

        // Every weight and running statistic goes over, nothing else.
        var recipe = try TrainerTests.recipe(samples: 8)
        recipe.seed = 9
        let network = try Trainer(recipe, data: TrainingData(recipe))
        let lines = try network.loadPretrained(.visual, from: run.out)
        #expect(
            lines[0] == "\(run.out): \(trainer.encoder.count) tensors for the visual encoder, which are all of it")
        #expect(
            lines[1].hasPrefix("  taken  visual.conv1  ") && lines.dropFirst().allSatisfy { $0.hasPrefix("  taken") })
        for parameter in trainer.encoder {
            #expect(
                network.network.parameters[parameter.name]?.value.values == parameter.value.values, "\(parameter.name)")
        }
        let mean = try #require(trainer.parameters["visual.bn1.running_mean"])
        #expect(mean.value.values.contains { $0 != 0 })
        let tensors = try SafeTensors(run.out)
        #expect(
            Set(tensors.names) == Set(trainer.encoder.map(\.name)) && !tensors.names.contains { $0.hasPrefix("cells") })
    }

    @Test func stoppingWritesWhatWasLearned() throws {
        let folder = try Folder()
        let trainer = try VisualPretrainer(Self.recipe(samples: 8 * 50))
        let run = PretrainingRun(out: folder.path + "/visual.safetensors", log: folder.path + "/log.jsonl")
        #expect(try run.train(trainer, shouldStop: { trainer.step == 3 }).finished == false)
        #expect(trainer.step == 3)
        #expect(
            try SafeTensors(run.out).values(of: "visual.conv1.weight")
                == trainer.parameters["visual.conv1.weight"]?.value.values)
    }

    @Test func batchesDependOnSeedAndNumberAlone() throws {
        let a = try VisualPretrainer(Self.recipe(samples: 8)), b = try VisualPretrainer(Self.recipe(samples: 80))
        #expect(a.maker().batch(3) == b.maker().batch(3))
        #expect(a.maker().batch(3) != a.maker().batch(4))
        #expect(a.maker().batch(0).labels.count == 8 * (16 + 4 + 1) * 4)
    }

    @Test func settingsAreChecked() throws {
        var recipe = try Self.recipe(samples: 8)
        recipe.batchSize = 1
        let error = try #require(throws: GroundingError.self) { try VisualPretrainer(recipe) }
        #expect(error.description == "batch size is 1, but must be 2 to 65536")
    }
}
