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
        try Backend.load()
        if let threads { try Backend.setThreadCount(threads) }
        if keepSubnormals { Backend.keepSubnormals() }
        if recompute { BufferPool.keepTight() }
        let step = try afterSamples > 0 ? trainedStep() : freshStep()
        func time(_ number: Int) throws -> Double {
            let work = try step(number), start = ContinuousClock.now
            try work()
            return (ContinuousClock.now - start) / .milliseconds(1)
        }
        for number in 0..<warmUp { _ = try time(number) }
        var times: [Double] = []
        func report(_ time: Double) throws {
            times.append(time)
            try Console.out("{\"step_ms\": \(time)}")
        }
        if interactive {
            try Console.out("{\"ready\": true}")
            while readLine() != nil { try report(time(warmUp + times.count)) }
        } else {
            for number in 0..<steps { try report(time(warmUp + number)) }
        }
        guard !times.isEmpty else { return }
        let median = times.sorted()[times.count / 2]
        try Console.out(
            "{\"network\": \"\(self.network)\", \"batch\": \(batch), \"micro_batch\": \(plan.microBatch), \"after_samples\": \(afterSamples), \"keeps_subnormals\": \(keepSubnormals), "
                + "\"threads\": \(Backend.threadCount), \"blas\": \"\(Backend.openBLASCore)\", \"median_ms\": \(median), "
                + "\"samples_per_second\": \(Double(batch) / median * 1000), \"peak_rss_mb\": \(Program.peakResidentBytes >> 20)}"
        )
    }

    /// What is to be timed of step `number`; what comes before, such as making its batch, is not.
    private typealias StepMaker = (_ number: Int) throws -> () throws -> Void

    private var plan: BatchPlan { BatchPlan(batchSize: batch, microBatch: microBatch) }

    private func freshStep() throws -> StepMaker {
        let configuration = try ChosenConfiguration(network).configuration
        let network = try GroundingNetwork<Float>(configuration, seed: 1)
        let optimizer = AdamW<Float>([.init(name: "all", learningRate: 1e-5, network.parameters.trainable)])
        let loss = SelfPacedLoss(configuration.loss)
        let tokens = min(length ?? configuration.language.maximumLength, configuration.language.maximumLength)
        var state: UInt64 = 1
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        // Every micro-batch reads the same: what they hold does not matter to time or memory.
        let pieces = plan.pieces, most = pieces.map(\.count).max() ?? 1,
            pixels = configuration.imageSide * configuration.imageSide * 3
        let images = (0..<most * pixels).map { _ in UInt8(next(256)) }
        let ids = (0..<most * tokens).map { _ in Int32(next(configuration.language.vocabulary)) }
        let truth: [Float] = (0..<most).flatMap { _ in [0.5, 0.4, 0.3, 0.2].map { Float($0) } }
        return { number in
            {
                Backend.flushingSubnormals {
                    network.parameters.clearGradients()
                    for piece in pieces {
                        let count = piece.count
                        let sentences = TokenBatch(
                            batch: count, length: tokens, ids: Array(ids.prefix(count * tokens)),
                            mask: Array(repeating: 1, count: count * tokens))
                        let tape = Tape<Float>(
                            .training(seed: UInt64(number)), firstSample: piece.lowerBound, recomputes: recompute)
                        let pictures = count == most ? images : Array(images.prefix(count * pixels))
                        let boxes = network(pictures, sentences, on: tape)
                        tape.backward(
                            loss(boxes, truth: Array(truth.prefix(4 * count)), sigma: network.sigma, of: batch).total)
                        tape.commit(share: Double(count) / Double(batch))
                    }
                    optimizer.update()
                    network.parameters.moveStatistics()
                }
            }
        }
    }

    private func trainedStep() throws -> StepMaker {
        var recipe = TrainingRecipe(try ChosenConfiguration(network))
        recipe.data = .scenes
        (recipe.batchSize, recipe.microBatch, recipe.recomputes) = (batch, microBatch, recompute)
        let trainer = try Trainer(recipe, data: TrainingData(recipe)), maker = trainer.data.maker(recipe)
        let queue = BatchQueue(maker, from: 0, depth: 3)
        while trainer.step * batch < afterSamples { try trainer.train(queue.next()) }
        queue.stop()
        let first = trainer.step
        if let handOver { try write(trainer, maker.batch(first), to: handOver) }
        return { number in
            let batch = try maker.batch(first + number)
            return { try trainer.train(batch) }
        }
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
