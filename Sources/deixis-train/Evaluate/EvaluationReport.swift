internal import DeixisGrounding
internal import DeixisModel
internal import Foundation

/// The answers to one data set, as a table and as JSON.
struct EvaluationReport {
    let model: String
    let against: String?
    let data: String
    let rule: HitRule
    let threads: Int
    var samples: [EvaluatedSample] = []
    /// Of the other model, about the same samples.
    var others: [EvaluatedSample] = []
    var latencies: [Double] = []
    var pictures: Set<String> = []
    /// Bad lines and pictures; sentences cut; sentences with unknown words; answers that are no number.
    var skipped = 0, truncated = 0, unknown = 0, notFinite = 0

    init(model: String, against: String?, data: String, rule: HitRule, threads: Int) {
        (self.model, self.against, self.data, self.rule, self.threads) = (model, against, data, rule, threads)
    }

    /// - Parameter found: nil for an answer that is no number.
    mutating func add(_ sample: EvaluatedSample, _ found: Grounding?) {
        samples.append(sample)
        guard let found else {
            notFinite += 1
            return
        }
        latencies.append(found.inputMilliseconds + found.networkMilliseconds)
        if found.droppedTokenCount > 0 { truncated += 1 }
        if found.unknownTokenCount > 0 { unknown += 1 }
    }

    var summary: EvaluationSummary { EvaluationSummary(samples, rule: rule) }
    /// Of the answers that have a score; nil where none has.
    var calibration: ScoreCalibration? {
        let scored = samples.compactMap { sample in sample.score.map { (score: $0, iou: sample.iou) } }
        return scored.isEmpty ? nil : ScoreCalibration(scored, rule: rule)
    }
    var comparison: EvaluationComparison? {
        against == nil ? nil : EvaluationComparison(samples, others, rule: rule)
    }

    func percentile(_ share: Double) -> Double {
        let sorted = latencies.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }
    var meanLatency: Double { latencies.isEmpty ? 0 : latencies.reduce(0, +) / Double(latencies.count) }
}

// MARK: - Table

extension EvaluationReport {
    /// - Parameter named: where several data sets are answered, the table says which.
    func table(named: Bool) -> String {
        func row(_ name: String, _ value: String) -> String {
            name + String(repeating: " ", count: max(2, 22 - name.count)) + value
        }
        func share(_ value: Double) -> String { String(format: "%.4f", value) }
        func group(_ group: EvaluationSummary.Group) -> String {
            let interval = group.interval
            let range = "\(share(interval.lowerBound)) to \(share(interval.upperBound))"
            return "\(share(group.accuracy))   \(range), of \(group.count)"
        }
        let summary = summary, interval = summary.all.interval
        var lines = named ? [row("data set", data)] : []
        lines += [
            row(
                "samples",
                "\(summary.all.count) sentences about \(pictures.count) pictures"
                    + (skipped > 0 ? " (\(skipped) bad lines and pictures left out)" : "")),
            row("Acc@0.5", "\(share(summary.all.accuracy))   (\(summary.all.hits) hits; \(rule))"),
            row("  95% interval", "\(share(interval.lowerBound)) to \(share(interval.upperBound))"),
            row("mean IoU, GIoU", "\(share(summary.meanIoU)), \(share(summary.meanGeneralizedIoU))"),
            row(
                "Acc@0.3 to Acc@0.9",
                summary.thresholds.map { String(format: "%.3f", $0.accuracy) }.joined(separator: "  ")),
            row(
                "latency p50, p90",
                String(format: "%.2f, %.2f ms, mean %.2f ms", percentile(0.5), percentile(0.9), meanLatency)
                    + "   (\(threads) threads)"),
        ]
        if let calibration { lines += ScoreReport(calibration).lines }
        if notFinite > 0 { lines.append(row("no number", "in \(notFinite) answers, counted as IoU 0")) }
        if truncated > 0 { lines.append(row("sentences cut", "\(truncated)")) }
        if unknown > 0 { lines.append(row("unknown words in", "\(unknown) sentences")) }
        func groups(_ title: String, _ groups: [EvaluationSummary.Group]) {
            lines.append(title)
            for entry in groups {
                lines.append(row("  " + (entry.name.isEmpty ? "(no kind)" : entry.name), group(entry)))
            }
        }
        if summary.kinds.contains(where: { !$0.name.isEmpty }) { groups("by kind of sentence", summary.kinds) }
        groups("by the box's share of the picture", summary.sizes)
        groups("by words of the sentence", summary.lengths)
        if let comparison, let against {
            let other = EvaluationSummary(others, rule: rule)
            lines += [
                "against \(against)",
                row("  Acc@0.5, mean IoU", "\(share(other.all.accuracy)), \(share(other.meanIoU))"),
                row(
                    "  hit by",
                    "both \(comparison.bothHit), this one alone \(comparison.onlyFirst), the other alone "
                        + "\(comparison.onlySecond), neither \(comparison.neither)"),
                row("  mean IoU differs by", String(format: "%+.4f", comparison.meanDifference)),
                row(
                    "  by accident",
                    (comparison.chance < 0.001 ? "< 0.001" : String(format: "%.3f", comparison.chance))
                        + " is the chance of hits that differ so much (McNemar's exact test)"),
            ]
        }
        return lines.joined(separator: "\n")
    }
}

