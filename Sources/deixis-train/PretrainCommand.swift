internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisTraining
internal import Foundation

struct PretrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pretrain",
        abstract: "Teach the visual encoder alone to tell colors, shapes, sizes and patterns of generated scenes.",
        discussion: """
            A network that learns to ground from nothing is slow to tell colors and shapes. Here a 1x1 convolution on \
            every cell of C3, C4 and C5 must name what object covers the cell's center; afterwards these are thrown \
            away, and the encoder's weights and running statistics are written as safetensors under the network's \
            names (visual.conv1.weight, ...).

              deixis-train pretrain --config small --scenes --seed 1 --samples 100000 --out visual.safetensors
              deixis-train train --config small --scenes --pretrained-visual visual.safetensors --out run

            The file is written whole, after each measurement and at the end; Ctrl-C writes what was learned so far \
            and stops. There is no resuming: a run takes minutes. The log has one JSON object a line: loss (the sum of \
            four cross-entropies), and heldOut, the share of object cells named right on scenes of another seed, by \
            property, of C3, C4 and C5.
            """)

    @Option(
        help: ArgumentHelp(
            "Network: \(NetworkConfiguration.names.joined(separator: ", ")) or a JSON file.", valueName: "name"))
    var config: String = "small"
    @Flag(help: "Train on generated scenes of --seed; there is no other choice.")
    var scenes = false
    @Option(help: "Of the initial weights and the scenes.")
    var seed: UInt64 = 1
    @Option(help: "How many scenes to train on.")
    var samples: Int = 100_000
    @Option(help: "Scenes per step.")
    var batch: Int = 32
    @Option(help: "Learning rate after 100 steps of warm-up; a cosine takes it to 1%.")
    var rate: Double = 1e-3
    @Option(help: "Held-out scenes measured on; whole batches of 32.")
    var heldOut: Int = 256
    @Option(help: "Steps between measurements.")
    var evaluateEvery: Int = 250
    @Option(help: ArgumentHelp("The encoder's weights.", valueName: "file.safetensors"))
    var out: String
    @Option(help: ArgumentHelp("JSON lines; default: beside --out, with the extension jsonl.", valueName: "file"))
    var log: String?
    @Option(help: "Threads; default: the cores this process may use.")
    var threads: Int?

    func validate() throws {
        if let threads { try check(threads, "--threads", 1...1024) }
        try check(samples, "--samples", 1...1 << 48)
        try check(batch, "--batch", 1...65536)
    }

    func run() throws {
        let log = log ?? URL(fileURLWithPath: out).deletingPathExtension().path + ".jsonl"
        let outputs = Outputs(("--out", out), (self.log == nil ? "the log (--log)" : "--log", log))
        try outputs.check(against: [config])
        try outputs.mustBeReplaceable()
        if let threads { try Backend.setThreadCount(threads) }
        try Backend.load()
        var recipe = try PretrainingRecipe.named(config)
        recipe.seed = seed
        recipe.samples = samples
        recipe.batchSize = batch
        recipe.rate = rate
        recipe.heldOut = heldOut
        recipe.evaluateEvery = evaluateEvery
        let trainer = try VisualPretrainer(recipe)
        let run = PretrainingRun(
            out: out, log: log, command: "deixis-train " + Program.arguments.joined(separator: " "))
        let interrupt = Interrupt()
        let screen = ProgressLine()
        let result = try run.train(
            trainer, shouldStop: { interrupt.isRequested },
            progress: { state in screen.show(state.line, final: state.step == state.steps) },
            report: { Console.note($0) })
        try Console.out(
            "\(out): \(trainer.encoder.count) tensors after \(trainer.step * recipe.batchSize) samples"
                + (result.finished ? "" : ", stopped early"))
        try Console.out("held-out cells   C3     C4     C5")
        for property in CellProperty.allCases {
            let shares = (0..<3).map { String(format: "%.3f", result.score.accuracy(property, stage: $0)) }
            try Console.out(
                property.name.padding(toLength: 17, withPad: " ", startingAt: 0) + shares.joined(separator: "  "))
        }
        try Console.out("Next: deixis-train train --config \(config) --scenes --pretrained-visual \(out) --out run")
    }
}
