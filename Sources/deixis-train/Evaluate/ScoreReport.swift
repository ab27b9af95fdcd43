internal import DeixisGrounding
internal import DeixisImage
internal import DeixisInput
internal import Foundation

/// What scores are worth, as lines of a table, as JSON and as a picture.
struct ScoreReport {
    let calibration: ScoreCalibration

    init(_ calibration: ScoreCalibration) { self.calibration = calibration }

    /// Least scores that the table and the JSON tell about.
    private static let limits = [0.5, 0.6, 0.7, 0.8]

    private var kept: [ScoreCalibration.Kept] { Self.limits.map(calibration.kept) }

    var lines: [String] {
        func row(_ name: String, _ value: String) -> String {
            name + String(repeating: " ", count: max(2, 22 - name.count)) + value
        }
        var lines = [
            row(
                "score, mean",
                String(
                    format: "%.4f, where the mean IoU is %.4f; calibration error %.4f", calibration.meanScore,
                    calibration.meanIoU, calibration.error))
        ]
        if let discrimination = calibration.discrimination {
            lines.append(
                row("  hits above misses", String(format: "%.4f of the pairs (area under ROC)", discrimination)))
        }
        for kept in kept where kept.share > 0 {
            lines.append(
                row(
                    "  score >= \(kept.leastScore)",
                    String(format: "keeps %.4f of the boxes, Acc@0.5 of those %.4f", kept.share, kept.accuracy)))
        }
        return lines
    }

    struct Record: Encodable {
        struct Bin: Encodable {
            let from, to, mean_score, mean_iou, accuracy: Double
            let count: Int
        }
        struct Kept: Encodable { let least_score, share, accuracy: Double }
        let mean, calibration_error: Double
        let hits_above_misses: Double?
        let bins: [Bin]
        let kept: [Kept]
    }

    var record: Record {
        Record(
            mean: calibration.meanScore, calibration_error: calibration.error,
            hits_above_misses: calibration.discrimination,
            bins: calibration.bins.map {
                .init(
                    from: $0.range.lowerBound, to: $0.range.upperBound, mean_score: $0.meanScore,
                    mean_iou: $0.meanIoU, accuracy: $0.accuracy, count: $0.count)
            }, kept: kept.map { .init(least_score: $0.leastScore, share: $0.share, accuracy: $0.accuracy) })
    }

    /// A reliability diagram, how many boxes have which score, and what keeping the surest boxes alone buys.
    func chart(model: String, data: String) -> Chart {
        let bins = calibration.bins
        let shares = bins.flatMap { bin in
            let share = Double(bin.count) / Double(calibration.count)
            return [
                Point(bin.range.lowerBound, 0), Point(bin.range.lowerBound, share), Point(bin.range.upperBound, share),
                Point(bin.range.upperBound, 0),
            ]
        }
        let gray = RGB(160, 166, 176)
        return Chart(
            title: "Is the score to be believed?",
            subtitle: String(
                format: "%@ on %@: %d boxes, calibration error %.3f", model, data, calibration.count, calibration.error),
            panels: [
                Chart.Panel(
                    "Reliability", xLabel: "score",
                    series: [
                        Chart.Series("as it should be", [Point(0, 0), Point(1, 1)], color: gray, marksLast: false),
                        Chart.Series("mean IoU", bins.map { Point($0.meanScore, $0.meanIoU) }, marksLast: false),
                        Chart.Series("Acc@0.5", bins.map { Point($0.meanScore, $0.accuracy) }, marksLast: false),
                    ], yRange: 0...1),
                Chart.Panel(
                    "Share of the boxes", xLabel: "score",
                    series: [Chart.Series("within a tenth", [Point(0, 0)] + shares + [Point(1, 0)], marksLast: false)],
                    yRange: 0...1),
                Chart.Panel(
                    "Acc@0.5 of the surest boxes", xLabel: "share of the boxes that is kept",
                    series: [Chart.Series("accuracy", calibration.acceptance().map { Point($0.share, $0.accuracy) })]),
            ], columns: 3)
    }
}