// MARK: - JSON

extension EvaluationReport {
    private struct Report: Encodable {
        struct Group: Encodable {
            let count: Int
            let accuracy, low, high: Double
        }
        struct Named: Encodable {
            let name: String
            let count: Int
            let accuracy: Double
        }
        struct Other: Encodable {
            let model: String
            let accuracy, mean_iou, mean_iou_difference, chance: Double
            let both_hit, only_this, only_other, neither: Int
        }
        let model, data, rule: String
        let samples, pictures, hits, skipped, truncated, unknown_words, not_finite, threads: Int
        let accuracy, accuracy_low, accuracy_high, mean_iou, mean_giou: Double
        let accuracy_at: [String: Double]
        let mean_ms, p50_ms, p90_ms, p99_ms: Double
        let kinds: [String: Group]
        let box_shares, words: [Named]
        let against: Other?
        let score: ScoreReport.Record?
    }

    /// On one line.
    var json: String {
        let summary = summary, all = summary.all
        let kinds = summary.kinds.map {
            (
                $0.name,
                Report.Group(
                    count: $0.count, accuracy: $0.accuracy, low: $0.interval.lowerBound, high: $0.interval.upperBound)
            )
        }
        func named(_ groups: [EvaluationSummary.Group]) -> [Report.Named] {
            groups.map { Report.Named(name: $0.name, count: $0.count, accuracy: $0.accuracy) }
        }
        let other = comparison.map { comparison in
            let summary = EvaluationSummary(others, rule: rule)
            return Report.Other(
                model: against ?? "", accuracy: summary.all.accuracy, mean_iou: summary.meanIoU,
                mean_iou_difference: comparison.meanDifference, chance: comparison.chance,
                both_hit: comparison.bothHit, only_this: comparison.onlyFirst, only_other: comparison.onlySecond,
                neither: comparison.neither)
        }
        let report = Report(
            model: model, data: data, rule: "\(rule)", samples: all.count, pictures: pictures.count, hits: all.hits,
            skipped: skipped, truncated: truncated, unknown_words: unknown, not_finite: notFinite, threads: threads,
            accuracy: all.accuracy,
            accuracy_low: all.interval.lowerBound, accuracy_high: all.interval.upperBound, mean_iou: summary.meanIoU,
            mean_giou: summary.meanGeneralizedIoU,
            accuracy_at: Dictionary(uniqueKeysWithValues: summary.thresholds.map { ("\($0.threshold)", $0.accuracy) }),
            mean_ms: meanLatency, p50_ms: percentile(0.5), p90_ms: percentile(0.9), p99_ms: percentile(0.99),
            kinds: Dictionary(uniqueKeysWithValues: kinds), box_shares: named(summary.sizes),
            words: named(summary.lengths), against: other, score: calibration.map { ScoreReport($0).record })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(report)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
