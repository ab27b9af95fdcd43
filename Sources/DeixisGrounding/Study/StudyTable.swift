import Foundation

/// A study's results as rows of text: for a terminal, and as Markdown with how they came about.
public struct StudyTable {
    public let results: StudyResults
    /// The threads that latencies are of.
    private let threads: [Int]
    private let kinds: [String]

    public init(_ results: StudyResults) {
        self.results = results
        threads = Set(results.listed.flatMap { $0.latencies.map(\.threads) }).sorted()
        kinds = Set(results.listed.flatMap { results.runs(of: $0).flatMap { $0.kinds.map(\.name) } }).sorted()
            .filter { !$0.isEmpty }
    }

    /// "0.731 ± 0.004", without a deviation for a single value, "-" for none.
    public static func text(_ spread: Spread?, plusMinus: String = "±") -> String {
        guard let spread else { return "-" }
        let mean = String(format: "%.3f", spread.mean)
        return spread.deviation.map { mean + String(format: " \(plusMinus) %.3f", $0) } ?? mean
    }

    /// 2.82 M, 812 k.
    public static func count(_ value: Int?) -> String {
        guard let value else { return "-" }
        return value >= 1_000_000
            ? String(format: "%.2f M", Double(value) / 1e6) : String(format: "%.1f k", Double(value) / 1e3)
    }

    public static func giga(_ value: Int?) -> String {
        value.map { String(format: $0 < 5_000_000 ? "%.5f" : "%.3f", Double($0) / 1e9) } ?? "-"
    }

    public static func milliseconds(_ value: Double?) -> String {
        value.map { String(format: $0 < 10 ? "%.2f" : "%.1f", $0) } ?? "-"
    }

    // MARK: Rows

    private var heading: [String] {
        ["point", "Acc@0.5", "runs", "mean IoU", "parameters", "GMAC"]
            + threads.map { "ms, \($0) thread\($0 == 1 ? "" : "s")" }
    }

    private var rows: [[String]] {
        results.listed.map { point in
            let runs = results.runs(of: point), scored = runs.filter { $0.accuracy != nil }
            return [
                point.name, Self.text(Spread(scored.compactMap(\.accuracy))),
                "\(scored.count) of \(results.seeds.count)", Self.text(Spread(scored.compactMap(\.meanIoU))),
                Self.count(point.parameters), Self.giga(point.multiplyAdds),
            ]
                + threads.map { count in
                    Self.milliseconds(point.latencies.first { $0.threads == count }?.milliseconds)
                }
        }
    }

    /// Accuracy by kind of sentence, over the runs of a point.
    private var kindRows: [[String]] {
        results.listed.compactMap { point in
            let runs = results.runs(of: point).filter { $0.accuracy != nil }
            guard !runs.isEmpty else { return nil }
            return [point.name]
                + kinds.map { name in
                    let shares = runs.flatMap(\.kinds).filter { $0.name == name && $0.count > 0 }
                    return Self.text(Spread(shares.map { Double($0.hits) / Double($0.count) }))
                }
        }
    }

    /// Of a kind, how many unseen sentences there are.
    private func count(ofKind name: String) -> Int {
        results.listed.lazy.flatMap { results.runs(of: $0).flatMap(\.kinds) }.first { $0.name == name }?.count ?? 0
    }

    /// What has no accuracy, and why; a line for the seeds of a point that say the same.
    public var problems: [String] {
        results.listed.flatMap { point -> [String] in
            func first(_ text: String) -> String { text.split(separator: "\n").first.map(String.init) ?? text }
            if let problem = point.problem { return ["\(point.name): \(first(problem))"] }
            var seeds: [String: [UInt64]] = [:], reasons: [String] = []
            for run in results.runs(of: point) {
                guard let reason = run.problem.map(first) else { continue }
                if seeds[reason] == nil { reasons.append(reason) }
                seeds[reason, default: []].append(run.seed)
            }
            return reasons.map { reason in
                let failed = seeds[reason] ?? [], numbers = failed.map(String.init).joined(separator: ", ")
                return "\(point.name), seed\(failed.count == 1 ? "" : "s") \(numbers): \(reason)"
            }
        }
    }

    // MARK: For a terminal

    public var text: String {
        var lines = Self.aligned([heading] + rows)
        if !kinds.isEmpty, !kindRows.isEmpty {
            lines += ["", "Acc@0.5 by kind"] + Self.aligned([["point"] + kinds] + kindRows)
        }
        if !problems.isEmpty { lines += ["", "failed:"] + problems.map { "  " + $0 } }
        return lines.joined(separator: "\n")
    }

    static func aligned(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + blanks : blanks + cell.0
            }
            return cells.joined(separator: "   ")
        }
    }

    // MARK: Markdown

    public var markdown: String {
        var lines = ["# \(results.title)", ""] + Self.markdown([heading] + rows)
        lines += ["", accuracyNote]
        if !kinds.isEmpty, !kindRows.isEmpty {
            let heading = ["Acc@0.5 of"] + kinds.map { "\($0) (\(count(ofKind: $0)))" }
            lines += [""] + Self.markdown([heading] + kindRows)
        }
        if !problems.isEmpty { lines += ["", "Failed:", ""] + problems.map { "- \($0)" } }
        lines += ["", "![\(results.title)](study.png)", "", "## How it was made", "", "    \(results.command)", ""]
        lines += settings.map { "- \($0.name): \($0.value)" }
        let differing = results.listed.filter { !$0.differences.isEmpty }
        if !differing.isEmpty {
            lines += ["", "What differs:", ""] + differing.map { "- \($0.name): `\($0.differences)`" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var settings: [(name: String, value: String)] {
        let all = [
            ("network", results.network.hasPrefix("{") ? "`\(results.network)`" : results.network),
            ("data", results.data), ("a run", results.length),
            ("seeds", results.seeds.map(String.init).joined(separator: ", ")),
            ("visual encoder taught first", results.pretraining), ("measured on", results.unseen),
            ("latency", results.processor.isEmpty ? "" : "\(results.processor), \(results.measured)"),
        ]
        return all.filter { !$0.1.isEmpty }.map { (name: $0.0, value: $0.1) }
    }

    /// How far chance among the unseen samples alone reaches.
    private var accuracyNote: String {
        let widest = results.listed.flatMap { results.runs(of: $0) }.compactMap { run -> Double? in
            let count = run.kinds.reduce(0) { $0 + $1.count }
            guard count > 0 else { return nil }
            let range = EvaluationSummary.interval(hits: run.kinds.reduce(0) { $0 + $1.hits }, count: count)
            return (range.upperBound - range.lowerBound) / 2
        }.max()
        return "Acc@0.5: share of unseen samples whose box has an IoU above 0.5 with the truth; mean ± standard "
            + "deviation over seeds."
            + (widest.map { String(format: " The choice of samples alone moves one run by ± %.3f (95%%).", $0) } ?? "")
            + (threads.isEmpty
                ? "" : " Milliseconds: median of one picture and one sentence in the lean runtime, models by turns.")
    }

    static func markdown(_ rows: [[String]]) -> [String] {
        func line(_ cells: [String]) -> String {
            "| "
                + cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
                .joined(separator: " | ") + " |"
        }
        guard let heading = rows.first else { return [] }
        return [line(heading), "|" + heading.indices.map { $0 == 0 ? "---|" : "---:|" }.joined()]
            + rows.dropFirst().map(line)
    }
}
