internal import ArgumentParser
internal import DeixisCommand
internal import DeixisGrounding
internal import DeixisInput
internal import DeixisModel
internal import DeixisRuntime
internal import Foundation

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure an exported model on a data set, in the runtime that will serve it.",
        discussion: """
            Every sample goes the way a user's does: decode the file, letterbox, tokenize, run the ONNX file in the \
            lean runtime. A box is a hit if its IoU with the truth, both in pixels of the picture, is above 0.5; hits \
            are counted over the whole data set. Latency is one sentence and one picture in memory, decoding not \
            counted.

              deixis-train scenes --count 2000 --seed 1000001 --out unseen
              deixis-train evaluate model.onnx --data unseen
            """)

    @Argument(help: ArgumentHelp("The exported model.", valueName: "model.onnx"))
    var model: String
    @Option(help: ArgumentHelp("Directory of the data set (formats/dataset.md).", valueName: "dir"))
    var data: String
    @Option(
        help: ArgumentHelp("Folder of the pictures, in place of the one that the data set names.", valueName: "dir"))
    var images: String?
    @Option(help: "Only the first so many samples.")
    var count: Int?
    @Flag(help: "Leave bad lines and broken pictures out, and list them, instead of stopping.")
    var skipBad = false
    @Option(help: "Threads of the runtime; default: the cores this process may use.")
    var threads: Int = 0
    @Flag(help: "Print one JSON object instead of the table.")
    var json = false

    func validate() throws {
        if let count { try check(count, "--count", 1...1 << 48) }
        try check(threads, "--threads", 0...1024)
    }

    func run() throws {
        let dataset = try Dataset(directory: data, images: images, skipBad: skipBad)
        for line in dataset.skipped { Console.note("left out: \(line)") }
        let leftOut = LeftOut()
        var options = SessionOptions()
        options.threads = threads
        let model = try GroundingModel(path: self.model, options: options)
        let source = DatasetSource(dataset)
        let total = min(count ?? .max, dataset.entries.count)
        var score = GroundingScore()
        var latencies: [Double] = []
        var truncated = 0, unknown = 0
        let line = ProgressLine()
        for index in 0..<total {
            guard let sample = skipBad ? try leftOut.sample(index, of: source) : try source.sample(index) else {
                for line in leftOut.takeUnread() { Console.note("left out: \(line)") }
                continue
            }
            let found = try model.ground(sample.image, sample.sentence)
            score.add(iou: found.box.intersectionOverUnion(sample.box), kind: sample.kind)
            latencies.append(found.inputMilliseconds + found.networkMilliseconds)
            if found.droppedTokenCount > 0 { truncated += 1 }
            if found.unknownTokenCount > 0 { unknown += 1 }
            line.show(
                "\(index + 1) of \(total)  Acc@0.5 \(String(format: "%.3f", score.accuracy))", final: index + 1 == total
            )
        }
        let report = EvaluationReport(
            model: self.model, data: data, score: score, latencies: latencies, threads: model.threads,
            skipped: dataset.skipped.count + leftOut.count,
            truncated: truncated, unknown: unknown)
        try Console.out(json ? report.json : report.table)
    }
}

/// The numbers of one evaluation, as a table and as JSON.
struct EvaluationReport {
    let model, data: String
    let score: GroundingScore
    let latencies: [Double]
    let threads, skipped, truncated, unknown: Int

    func percentile(_ share: Double) -> Double {
        let sorted = latencies.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }

    var table: String {
        func row(_ name: String, _ value: String) -> String {
            name.padding(toLength: 22, withPad: " ", startingAt: 0) + value
        }
        func share(_ value: Double) -> String { String(format: "%.4f", value) }
        var lines = [
            row("samples", "\(score.count)" + (skipped > 0 ? " (\(skipped) bad lines and pictures left out)" : "")),
            row("Acc@0.5", "\(share(score.accuracy))   (\(score.hits) hits; \(GroundingScore.rule))"),
            row("mean IoU", share(score.meanIoU)),
            row(
                "latency p50, p90",
                String(format: "%.2f, %.2f ms", percentile(0.5), percentile(0.9)) + "   (\(threads) threads)"),
        ]
        if truncated > 0 { lines.append(row("sentences cut", "\(truncated)")) }
        if unknown > 0 { lines.append(row("unknown words in", "\(unknown) sentences")) }
        if score.byKind.count > 1 || score.byKind.first?.kind.isEmpty == false {
            for entry in score.byKind {
                lines.append(
                    row(
                        "  " + (entry.kind.isEmpty ? "(no kind)" : entry.kind),
                        "\(share(entry.accuracy))   of \(entry.count)"))
            }
        }
        return lines.joined(separator: "\n")
    }

    private struct Report: Encodable {
        struct Kind: Encodable {
            let count: Int
            let accuracy: Double
        }
        let model, data, rule: String
        let samples, hits, skipped, truncated, unknown_words, threads: Int
        let accuracy, mean_iou, p50_ms, p90_ms, p99_ms: Double
        let kinds: [String: Kind]
    }

    var json: String {
        let kinds = score.byKind.map { ($0.kind, Report.Kind(count: $0.count, accuracy: $0.accuracy)) }
        let report = Report(
            model: model, data: data, rule: GroundingScore.rule, samples: score.count, hits: score.hits,
            skipped: skipped,
            truncated: truncated, unknown_words: unknown, threads: threads, accuracy: score.accuracy,
            mean_iou: score.meanIoU, p50_ms: percentile(0.5),
            p90_ms: percentile(0.9), p99_ms: percentile(0.99), kinds: Dictionary(uniqueKeysWithValues: kinds))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return (try? encoder.encode(report)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
