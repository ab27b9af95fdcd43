import DeixisFiles
import DeixisGraph
import DeixisInput
import DeixisQuantization
import DeixisRuntime
@testable import DeixisTraining
import Foundation
import Testing

@testable import DeixisGrounding

/// Training with values and weights rounded as the quantizer rounds them.
@Suite struct QuantizationAwareTests {
    private static func recipe(samples: Int = 8 * 12, base: String = "tiny") throws -> TrainingRecipe {
        var recipe = try TrainingRecipe.named(base)
        (recipe.samples, recipe.batchSize, recipe.heldOut, recipe.evaluateEvery) = (samples, 8, 8, 100)
        recipe.warmUpSteps = 0
        recipe.int8Samples = 16
        return recipe
    }

    private static func trainer(_ recipe: TrainingRecipe) throws -> Trainer {
        let trainer = try Trainer(recipe, data: TrainingData(recipe))
        try trainer.beginQuantizationAware()
        return trainer
    }

    /// The rounded pass is the quantized graph's, and not the float one's: its boxes lie far nearer to those the
    /// runtime computes from the file that `Quantizer` makes.
    @Test(arguments: ["tiny", "small"]) func aRoundedPassIsTheQuantizedGraph(_ name: String) throws {
        let recipe = try Self.recipe(base: name), trainer = try Self.trainer(recipe)
        // Weights that have learned a little: boxes differ from picture to picture.
        trainer.quantization = nil
        let maker = trainer.data.maker(recipe)
        for step in 0..<6 { try trainer.train(maker.batch(step)) }
        try trainer.beginQuantizationAware()
        let plan = try #require(trainer.quantization)
        #expect(plan.steps.count > 40 && plan.weights.count > 40)
        #expect(plan.weights.contains("visual.conv1.weight") && plan.weights.contains("head.0.weight"))
        #expect(plan.weights.contains("fusion.0.language.attention.key.weight"))

        var quantizer = try Quantizer(trainer.network.graph())
        func inputs(_ batch: GroundingBatch) -> [(name: Name, tensor: Constant)] {
            [
                ("image", Constant(.uint8, [1, batch.side, batch.side, 3], batch.images)),
                ("token_ids", Constant(.int64, [1, batch.length], batch.tokenIDs)),
                ("attention_mask", Constant(.int64, [1, batch.length], batch.mask)),
            ]
        }
        // The samples that the trainer took: 16, spread over the run's 96.
        for index in stride(from: 0, to: 96, by: 6) { try quantizer.observe(inputs(maker.plain(index..<index + 1))) }
        var options = QuantizationOptions()
        options.biasCorrection = false
        // What the fusion is given of the picture: behind every convolution and before the first attention, whose
        // probabilities the pass in training does not round.
        let counting = Tape<Float>(.inference, quantization: plan), first = try maker.plain(0..<1)
        _ = Self.vision(trainer.network, first, counting)
        let place = counting.operatorCount - 1
        let name = try #require(try trainer.network.emitted().results[place].value)
        var graph = try quantizer.quantized(options)
        graph.outputs.append(try #require(graph.values.indices.map { ValueID($0) }.first { graph[$0].name == name }))
        let session = try Session(try Model(graph: graph))
        var (toFloat, toInt8) = (0.0, 0.0)
        for index in 0..<6 {
            let batch = try maker.plain(index..<index + 1)
            let output = try session.run(inputs(batch))[1].tensor
            let int8 = (0..<output.count).map { output.bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
            let float = Self.vision(trainer.network, batch, Tape(.inference))
            let rounded = plan.withRoundedWeights(in: trainer.network.parameters) {
                Self.vision(trainer.network, batch, Tape(.inference, quantization: plan))
            }
            #expect(int8.count == float.count)
            for i in float.indices {
                toFloat += Double((int8[i] - float[i]) * (int8[i] - float[i]))
                toInt8 += Double((int8[i] - rounded[i]) * (int8[i] - rounded[i]))
            }
        }
        #expect(toFloat > 0 && toInt8 < 0.4 * toFloat, "\(toInt8) from int8, float \(toFloat)")
    }

    /// The tokens of the picture, as the groups get them.
    private static func vision(
        _ network: GroundingNetwork<Float>, _ batch: GroundingBatch, _ tape: Tape<Float>
    ) -> [Float] {
        let image = tape.image(
            batch.images, batch: batch.count, side: batch.side, network.configuration.normalization)
        return network.neck(network.visual(image)).tensor.values
    }

    /// Rounding stays over a checkpoint, losses are those of a run never interrupted, and what is exported has weights
    /// that rounding does not move.
    @Test func resumesAndExports() throws {
        let whole = try Folder(), parts = try Folder()
        let recipe = try Self.recipe()
        #expect(recipe == (try TrainerTests.parsed(recipe)))
        let first = try Self.trainer(recipe)
        #expect(first.network.configuration.visual.frozenNorm && !first.recipe.configuration.visual.frozenNorm)
        #expect(try TrainerTests.run(whole.path).train(first) == .finished)
        let begun = try Self.trainer(recipe)
        #expect(try TrainerTests.run(parts.path).train(begun, shouldStop: { begun.step == 5 }) == .stopped)
        let again = try Trainer.resuming(parts.path + "/checkpoint")
        #expect(again.quantization == begun.quantization && again.quantization != nil)
        #expect(try TrainerTests.run(parts.path).train(again) == .finished)
        #expect(
            try TrainerTests.timeless(whole.path + "/log.jsonl") == TrainerTests.timeless(parts.path + "/log.jsonl"))

        let exported = try TrainedNetwork(checkpoint: parts.path + "/checkpoint")
        let plan = try #require(again.quantization), network = exported.network
        let before = network.parameters.all.map { $0.value.values }
        plan.roundWeights(in: network.parameters)
        for (parameter, values) in zip(network.parameters.all, before) {
            #expect(
                zip(parameter.value.values, values).allSatisfy { abs($0 - $1) <= 1e-6 * abs($1) }, "\(parameter.name)")
        }
        let weight = try #require(again.network.parameters["head.0.weight"]).value.values
        #expect(
            Set(try #require(network.parameters["head.0.weight"]).value.values.prefix(64)).count < Set(weight).count)
        #expect(exported.provenance(date: "today").contains { $0.key == "int8" })
    }

    @Test func rangesThatCannotBeAreRefused() throws {
        let folder = try Folder(), path = folder.path + "/checkpoint"
        let trainer = try Self.trainer(Self.recipe())
        for steps in [
            FakeQuantization.Steps(scale: 0, zero: 0), .init(scale: 1, zero: -1), .init(scale: 1e-300, zero: 3),
            .init(scale: 1, zero: 1 << 40),
        ] {
            trainer.quantization = FakeQuantization(operators: [], steps: [0: steps], weights: [])
            try trainer.save(to: path)
            do {
                _ = try TrainedNetwork(checkpoint: path)
                Issue.record("no error")
            } catch {
                #expect("\(error)".hasSuffix("'int8' of its metadata has a scale or a zero that cannot be"), "\(error)")
            }
        }
    }

    /// Ranges of another network's operators are not gone on with.
    @Test func rangesOfAnotherNetworkAreRefused() throws {
        let folder = try Folder(), path = folder.path + "/checkpoint"
        let trainer = try Self.trainer(Self.recipe()), plan = try #require(trainer.quantization)
        trainer.quantization = FakeQuantization(operators: ["Nonsense"], steps: plan.steps, weights: plan.weights)
        try trainer.save(to: path)
        do {
            _ = try Trainer.resuming(path)
            Issue.record("no error")
        } catch {
            #expect("\(error)".hasSuffix("'int8' of its metadata is of another network or recipe"), "\(error)")
        }
    }
}
