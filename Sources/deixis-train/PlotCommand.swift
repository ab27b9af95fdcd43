internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisImage
internal import DeixisInput

struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draw the curves of training logs as a picture.",
        discussion: """
            Panels over the samples seen: the self-paced loss with its two parts, Acc@0.5 on training batches and on \
            held-out samples, sigma, the weights d that say how hard the samples still are, what the schedule \
            multiplies the learning rates by, the norm of the gradients, and samples per second. Faint lines are the \
            log's values, strong ones their running mean. Several logs get a color each, and one curve a panel: the \
            loss, held-out Acc@0.5, and so on.

              deixis-train plot run/log.jsonl --out curves.png
              deixis-train plot run1/log.jsonl run2/log.jsonl --out both.png
            """)

    @Argument(help: ArgumentHelp("Logs of runs, or their folders.", valueName: "log.jsonl"))
    var logs: [String]
    @Option(help: ArgumentHelp("The picture: .png or .jpg.", valueName: "curves.png"))
    var out: String
    @Option(help: "Width of the picture in pixels.")
    var width: Int = 1720
    @Option(help: "Height of the picture in pixels.")
    var height: Int = 940

    func validate() throws {
        guard (160...8192).contains(width), (120...8192).contains(height) else {
            throw ValidationError("--width is 160 to 8192 and --height 120 to 8192, got \(width) and \(height)")
        }
    }

    func run() throws {
        guard logs.count <= 8 else { throw CommandError.usage("\(logs.count) logs; a picture has colors for 8") }
        let paths = logs.map { exists($0 + "/log.jsonl") ? $0 + "/log.jsonl" : $0 }
        try Outputs(("--out", out)).check(against: paths)
        try RGBImage.checkName(out)
        let runs = try paths.map { LogChart.Run(path: $0, records: try TrainingLog.read($0)) }
        for run in runs where run.records.isEmpty { throw CommandError.data("\(run.path): the log has no line yet") }
        try LogChart(runs: runs).chart.drawn(width: width, height: height).write(to: out)
        let lines = runs.map { "\($0.records.count) lines of \($0.path)" + ($0.last.map { ", \($0)" } ?? "") }
        try Console.out("\(out): " + lines.joined(separator: "; "))
    }
}

/// The panels of one log, or of several side by side.
struct LogChart {
    struct Run {
        let path: String
        let records: [TrainingRecord]

        /// In a legend, where there is room for a word: the folder's name.
        var name: String {
            let parts = path.split(separator: "/")
            let word = parts.last == "log.jsonl" && parts.count > 1 ? parts[parts.count - 2] : parts.last ?? ""
            return word.count <= 14 ? String(word) : "…" + word.suffix(13)
        }

        /// Where the run stands, for the subtitle and the terminal.
        var last: String? {
            guard let record = records.last else { return nil }
            let accuracy = records.last { $0.heldOutAccuracy != nil }?.heldOutAccuracy
            return "\(record.samples) samples"
                + (accuracy.map { ", held-out Acc@0.5 \(($0 * 1000).rounded() / 1000)" } ?? "")
        }

        func points(_ value: (TrainingRecord) -> Double?) -> [Point] {
            records.compactMap { record in value(record).map { Point(Double(record.samples) / 1000, $0) } }
        }
    }

    let runs: [Run]
    private static let smoothing = 0.9

    /// A curve of a panel; of several logs the first alone is drawn, once for each log.
    private struct Curve {
        var name: String
        var smoothing = LogChart.smoothing
        var value: (TrainingRecord) -> Double?
    }

    private func panel(_ title: String, _ curves: [Curve], yRange: ClosedRange<Double>? = nil) -> Chart.Panel? {
        let series =
            runs.count == 1
            ? curves.map { Chart.Series($0.name, runs[0].points($0.value), smoothing: $0.smoothing) }
            : runs.enumerated().map { index, run in
                Chart.Series(
                    run.name, run.points(curves[0].value), color: Chart.palette[index % Chart.palette.count],
                    smoothing: curves[0].smoothing)
            }
        // What older logs do not have is left out.
        guard series.contains(where: { !$0.points.isEmpty }) else { return nil }
        let shown = runs.count == 1 || curves.count == 1 ? title : "\(title): \(curves[0].name)"
        return Chart.Panel(shown, xLabel: "thousand samples", series: series, yRange: yRange)
    }

    var chart: Chart {
        let terms = SelfPacedLoss.terms
        let panels = [
            panel(
                "Loss",
                [Curve(name: "self-paced") { $0.loss["loss"] }]
                    + terms.map { term in Curve(name: term.label) { $0.loss[term.name] } }),
            panel(
                "Acc@0.5",
                [
                    Curve(name: "held out", smoothing: 0, value: \.heldOutAccuracy),
                    Curve(name: "training batches", value: \.accuracy),
                ], yRange: 0...1),
            panel(
                "Weight d: how hard",
                terms.map { term in Curve(name: "\(term.weight) (\(term.label))") { $0.loss[term.weight] } }),
            panel(
                "sigma",
                terms.map { term in Curve(name: "\(term.sigma) (\(term.label))", smoothing: 0) { $0.loss[term.sigma] } }
            ),
            panel("Norm of the gradients", [Curve(name: "norm", value: \.gradientNorm)]),
            panel("Factor of the learning rates", [Curve(name: "factor", smoothing: 0, value: \.rateFactor)]),
            panel("Samples per second", [Curve(name: "samples per second", value: \.samplesPerSecond)]),
        ]
        let single = runs.count == 1
        return Chart(
            title: single ? runs[0].path : "\(runs.count) runs", subtitle: single ? runs[0].last ?? "" : "",
            panels: panels.compactMap { $0 })
    }
}
