internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisInput
internal import DeixisTraining
internal import Foundation

// How a run begins: afresh, with the weights of another, or where it was left.

extension TrainCommand {
    /// A run's directory is as good as its checkpoint.
    var start: String? { from.map { exists($0 + "/.") ? $0 + "/checkpoint" : $0 } }

    func fresh(_ run: TrainingRun, _ ranks: MPIRanks?, _ note: (String) -> Void) throws -> Trainer {
        if exists(run.checkpoint) {
            throw ValidationError("\(run.checkpoint) exists: pass --resume to go on with it, or choose another --out")
        }
        let exported = try from.flatMap { $0.hasSuffix(".onnx") ? try ExportedModel($0) : nil }
        let before = exported == nil ? try start.map { try TrainedNetwork(checkpoint: $0) } : nil
        var chosen = try self.recipe(over: before?.recipe)
        if let seed { chosen.seed = seed }
        if let samples { (chosen.samples, chosen.epochs) = (samples, nil) }
        if let epochs { chosen.epochs = epochs }
        if let batch {
            // Steps of few samples are noisy: at the rate for many they lead away again, often after hours.
            if batch * 4 <= chosen.batchSize, !rate.contains(where: { $0.base != nil }), encoderRate == nil {
                let fitting = chosen.rate * (Double(batch) / Double(chosen.batchSize)).squareRoot()
                note(
                    "warning: the learning rate \(chosen.rate) is for batches of \(chosen.batchSize). With \(batch) try --rate "
                        + String(format: "%.1g", fitting)
                        + ", or leave --batch out: --micro-batch is what memory limits, and changes nothing else")
            }
            chosen.batchSize = batch
        }
        if let microBatch { chosen.microBatch = microBatch }
        if recompute { chosen.recomputes = true }
        if int8, chosen.int8Samples == nil { chosen.int8Samples = 128 }
        for option in rate {
            if let rate = option.base { (chosen.rate, chosen.encoderRate) = (rate, rate) }
            if let (pattern, factor) = option.factor { chosen.rates.add(pattern, factor) }
        }
        if let encoderRate { chosen.encoderRate = encoderRate }
        chosen.freeze += freeze
        if let warmUp { chosen.warmUpSteps = warmUp }
        if let augmentation { chosen.augmentation = augmentation.value }
        if let curriculum { chosen.curriculum = try SceneCurriculum(named: curriculum) }
        if let heldOut { chosen.heldOut = heldOut }
        if let evaluateEvery { chosen.evaluateEvery = evaluateEvery }
        chosen.command = "deixis-train " + Program.arguments.joined(separator: " ")
        let words =
            try exported?.vocabulary ?? before?.tokenizer.vocabulary
            ?? vocabulary.map { try SentenceVocabulary.file($0) }
        let trainer = try Trainer(chosen, data: TrainingData(chosen, vocabulary: words, skipBad: skipBad), ranks: ranks)
        if let start, let before {
            try trainer.loadWeights(from: start)
            note("\(start): the weights after \(before.step) steps, and \(before.tokenizer.vocabulary.count) tokens")
        }
        if let exported {
            try trainer.loadWeights(of: exported)
            note("\(exported.path): its weights, and \(exported.vocabulary.count) tokens")
        }
        if let pretrainedVisual { try trainer.loadPretrained(.visual, from: pretrainedVisual).forEach(note) }
        if let pretrainedLanguage { try trainer.loadPretrained(.language, from: pretrainedLanguage).forEach(note) }
        if let count = trainer.recipe.int8Samples {
            try trainer.beginQuantizationAware()
            let plan = trainer.quantization
            note(
                "int8: ranges of \(plan?.steps.count ?? 0) values from \(count) samples, \(plan?.weights.count ?? 0) weights rounded"
            )
        }
        let available = Backend.availableMemory.map { $0 / (ranks?.onThisMachine ?? 1) }
        if chosen.microBatch == nil, let memory = trainer.chooseMicroBatch(available: available) {
            func megabytes(_ bytes: Int) -> String {
                String(format: bytes < 10_000_000 ? "%.1f MB" : "%.0f MB", Double(bytes) / 1e6)
            }
            let left = available.map { ", \(megabytes($0)) left" } ?? ""
            note(
                "measured: \(megabytes(memory.first)) for one sample in memory, \(megabytes(memory.further)) for each further\(left)"
            )
        }
        return trainer
    }

    /// What the network, its recipe and the data are.
    ///
    /// - Parameter before: of the run whose weights this one begins with.
    private func recipe(over before: TrainingRecipe?) throws -> TrainingRecipe {
        var chosen: TrainingRecipe
        if let before, config == nil {
            chosen = TrainingRecipe(before.configuration, name: before.name, base: before.base)
        } else {
            chosen = TrainingRecipe(try ChosenConfiguration(config ?? "small"))
        }
        if !data.isEmpty {
            chosen.data = .directories(data, validation: validation)
            // Photographs, most likely.
            if chosen.augmentation == .scenes { chosen.augmentation = .paper }
        }
        if let recipe { try chosen.adopt(recipe) }
        return chosen
    }

    func resumed(_ run: TrainingRun, _ ranks: MPIRanks?) throws -> Trainer {
        let fixed: [(String, Bool)] = [
            ("--seed", seed != nil), ("--batch", batch != nil), ("--rate", !rate.isEmpty), ("--data", !data.isEmpty),
            ("--recipe", recipe != nil),
            ("--from", from != nil), ("--freeze", !freeze.isEmpty), ("--recompute", recompute), ("--int8", int8),
            ("--augmentation", augmentation != nil), ("--curriculum", curriculum != nil), ("--warm-up", warmUp != nil),
            ("--encoder-rate", encoderRate != nil), ("--vocabulary", vocabulary != nil),
            ("--validation", validation != nil),
            ("--held-out", heldOut != nil), ("--evaluate-every", evaluateEvery != nil),
            ("--pretrained-visual", pretrainedVisual != nil),
            ("--pretrained-language", pretrainedLanguage != nil),
        ]
        if let option = fixed.first(where: { $0.1 }) {
            throw ValidationError(
                "\(option.0) is settled by the checkpoint; --resume goes on with the run as it was begun")
        }
        return try Trainer.resuming(
            run.checkpoint, skipBad: skipBad, samples: samples,
            configuration: config.map { try ChosenConfiguration($0) }, scenes: scenes,
            epochs: epochs, microBatch: microBatch, ranks: ranks)
    }
}
