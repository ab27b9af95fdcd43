internal import ArgumentParser
internal import DeixisCommand
internal import DeixisGrounding
internal import DeixisInput
internal import DeixisTraining
internal import Foundation

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark",
        abstract:
            "Time whole training steps (forward, loss, backward, AdamW), of a fresh network or of one that has learned.",
        discussion: """
            Without --after-samples a fresh network reads made-up data. With it the network first trains on so many \
            generated scenes, then on further ones: what a run is like once many activations and gradients are nearly \
            0, which some CPUs are slow at.

            One line of JSON per timed step on standard output, so that a peer can be timed in turn (--interactive: a \
            step for each line read), and a summary at the end. tools/oracles/train_step_benchmark.py does so with \
            PyTorch.

              deixis-train benchmark small --batch 64
              deixis-train benchmark small --batch 32 --after-samples 20000 --keep-subnormals
              deixis-train benchmark paper-r50 --batch 2 --steps 5
              deixis-train benchmark paper-r50 --batch 192 --micro-batch 8 --steps 1 --warm-up 0

            Under mpirun the ranks share each batch: waited_ms is what a step then waits for gradients of others after \
            its own are computed.
              mpirun -np 4 deixis-train benchmark paper-r50 --batch 32 --micro-batch 8
            """)

    @Argument(help: "A configuration: \(NetworkConfiguration.names.joined(separator: ", ")) or a JSON file.")
    var network: String = "small"
    @Option(help: "Samples per step.")
    var batch: Int = 64
    @Option(help: "Samples in memory at once; default: the whole batch.")
    var microBatch: Int?
    @Flag(help: "Compute the trunk's stages twice instead of keeping what they need.")
    var recompute = false
    @Option(help: "Tokens per sentence, all real; for made-up data.")
    var length: Int?
    @Option(help: "Timed steps.")
    var steps: Int = 10
    @Option(help: "Steps before them.")
    var warmUp: Int = 2
    @Option(help: "Train on so many generated scenes first.")
    var afterSamples: Int = 0
    @Option(
        help: ArgumentHelp(
            "Write the trained weights and a batch there for a peer: weights.safetensors, images, ids, mask, boxes.",
            valueName: "dir"))
    var handOver: String?
    @Flag(help: "Compute with subnormal numbers instead of taking them as zero, to see what they cost.")
    var keepSubnormals = false
    @Option(help: "Threads; default: the cores at hand.")
    var threads: Int?
    @Flag(help: "Run one step per line of standard input instead of --steps.")
    var interactive = false

    func validate() throws {
        if let microBatch { try check(microBatch, "--micro-batch", 1...65536) }
        try check(batch, "--batch", 1...65536)
        try check(steps, "--steps", 1...1_000_000)
        try check(warmUp, "--warm-up", 0...1_000_000)
        try check(afterSamples, "--after-samples", 0...1 << 40)
        if let length { try check(length, "--length", 1...4096) }
        if length != nil, afterSamples > 0 {
            throw ValidationError("--length is of made-up data; --after-samples trains on scenes")
        }
        if handOver != nil, afterSamples == 0 { throw ValidationError("--hand-over needs --after-samples") }
    }

    func run() throws {
        guard let ranks = try MPIRanks.join() else { return try run(nil) }
        try ranks.run { try run(ranks) }
    }

    private func run(_ ranks: MPIRanks?) throws {
        try Backend.load()
        if let threads = threads ?? ranks?.fairThreads { try Backend.setThreadCount(threads) }
        if keepSubnormals { Backend.keepSubnormals() }
        if recompute { BufferPool.keepTight() }
        let (trainer, step) = try afterSamples > 0 ? trainedStep(ranks) : freshStep(ranks)
        let speaks = trainer.plan.rank == 0
        func time(_ number: Int) throws -> Double {
            let work = try step(number), start = ContinuousClock.now
            try work()
            return (ContinuousClock.now - start) / .milliseconds(1)
        }
        for number in 0..<warmUp { _ = try time(number) }
        var times: [Double] = [], waits: [Double] = []
        func report(_ time: Double) throws {
            times.append(time)
            waits.append(trainer.secondsWaited * 1000)
            if speaks {
                try Console.out(
                    "{\"step_ms\": \(time)\(ranks == nil ? "" : ", \"waited_ms\": \(waits[waits.count - 1])")}")
            }
        }
        if interactive {
            try Console.out("{\"ready\": true}")
            while readLine() != nil { try report(time(warmUp + times.count)) }
        } else {
            for number in 0..<steps { try report(time(warmUp + number)) }
        }
        guard !times.isEmpty, speaks else { return }
        let median = times.sorted()[times.count / 2]
        let shared =
            ranks.map { "\"ranks\": \($0.count), \"median_waited_ms\": \(waits.sorted()[waits.count / 2]), " } ?? ""
        try Console.out(
            "{\"network\": \"\(self.network)\", \"batch\": \(batch), \"micro_batch\": \(trainer.plan.microBatch), \(shared)\"after_samples\": \(afterSamples), \"keeps_subnormals\": \(keepSubnormals), "
                + "\"threads\": \(Backend.threadCount), \"blas\": \"\(Backend.openBLASCore)\", \"median_ms\": \(median), "
                + "\"samples_per_second\": \(Double(batch) / median * 1000), \"peak_rss_mb\": \(Program.peakResidentBytes >> 20)}"
        )
    }

    /// What is to be timed of step `number`; what comes before, such as making its batch, is not.
    private typealias StepMaker = (_ number: Int) throws -> () throws -> Void

    private func recipe() throws -> TrainingRecipe {
        var recipe = TrainingRecipe(try ChosenConfiguration(network))
        recipe.data = .scenes
        (recipe.batchSize, recipe.microBatch, recipe.recomputes) = (batch, microBatch, recompute)
        return recipe
    }

    private func freshStep(_ ranks: (any Ranks)?) throws -> (Trainer, StepMaker) {
        var recipe = try recipe()
        // What a peer's step does too.
        (recipe.averageDecay, recipe.maximumGradientNorm) = (nil, nil)
        let language = recipe.configuration.language, side = recipe.configuration.imageSide
        // Words without meaning, as many as the configuration has room for.
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + (4..<max(language.vocabulary, 8)).map { "w\($0)" }
        let vocabulary = try Vocabulary(tokens: words.map { Array($0.utf8) })
        let trainer = try Trainer(recipe, data: TrainingData(recipe, vocabulary: vocabulary), ranks: ranks)
        let tokens = min(length ?? language.maximumLength, language.maximumLength)
        var random = CounterRandom(seed: 1, stream: 0)
        // Every micro-batch reads the same: what they hold does not matter to time or memory.
        func made(_ count: Int) -> GroundingBatch {
            GroundingBatch(
                count: count, side: side, length: tokens,
                images: (0..<count * side * side * 3).map { _ in UInt8(random.int(256)) },
                tokenIDs: (0..<count * tokens).map { _ in Int64(random.int(words.count)) },
                mask: Array(repeating: 1, count: count * tokens),
                boxes: (0..<count).flatMap { _ in [0.5, 0.4, 0.3, 0.2] as [Float] },
                kinds: Array(repeating: "", count: count))
        }
        let batches = Dictionary(
            uniqueKeysWithValues: Set(trainer.plan.pieces.map(\.count)).sorted().map { ($0, made($0)) })
        let pieces = trainer.plan.pieces.compactMap { batches[$0.count] }
        return (trainer, { _ in { try trainer.train { pieces[$0] } } })
    }

    private func trainedStep(_ ranks: (any Ranks)?) throws -> (Trainer, StepMaker) {
        let recipe = try recipe(), trainer = try Trainer(recipe, data: TrainingData(recipe), ranks: ranks)
        let maker = trainer.data.maker(recipe)
        let queue = BatchQueue(maker, from: 0, depth: 3)
        while trainer.step * batch < afterSamples { try trainer.train(queue.next()) }
        queue.stop()
        let first = trainer.step
        if let handOver, trainer.plan.rank == 0 { try write(trainer, maker.batch(first), to: handOver) }
        return (
            trainer,
            { number in
                let batch = try maker.batch(first + number)
                return { try trainer.train(batch) }
            }
        )
    }

    /// Plain little-endian arrays beside the weights; their shapes are one line of JSON.
    private func write(_ trainer: Trainer, _ batch: GroundingBatch, to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try SafeTensors.write(trainer.network.parameters.all, metadata: [:], to: folder + "/weights.safetensors")
        func write<Element>(_ values: [Element], _ name: String) throws {
            try values.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: folder + "/" + name)) }
        }
        try write(batch.images, "images")
        try write(batch.tokenIDs, "ids")
        try write(batch.mask, "mask")
        try write(batch.boxes, "boxes")
        let vocabulary = trainer.data.tokenizer.vocabulary.count
        let text =
            "{\"batch\": \(batch.count), \"side\": \(batch.side), \"length\": \(batch.length), \"vocabulary\": \(vocabulary)}\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/batch.json"))
    }
}
