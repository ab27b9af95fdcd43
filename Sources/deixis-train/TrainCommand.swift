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
            RUN/checkpoint holds the run (weights, optimizer, place in the data), RUN/log.jsonl its numbers, one JSON \
            object a line. The checkpoint is replaced whole every --checkpoint-seconds; Ctrl-C saves and stops; \
            --resume goes on from it and gives the same losses as a run that was never interrupted.

            On generated scenes, which never repeat:
              deixis-train train --config small --scenes --seed 1 --samples 400000 --out run
            On your own pictures (formats/dataset.md):
              deixis-train train --config small --data pictures --samples 100000 --out run
            A network and a recipe of your own, and a big batch on a small machine: files name what differs (formats/settings.md)
              deixis-train describe paper-r50 --json > my.json
              deixis-train train --config my.json --recipe paper --micro-batch 8 \\
                --data refcoco/train --validation refcoco/val --out run
            In two stages, on joined sets and then on one, weights and vocabulary kept:
              deixis-train train --config paper-r50 --recipe pretrain \\
                --data refcoco/train --data visual-genome/train --out wide
              deixis-train train --from wide/checkpoint --recipe finetune \\
                --data refcoco/train --validation refcoco/val --out run
            On with a model of which the file alone is left:
              deixis-train train --config small --from small.onnx --scenes --samples 100000 --curriculum none --out on
            For int8, where `deixis quantize` loses too much:
              deixis-train train --from run/checkpoint --int8 --curriculum none --samples 20000 --rate 3e-5 --out run8
            Parts that learn nothing, or slowly (names: `deixis-train describe`; `*` stands for any characters):
              deixis-train train --from run/checkpoint --freeze visual.conv1 \\
                --freeze 'language.embeddings' --rate 'visual.layer*=0.1' --data mine --out next
            On several machines that see the same files, each with a share of every batch (any MPI that mpirun belongs to):
              mpirun -np 4 --hostfile hosts \\
                deixis-train train --config my.json --data refcoco/train --out run
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

            --batch is what one step of the optimizer sees. It goes through memory in micro-batches, as large as \
            measured memory allows unless --micro-batch says; their gradients sum to those of the whole batch. Options \
            win over the recipe's file, the recipe's file over the recipe it is based on.

            Screen: loss is the self-paced total, \(SelfPacedLoss.terms.map(\.name).joined(separator: " and ")) its terms before weighting, sigma their learned widths, Acc@0.5 \
            the share of boxes with IoU above 0.5, on the last batches and on held-out samples.
            """)

    @Option(
        help: ArgumentHelp(
            "Network: \(NetworkConfiguration.names.joined(separator: ", ")), or a JSON file; default: small.",
            valueName: "name"))
    var config: String?
    @Option(
        help: ArgumentHelp(
            "\(TrainingRecipe.Known.allCases.map(\.rawValue).joined(separator: ", ")), or a JSON file; default: the network's.",
            valueName: "name"))
    var recipe: String?
    @Option(
        help: ArgumentHelp(
            "Begin with the weights, vocabulary and (unless --config) network of a run's checkpoint, or with weights and vocabulary of a float model that `export` wrote (.onnx; --config names its network), on a schedule of its own.",
            valueName: "start"))
    var from: String?
    @Flag(help: "Train on generated scenes of --seed (the default unless --data is given).")
    var scenes = false
    @Option(help: ArgumentHelp("Train on a data set's directory; several are joined.", valueName: "dir"))
    var data: [String] = []
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
    @Option(help: "How often to go through the data, instead of --samples.")
    var epochs: Int?
    @Option(help: "Samples per step of the optimizer.")
    var batch: Int?
    @Option(help: "Samples in memory at once; default: as many as fit.")
    var microBatch: Int?
    @Flag(
        help:
            "Compute the trunk's stages twice instead of keeping what they need: less memory, more time, the same but for rounding."
    )
    var recompute = false
    @Flag(
        help:
            "Train for int8: values and weights are rounded as `deixis quantize` will round them, over ranges it finds at the beginning. For the last few thousand samples, with --from."
    )
    var int8 = false
    @Option(help: "Learning rate of the encoders.")
    var encoderRate: Double?
    @Option(
        help: ArgumentHelp(
            "Learning rate of everything else (and of the encoders, unless --encoder-rate); PATTERN=FACTOR multiplies that of matching parameters.",
            valueName: "rate"), transform: { try RateOption($0) })
    var rate: [RateOption] = []
    @Option(
        help: ArgumentHelp(
            "Parameters under this name learn nothing; `*` stands for any characters.", valueName: "pattern"))
    var freeze: [String] = []
    @Option(help: "Steps over which the rates rise from 0.")
    var warmUp: Int?
    @Option(
        help: "none, scenes (mirror images, gentle color, little blur) or paper (affine, color, blur, mirror images).")
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
    @Option(
        help: ArgumentHelp(
            "vocab.txt of a WordPiece vocabulary; without it one is made from the sentences.", valueName: "file"))
    var vocabulary: String?
    @Option(
        help: ArgumentHelp(
            "Weights for the visual encoder: of `pretrain`, or a ResNet of torchvision or DETR, as safetensors or .pth.",
            valueName: "file"))
    var pretrainedVisual: String?
    @Option(
        help: ArgumentHelp(
            "Weights of BERT for the language encoder, as safetensors or pytorch_model.bin.", valueName: "file"))
    var pretrainedLanguage: String?

    func validate() throws {
        if scenes, !data.isEmpty { throw ValidationError("--scenes or --data, not both") }
        if validation != nil, data.isEmpty, !resume { throw ValidationError("--validation needs --data") }
        if samples != nil, epochs != nil { throw ValidationError("--samples or --epochs, not both") }
        if from != nil, vocabulary != nil {
            throw ValidationError("--from brings its vocabulary; leave --vocabulary out")
        }
        if from != nil, pretrainedVisual != nil || pretrainedLanguage != nil {
            throw ValidationError("--from brings all weights; leave --pretrained-visual and --pretrained-language out")
        }
        if let microBatch { try check(microBatch, "--micro-batch", 1...65536) }
        if rate.count(where: { $0.base != nil }) > 1 {
            throw ValidationError("--rate gives more than one rate; a factor is PATTERN=FACTOR")
        }
        if let threads { try check(threads, "--threads", 1...1024) }
        try check(checkpointSeconds, "--checkpoint-seconds", 1e-6...1e9)
    }

    func run() throws {
        guard let ranks = try MPIRanks.join() else { return try train(nil) }
        try ranks.run { try train(ranks) }
    }

    private func train(_ ranks: MPIRanks?) throws {
        var run = TrainingRun(directory: out)
        run.checkpointInterval = checkpointSeconds
        let manifests = (data.map(Optional.some) + [validation]).map { $0.map { $0 + "/manifest.jsonl" } }
        let read = [config, recipe, start, vocabulary, curriculum, pretrainedVisual, pretrainedLanguage] + manifests
        try Outputs(("--out: its file", run.checkpoint), ("--out: its file", run.log)).check(
            against: read.compactMap { $0 })
        func note(_ text: String) { if ranks?.rank ?? 0 == 0 { Console.note(text) } }
        func setUp() throws -> Trainer {
            if let threads = threads ?? ranks?.fairThreads { try Backend.setThreadCount(threads) }
            try Backend.load()
            return try resume ? resumed(run, ranks) : fresh(run, ranks, note)
        }
        let trainer = try ranks?.together(setUp) ?? setUp()
        if let ranks {
            try trainer.checkRanks()
            trainer.setMicroBatch(ranks.least(trainer.plan.microBatch))
            note("\(ranks.count) ranks, started by \(ranks.launcher): \(ranks.library)")
            ranks.warnings.forEach { note($0) }
        }
        for line in trainer.data.skipped { note("left out: \(line)") }
        if !trainer.data.skipped.isEmpty { note("\(trainer.data.skipped.count) bad lines left out") }
        let count = trainer.network.parameters.all.reduce(0) { $0 + $1.count }
        note(
            "\(trainer.recipe.name): \(count) parameters, \(trainer.data.tokenizer.vocabulary.count) tokens, "
                + "\(Backend.threadCount) threads; step \(trainer.step) of \(trainer.recipe.steps)")
        trainer.data.countLines.forEach { note($0) }
        trainer.matches.forEach { note($0.line) }
        trainer.planLines.forEach { note($0) }
        let interrupt = Interrupt()
        let screen = ProgressLine()
        let ending = try run.train(
            trainer, shouldStop: { interrupt.isRequested },
            progress: { state in
                if ranks?.rank ?? 0 == 0 { screen.show(state.line, final: state.step == state.steps) }
            },
            // What a rank finds of its own share, it tells itself.
            report: { Console.note($0) })
        guard ranks?.rank ?? 0 == 0 else {
            if ending == .stopped { throw ExitCode(130) }
            return
        }
        if let broken = trainer.data.broken, case let count = broken.training.count + broken.heldOut.count, count > 0 {
            note("\(count) samples with broken pictures left out")
        }
        switch ending {
        case .finished:
            try Console.out(
                "\(run.checkpoint): \(trainer.recipe.samples) samples"
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

}

/// `--rate`: a number, or PATTERN=FACTOR.
struct RateOption {
    var base: Double?
    var factor: (pattern: String, factor: Double)?

    init(_ argument: String) throws {
        if let value = Double(argument) {
            base = value
        } else {
            guard let sign = argument.lastIndex(of: "="), sign > argument.startIndex,
                let value = Double(argument[argument.index(after: sign)...])
            else { throw ValidationError("expected a number or PATTERN=FACTOR") }
            factor = (String(argument[..<sign]), value)
        }
    }
}

enum AugmentationName: String, CaseIterable, ExpressibleByArgument {
    case none, scenes, paper
    var value: Augmentation {
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
