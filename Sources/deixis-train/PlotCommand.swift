internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisImage
internal import DeixisInput

struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draw a training log's curves as a picture.",
        discussion: """
            Four panels over the samples seen: the self-paced loss with its two parts, Acc@0.5 on training batches and \
            on held-out samples, sigma, and samples per second. Faint lines are the log's values, strong ones their \
            running mean.

              deixis-train plot run/log.jsonl --out curves.png
            """)

    @Argument(help: ArgumentHelp("A run's log.", valueName: "log.jsonl"))
    var log: String
    @Option(help: ArgumentHelp("The picture: .png or .jpg.", valueName: "curves.png"))
    var out: String
    @Option(help: "Width of the picture in pixels.")
    var width: Int = 1280
    @Option(help: "Height of the picture in pixels.")
    var height: Int = 860

    func validate() throws {
        guard (160...8192).contains(width), (120...8192).contains(height) else {
            throw ValidationError("--width is 160 to 8192 and --height 120 to 8192, got \(width) and \(height)")
        }
    }

    func run() throws {
        try Outputs(("--out", out)).check(against: [log])
        try RGBImage.checkName(out)
        let records = try TrainingLog.read(log)
        let chart = LogChart(records: records, title: log)
        try chart.chart.drawn(width: width, height: height).write(to: out)
        try Console.out("\(out): \(records.count) lines of \(log)\(chart.last.map { ", \($0)" } ?? "")")
    }
}

/// The panels of a log.
struct LogChart {
    let records: [TrainingRecord]
    let title: String

    /// Where the run stands, for the subtitle and the terminal.
    var last: String? {
        guard let record = records.last else { return nil }
        let accuracy = records.last { $0.heldOutAccuracy != nil }?.heldOutAccuracy
        return "\(record.samples) samples"
            + (accuracy.map { ", held-out Acc@0.5 \(($0 * 1000).rounded() / 1000)" } ?? "")
    }

    var chart: Chart {
        func points(_ value: (TrainingRecord) -> Double?) -> [Point] {
            records.compactMap { record in value(record).map { Point(Double(record.samples) / 1000, $0) } }
        }
        let terms = SelfPacedLoss.terms
        let x = "thousand samples", smooth = 0.9
        return Chart(
            title: title, subtitle: last ?? "",
            panels: [
                Chart.Panel(
                    "Loss", xLabel: x,
                    series: [
                        Chart.Series("self-paced", points { $0.loss["loss"] }, smoothing: smooth)
                    ] + terms.map { term in Chart.Series(term.label, points { $0.loss[term.name] }, smoothing: smooth) }
                ),
                Chart.Panel(
                    "Acc@0.5", xLabel: x,
                    series: [
                        Chart.Series("training batches", points(\.accuracy), smoothing: smooth),
                        Chart.Series("held out", points(\.heldOutAccuracy)),
                    ], yRange: 0...1),
                Chart.Panel(
                    "sigma", xLabel: x,
                    series: terms.map { term in
                        Chart.Series("\(term.sigma) (\(term.label))", points { $0.loss[term.sigma] })
                    }),
                Chart.Panel(
                    "Samples per second", xLabel: x,
                    series: [
                        Chart.Series("samples per second", points(\.samplesPerSecond), smoothing: smooth)
                    ]),
            ])
    }
}
