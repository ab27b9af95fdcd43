internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisInput
internal import DeixisTraining
internal import Foundation

struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Give a trained network a score: the IoU to be expected of each box.",
        discussion: """
            A small perceptron reads the row that the box is made from and learns, on samples the network has not been \
            trained on, what IoU its boxes have; then its scores are calibrated on samples that it has not learned \
            from. Weights, loss and boxes of the network stay as they are, to the bit. The exported model has a second \
            output, `score`, which costs next to nothing and stays calibrated through `deixis quantize`.

              deixis-train score run --out scored.checkpoint                    # on generated scenes of a seed of its own
              deixis-train score run --data refcoco/val --out scored.checkpoint # on samples held out of training
              deixis-train export scored.checkpoint --out model.onnx
              deixis ground model.onnx desk.jpg "the red mug"                   # 81.0 40.5 62.3 70.1    score 0.87    2.1 ms
              deixis-train evaluate model.onnx --data unseen --reliability reliability.png

            Do not give it what the network was trained on: its boxes are better there than anywhere else, and the \
            score would believe it.
            """)

    @Argument(help: ArgumentHelp("A run's checkpoint, or its directory.", valueName: "checkpoint"))
    var checkpoint: String
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Data sets held out of training; default: generated scenes.", valueName: "dir"))
    var data: [String] = []
    @Option(help: "How many samples; default: 20000 scenes, or all of --data.")
    var samples: Int?
    @Option(help: "Of the scenes, and of the score's initial weights.")
    var seed: UInt64 = 5_000_001
    @Option(help: "Width of the perceptron's hidden layer.")
    var hidden: Int = 64
    @Flag(help: "Leave bad lines and broken pictures out, and list them, instead of stopping.")
    var skipBad = false
    @Option(help: ArgumentHelp("The checkpoint with the score, for `export`.", valueName: "file"))
    var out: String
    @Option(help: "Threads; default: the cores this process may use.")
    var threads: Int?

    func validate() throws {
        if let threads { try check(threads, "--threads", 1...1024) }
        if let samples { try check(samples, "--samples", ScoreFit.fewest...1 << 32) }
        try check(hidden, "--hidden", 1...4096)
    }

    func run() throws {
        // A run's directory is as good as its checkpoint.
        let path = exists(checkpoint + "/.") ? checkpoint + "/checkpoint" : checkpoint
        let datasets = try data.map { try Dataset(directory: $0, skipBad: skipBad) }
        try Outputs(("--out", out)).check(against: [path] + datasets.flatMap(\.files))
        try files { () throws(FileError) in try Outputs(("--out", out)).mustBeReplaceable() }
        if let threads { try Backend.setThreadCount(threads) }
        try Backend.load()
        var trained = try TrainedNetwork(checkpoint: path)
        guard !trained.hasScore else { throw CommandError.data("\(path): has a score; take the checkpoint it is from") }
        switch trained.recipe.data {
        case .scenes where data.isEmpty && seed == trained.recipe.seed:
            throw CommandError.usage("--seed \(seed) is of the scenes that the network was trained on; give another")
        case .directories(let paths, _):
            guard let known = data.first(where: { paths.contains($0) }) else { break }
            throw CommandError.usage("--data \(known): the network was trained on it; give what was held out")
        default: break
        }
        for line in datasets.flatMap(\.skipped) { Console.note("left out: \(line)") }

        let source: any SampleSource =
            datasets.isEmpty
            ? SceneSource(seed: seed, longSide: nil) : JoinedSource(datasets.map { DatasetSource($0) })
        let count = min(samples ?? (datasets.isEmpty ? 20_000 : .max), source.count ?? .max)
        let leftOut = skipBad ? LeftOut() : nil
        let maker = BatchMaker(
            source: source, tokenizer: trained.tokenizer, letterbox: trained.letterbox, augmentation: .none, seed: 0,
            batchSize: 16, leftOut: leftOut)
        let (interrupt, screen) = (Interrupt(), ProgressLine())
        let rows = try ScoreFit.rows(
            of: trained.network, maker, count: count, shouldStop: { interrupt.isRequested },
            progress: { screen.show("\($0) of \(count) samples through the network", final: $0 == count) })
        for line in leftOut?.takeUnread() ?? [] { Console.note("left out: \(line)") }
        guard let rows else {
            Console.note("stopped; nothing is written")
            throw ExitCode(130)
        }
        var fit = ScoreFit()
        (fit.hidden, fit.seed) = (hidden, seed)
        let outcome = try trained.fitScore(
            fit, rows, data: data.isEmpty ? "generated scenes of seed \(seed)" : data.joined(separator: ", "), to: out)
        let calibration = outcome.calibration
        try Console.out(
            String(
                format: "%@: score fitted on %d samples (epoch %d), calibrated on %d, judged on %d others", out,
                outcome.learned, outcome.epoch, outcome.moved, calibration.count))
        try Console.out(ScoreReport(calibration).lines.joined(separator: "\n"))
        try Console.out("Next: deixis-train export \(out) --out model.onnx")
    }
}
