internal import ArgumentParser
internal import DeixisCommand
internal import DeixisExport
internal import DeixisFiles
internal import DeixisGraph
internal import DeixisGrounding
internal import DeixisInput
internal import DeixisONNX
internal import DeixisQuantization
internal import DeixisRuntime
internal import Foundation

struct QuantizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deixis quantize",
        abstract: "Makes an int8 model of a float one, without training.",
        discussion: """
            Post-training static quantization: runs the float model on part of a data set, learns the range of every \
            value, and writes a standard ONNX file with QuantizeLinear and DequantizeLinear (QDQ), activations uint8, \
            weights int8 per channel. Any runtime runs it; ours runs it in integers, with the same box on every CPU.

            Then the gate: the int8 model is asked on held-out samples of the data set, as the float one is. If it \
            loses more than the limits, the layers that cost most stay float, as few as suffice. No file is written if \
            that is not enough.

              deixis-train scenes --count 600 --seed 4242 --out pictures
              deixis quantize model.onnx --data pictures --out model.int8.onnx --report report.html
              deixis ground model.int8.onnx desk.jpg "the red mug"

            EXIT CODES
              0 done · 1 the gate is not met, nothing was written · 64 wrong arguments · 65 bad model or data set
              70, 71 internal fault, out of memory · 73, 74 an output cannot be made or written
            """)

    enum Method: String, CaseIterable, ExpressibleByArgument {
        case minmax, percentile, mse, entropy
        var range: RangeMethod {
            switch self {
            case .minmax: .minMax
            case .percentile: .percentile(0.9999)
            case .mse: .meanSquaredError
            case .entropy: .entropy
            }
        }
    }

    enum Migration: String, CaseIterable, ExpressibleByArgument {
        case auto, off
    }

    @Argument(help: "A float grounding model (ONNX, with our metadata).") var model: String
    @Option(help: ArgumentHelp("Directory of the data set (formats/dataset.md).", valueName: "dir")) var data: String
    @Option(help: ArgumentHelp("The int8 model to write.", valueName: "file")) var out: String
    @Option(help: "How ranges are chosen: minmax, percentile (99.99%), mse, entropy.") var method: Method = .minmax
    @Option(
        help: ArgumentHelp(
            "Scale migration: where one step size must serve channels of very different ranges, divides each channel by a number of its own and "
                + "multiplies the next weights by it; the float model stays the same. auto: where that is free and halves the expected rounding noise; off.",
            valueName: "auto|off")) var migrate: Migration = .auto
    @Option(help: "Samples to learn ranges from, the first of the data set.") var calibration: Int = 128
    @Option(help: "Held-out samples to judge by, those that follow; 0: all that are left.") var evaluate: Int = 0
    @Option(help: "Samples for the sensitivity of single layers.") var sensitivity: Int = 16
    @Option(help: "Most that Acc@0.5 may lose, as a share.") var accuracyLoss: Double = 0.005
    @Option(help: "Most that mean IoU may lose.") var iouLoss: Double = 0.01
    @Flag(help: "Write the file whatever it loses.") var noGate = false
    @Flag(help: "Leave biases as they are instead of taking the mean rounding error of weights out of them.")
    var noBiasCorrection = false
    @Option(help: ArgumentHelp("Layers that stay float, by node name.", valueName: "node")) var keepFloat: [String] = []
    @Option(help: ArgumentHelp("A page with the gate, the layers' costs and ranges.", valueName: "file.html"))
    var report: String?
    @Option(help: "Threads; 0: the cores this process may use.") var threads: Int = 0
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        try check(calibration, "--calibration", 1...1 << 48)
        try check(evaluate, "--evaluate", 0...1 << 48)
        try check(sensitivity, "--sensitivity", 1...1 << 48)
        try check(accuracyLoss, "--accuracy-loss", 0...1)
        try check(iouLoss, "--iou-loss", 0...1)
        try check(threads, "--threads", 0...1024)
    }

    func run() throws {
        // First, for calibrating takes long.
        let outputs = Outputs(("--out", out), ("--report", report))
        try outputs.check(against: [model])
        try Outputs(("--out", out)).mustBeReplaceable()
        try Outputs(("--report", report)).mustBeWritable()
        var work = try Work(self)
        try outputs.check(against: Graph.weightFiles(ofONNXFile: model) + work.reader.source.dataset.files)
        try work.calibrate()
        let result = try work.gate()
        try work.write(result)
        if let report { try writeText(ReportPage(work: work, result: result).html, to: report) }
        try Console.out(json ? result.json(work) : result.table(work))
        if !result.passes, !noGate { throw ExitCode(1) }
    }
}

/// One line on standard error that is drawn over.
func progress(_ text: String, _ done: Int, of total: Int) {
    let isTerminal = isatty(2) == 1, every = isTerminal ? 1 : max(1, total / 4)
    guard done == total || done % every == 0 else { return }
    let filled = total == 0 ? 24 : 24 * done / total
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
    Console.draw(
        (isTerminal ? "\r\u{1B}[K" : "") + "[\(bar)] \(text) \(done)/\(total)"
            + (isTerminal && done < total ? "" : "\n"))
}

/// Whatever else is wrong lies in the model or the data set, whose message names the file.
private func failure(_ error: any Error) -> CommandError? {
    switch error {
    case let error as GroundingError: CommandError(error.exitCode, "\(error)")
    case ExportError.file(let error): CommandError(error)
    case RuntimeError.outOfMemory(_): CommandError(code: .memory, message: "\(error)")
    case is RuntimeError, is QuantizationError, is ExportError, is Refusal: .data("\(error)")
    default: nil
    }
}

exit(Program.run(QuantizeCommand.self, as: "deixis quantize", failure: failure))
