internal import ArgumentParser
internal import DeixisCommand
internal import DeixisGrounding
internal import DeixisTraining
internal import Foundation

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark",
        abstract: "Time whole training steps (forward, loss, backward, AdamW) on made-up data.",
        discussion: """
            One line of JSON per timed step on standard output, so that a peer can be timed in turn (--interactive: a step for each
            line read), and a summary at the end. tools/oracles/train_step_benchmark.py does so with PyTorch.

              deixis-train benchmark small --batch 64
              deixis-train benchmark paper-r50 --batch 2 --steps 5
            """)

    @Argument(help: "A configuration: \(NetworkConfiguration.names.joined(separator: ", ")).")
    var network: String = "small"
    @Option(help: "Samples per step.")
    var batch: Int = 64
    @Option(help: "Tokens per sentence, all real.")
    var length: Int?
    @Option(help: "Timed steps.")
    var steps: Int = 10
    @Option(help: "Steps before them.")
    var warmUp: Int = 2
    @Option(help: "Threads; default: the cores at hand.")
    var threads: Int?
    @Flag(help: "Run one step per line of standard input instead of --steps.")
    var interactive = false

    func validate() throws {
        guard batch >= 1, steps >= 1, warmUp >= 0 else { throw ValidationError("--batch and --steps must be at least 1") }
    }

    func run() throws {
        try Backend.load()
        if let threads { Backend.threadCount = threads }
        let configuration = try NetworkConfiguration.named(network)
        let network = try GroundingNetwork<Float>(configuration, seed: 1)
        let optimizer = AdamW<Float>([.init(name: "all", learningRate: 1e-5, network.parameters.trainable)])
        let loss = SelfPacedLoss(configuration.loss)
        let tokens = min(length ?? configuration.language.maximumLength, configuration.language.maximumLength)
        var state: UInt64 = 1
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let images = (0..<batch * configuration.imageSide * configuration.imageSide * 3).map { _ in UInt8(next(256)) }
        let ids = (0..<batch * tokens).map { _ in Int32(next(configuration.language.vocabulary)) }
        let sentences = TokenBatch(batch: batch, length: tokens, ids: ids, mask: Array(repeating: 1, count: ids.count))
        let truth: [Float] = (0..<batch).flatMap { _ in [0.5, 0.4, 0.3, 0.2].map { Float($0) } }

        func step(_ number: Int) -> Double {
            let start = ContinuousClock.now
            network.parameters.clearGradients()
            let tape = Tape<Float>(.training(seed: UInt64(number)))
            let boxes = network(images, sentences, on: tape)
            tape.backward(loss(boxes, truth: truth, sigma: network.sigma).total)
            optimizer.update()
            return (ContinuousClock.now - start) / .milliseconds(1)
        }
        for number in 0..<warmUp { _ = step(number) }
        var times: [Double] = []
        func report(_ time: Double) throws {
            times.append(time)
            try Console.out("{\"step_ms\": \(time)}")
        }
        if interactive {
            try Console.out("{\"ready\": true}")
            while readLine() != nil { try report(step(warmUp + times.count)) }
        } else {
            for number in 0..<steps { try report(step(warmUp + number)) }
        }
        let median = times.sorted()[times.count / 2]
        try Console.out(
            "{\"network\": \"\(self.network)\", \"batch\": \(batch), \"threads\": \(Backend.threadCount), \"blas\": \"\(Backend.openBLASCore)\", "
                + "\"median_ms\": \(median), \"samples_per_second\": \(Double(batch) / median * 1000), \"peak_rss_mb\": \(Program.peakResidentBytes >> 20)}")
    }
}
