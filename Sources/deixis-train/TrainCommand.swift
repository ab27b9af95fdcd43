internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisInput
internal import DeixisTraining
internal import Foundation

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a network on generated scenes or on a data set.",
        discussion: """
            RUN/checkpoint holds the run (weights, optimizer, place in the data), RUN/log.jsonl its numbers, one JSON object a
            line. The checkpoint is replaced whole every --checkpoint-seconds; Ctrl-C saves and stops; --resume goes on from it
            and gives the same losses as a run that was never interrupted.

            On generated scenes, which never repeat:
              deixis-train train --config small --scenes --seed 1 --samples 400000 --out run
            On your own pictures (formats/dataset.md):
              deixis-train train --config small --data pictures --samples 100000 --out run
            With a visual encoder that already tells colors and shapes:
              deixis-train pretrain --config small --scenes --samples 100000 --out visual.safetensors
              deixis-train train --config small --scenes --pretrained-visual visual.safetensors --out run
            Going on after Ctrl-C, a crash or a power cut:
              deixis-train train --resume --out run
            Then:
              deixis-train export run/checkpoint --out model.onnx
              deixis-train plot run/log.jsonl --out curves.png

            A curriculum's file names what differs from the plain scenes, stage by stage, up to a sample's number:
              {"stages": [{"until": 8000, "settings": {"objectCounts": [{"count": 1, "share": 1}]}}]}
            and, beside "stages", as "heldOut" what held-out scenes follow instead of the plain ones.

            Screen: loss is the self-paced total, \(SelfPacedLoss.terms.map(\.name).joined(separator: " and ")) its terms before weighting, sigma their learned widths, Acc@0.5
            the share of boxes with IoU above 0.5, on the last batches and on held-out samples.
            """)

    @Option(help: ArgumentHelp("Network: \(NetworkConfiguration.names.joined(separator: ", ")); default: small.", valueName: "name"))
    var config: String?
    @Flag(help: "Train on generated scenes of --seed (the default unless --data is given).")
    var scenes = false
    @Option(help: ArgumentHelp("Train on a data set's directory.", valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("Measure on this data set; without it 5% of --data are held out.", valueName: "dir"))
    var validation: String?
    @Flag(help: "Leave bad lines and broken pictures of a data set out, and list them, instead of stopping.")
    var skipBad = false
    @Option(help: ArgumentHelp("Directory of the run.", valueName: "run"))
    var out: String
    @Flag(help: "Go on from the checkpoint in --out.")
    var resume = false

    @Option(help: "Of the initial weights, the order of data, augmentation and scenes. Default: 1.")
    var seed: UInt64?
    @Option(help: "How many samples to train on, repetitions included. Default: 400000; paper networks: 120 epochs.")
    var samples: Int?
    @Option(help: "Samples per step.")
    var batch: Int?
    @Option(help: "Learning rate of the encoders.")
    var encoderRate: Double?
    @Option(help: "Learning rate of everything else (and of the encoders, unless --encoder-rate).")
    var rate: Double?
    @Option(help: "Steps over which the rates rise from 0.")
    var warmUp: Int?
    @Option(help: "none, scenes (mirror images, gentle color, little blur) or paper (affine, color, blur, mirror images).")
    var augmentation: AugmentationName?
    @Option(help: ArgumentHelp("Easier scenes first: none, objects, or a JSON file of stages.", valueName: "name"))
    var curriculum: String?
    @Option(help: "Held-out samples measured on while training.")
    var heldOut: Int?
    @Option(help: "Steps between measurements on the held-out samples.")
    var evaluateEvery: Int?
    @Option(help: "Seconds between checkpoints: what a killed run loses at most.")
    var checkpointSeconds: Double = 120
    @Option(help: "Threads; default: the cores this process may use.")
    var threads: Int?
    @Option(help: ArgumentHelp("vocab.txt of a WordPiece vocabulary; without it one is made from the sentences.", valueName: "file"))
    var vocabulary: String?
    @Option(help: ArgumentHelp("Weights for the visual encoder: of `pretrain`, or a ResNet of torchvision or DETR, as safetensors or .pth.", valueName: "file"))
    var pretrainedVisual: String?
    @Option(help: ArgumentHelp("Weights of BERT for the language encoder, as safetensors or pytorch_model.bin.", valueName: "file"))
    var pretrainedLanguage: String?

    func validate() throws {
        if scenes, data != nil { throw ValidationError("--scenes or --data, not both") }
        if validation != nil, data == nil, !resume { throw ValidationError("--validation needs --data") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, got \(threads)") }
        if checkpointSeconds <= 0 { throw ValidationError("--checkpoint-seconds must be above 0, got \(checkpointSeconds)") }
    }

    func run() throws {
        var run = TrainingRun(directory: out)
        run.checkpointInterval = checkpointSeconds
        let manifests = [data, validation].map { $0.map { $0 + "/manifest.jsonl" } }
        let read = [vocabulary, curriculum, pretrainedVisual, pretrainedLanguage] + manifests
        try Outputs(("--out: its file", run.checkpoint), ("--out: its file", run.log)).check(against: read.compactMap { $0 })
        if let threads { try Backend.setThreadCount(threads) }
        try Backend.load()
        let trainer = try resume ? resumed(run) : fresh(run)
        for line in trainer.data.skipped { note("left out: \(line)") }
        if !trainer.data.skipped.isEmpty { note("\(trainer.data.skipped.count) bad lines left out") }
        let count = trainer.network.parameters.all.reduce(0) { $0 + $1.count }
        note("\(trainer.recipe.name): \(count) parameters, \(trainer.data.tokenizer.vocabulary.count) tokens, "
            + "\(Backend.threadCount) threads; step \(trainer.step) of \(trainer.recipe.steps)")
        let interrupt = Interrupt()
        let screen = ProgressLine()
        let ending = try run.train(
            trainer, shouldStop: { interrupt.isRequested },
            progress: { state in screen.show(state.line, final: state.step == state.steps) },
            report: { note($0) })
        if let broken = trainer.data.broken, case let count = broken.training.count + broken.heldOut.count, count > 0 {
            note("\(count) samples with broken pictures left out")
        }
        switch ending {
        case .finished:
            try Console.out("\(run.checkpoint): \(trainer.recipe.samples) samples"
                + (trainer.heldOutAccuracy.map { String(format: ", held-out Acc@0.5 %.3f", $0) } ?? ""))
            try Console.out("Next: deixis-train export \(run.checkpoint) --out model.onnx")
        case .stopped:
            note("")
            try Console.out("Stopped at step \(trainer.step) of \(trainer.recipe.steps); saved in \(run.checkpoint)")
            try Console.out("Go on with: deixis-train train --resume --out \(out)")
            // As a shell says "interrupted": `train && export` must not go on.
            throw ExitCode(130)
        }
    }

    private func note(_ text: String) { Console.note(text) }
}

extension TrainCommand {
    private func fresh(_ run: TrainingRun) throws -> Trainer {
        if exists(run.checkpoint) {
            throw ValidationError("\(run.checkpoint) exists: pass --resume to go on with it, or choose another --out")
        }
        let config = config ?? "small"
        var recipe = try TrainingRecipe.named(config)
        if let data { recipe.data = .directory(data, validation: validation) }
        if data != nil, config == "small" { recipe.augmentation = .paper }
        if let seed { recipe.seed = seed }
        if let samples { recipe.samples = samples }
        if let batch { recipe.batchSize = batch }
        if let rate { (recipe.rate, recipe.encoderRate) = (rate, rate) }
        if let encoderRate { recipe.encoderRate = encoderRate }
        if let warmUp { recipe.warmUpSteps = warmUp }
        if let augmentation { recipe.augmentation = augmentation.choice }
        if let curriculum { recipe.curriculum = try Self.curriculum(named: curriculum) }
        if let heldOut { recipe.heldOut = heldOut }
        if let evaluateEvery { recipe.evaluateEvery = evaluateEvery }
        recipe.command = "deixis-train " + Program.arguments.joined(separator: " ")
        let words = try vocabulary.map { try SentenceVocabulary.file($0) }
        let trainer = try Trainer(recipe, data: TrainingData(recipe, vocabulary: words, skipBad: skipBad))
        if let pretrainedVisual { note(try trainer.loadPretrained(.visual, from: pretrainedVisual)) }
        if let pretrainedLanguage { note(try trainer.loadPretrained(.language, from: pretrainedLanguage)) }
        return trainer
    }

    private func resumed(_ run: TrainingRun) throws -> Trainer {
        let fixed: [(String, Bool)] = [
            ("--seed", seed != nil), ("--batch", batch != nil), ("--rate", rate != nil), ("--data", data != nil),
            ("--augmentation", augmentation != nil), ("--curriculum", curriculum != nil), ("--warm-up", warmUp != nil),
            ("--encoder-rate", encoderRate != nil), ("--vocabulary", vocabulary != nil), ("--validation", validation != nil),
            ("--held-out", heldOut != nil), ("--evaluate-every", evaluateEvery != nil), ("--pretrained-visual", pretrainedVisual != nil),
            ("--pretrained-language", pretrainedLanguage != nil),
        ]
        if let option = fixed.first(where: { $0.1 }) {
            throw ValidationError("\(option.0) is settled by the checkpoint; --resume goes on with the run as it was begun")
        }
        return try Trainer.resuming(run.checkpoint, skipBad: skipBad, samples: samples, configuration: config, scenes: scenes)
    }

    static func curriculum(named name: String) throws -> SceneCurriculum {
        switch name {
        case "none": return .none
        case "objects": return .objects
        default:
            guard exists(name) else { throw ValidationError("--curriculum: none, objects or a JSON file; there is no file '\(name)'") }
            let bytes = try readFile(name)
            do {
                return try JSONDecoder().decode(SceneCurriculum.self, from: Data(bytes))
            } catch {
                throw ValidationError("\(name): not a curriculum: \(error)")
            }
        }
    }
}

enum AugmentationName: String, CaseIterable, ExpressibleByArgument {
    case none, scenes, paper
    var choice: TrainingRecipe.AugmentationChoice {
        switch self {
        case .none: .none
        case .scenes: .scenes
        case .paper: .paper
        }
    }
}

/// Ctrl-C and SIGTERM ask; a second one ends the process at once.
final class Interrupt {
    private let sources: [any DispatchSourceSignal]
    private let flag: Flag

    private final class Flag: @unchecked Sendable {
        // Written on the queue below, read between steps.
        private let lock = NSLock()
        private var value = false
        func raise() { lock.withLock { value = true } }
        var isRaised: Bool { lock.withLock { value } }
    }

    init() {
        let flag = Flag()
        self.flag = flag
        let queue = DispatchQueue(label: "interrupt")
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if flag.isRaised {
                    signal(number, SIG_DFL)
                    raise(number)
                }
                flag.raise()
                Console.note("\nstopping after this step; once more to stop at once")
            }
            source.resume()
            return source
        }
    }

    var isRequested: Bool { flag.isRaised }
}
