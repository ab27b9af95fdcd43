import DeixisInput
import Testing

@testable import DeixisGrounding

@Suite struct EvaluationTests {
    /// A box of 10 x 10 and one of the same size `shift` to the right of it: IoU (10 - s) / (10 + s).
    private func sample(
        _ index: Int, shift: Double, kind: String = "", sentence: String = "the cat", side: Int = 100
    ) -> EvaluatedSample {
        EvaluatedSample(
            index: index, sentence: sentence, kind: kind, width: side, height: side,
            truth: PixelBox(x: 20, y: 20, width: 10, height: 10),
            found: PixelBox(x: 20 + shift, y: 20, width: 10, height: 10))
    }

    @Test func ruleIsAboveOrAtLeast() {
        #expect(!HitRule().isHit(0.5) && HitRule().isHit(0.5.nextUp) && !HitRule().isHit(.nan))
        let other = HitRule(includesThreshold: true)
        #expect(other.isHit(0.5) && !other.isHit(0.5.nextDown) && !other.isHit(.nan))
        #expect(HitRule().description == "hit: IoU > 0.5" && other.at(0.7).description == "hit: IoU >= 0.7")
    }

    @Test func summaryCountsEveryGroup() {
        let samples = [
            sample(0, shift: 0, kind: "side", sentence: "cat"), sample(1, shift: 10, kind: "side"),
            // IoU 0.6.
            sample(2, shift: 2.5, kind: "order", sentence: "the second cat from the left", side: 20),
            sample(3, shift: .nan, kind: "order", sentence: "one two three four five six seven eight nine ten eleven"),
        ]
        let summary = EvaluationSummary(samples)
        #expect(summary.all.count == 4 && summary.all.hits == 2 && summary.all.accuracy == 0.5)
        #expect(abs(summary.meanIoU - 1.6 / 4) < 1e-12)
        // GIoU: 1, 0, 0.6, and -1 for what is no number.
        #expect(abs(summary.meanGeneralizedIoU - 0.6 / 4) < 1e-12)
        #expect(summary.thresholds.map(\.threshold) == [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        #expect(summary.thresholds.map(\.accuracy) == [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25])
        #expect(
            EvaluationSummary(samples, rule: HitRule(includesThreshold: true)).thresholds[3].accuracy == 0.5,
            "IoU 0.6 at least 0.6")
        #expect(summary.kinds.map(\.name) == ["order", "side"] && summary.kinds.map(\.hits) == [1, 1])
        // 100 of 10,000 pixels are 1%, 100 of 400 are 25%.
        #expect(summary.sizes.map(\.name) == ["1 to 4%", "above 16%"] && summary.sizes.map(\.count) == [3, 1])
        #expect(summary.lengths.map(\.name) == ["1 to 3", "4 to 6", "11 and more"])
        #expect(summary.lengths.map(\.count) == [2, 1, 1])
        let none = EvaluationSummary([])
        #expect(none.all.accuracy == 0 && none.meanIoU == 0 && none.kinds.isEmpty && none.all.interval == 0...1)
    }

    /// Values of Wilson's formula and of binomial sums, from Python's integers.
    @Test func intervalsAndChances() {
        for (hits, count, low, high) in [
            (8, 10, 0.49016246912, 0.94331784906), (0, 10, 0, 0.27753280303),
            (1854, 2000, 0.91476220101, 0.93760064058),
        ] {
            let interval = EvaluationSummary.interval(hits: hits, count: count)
            #expect(abs(interval.lowerBound - low) < 1e-9 && abs(interval.upperBound - high) < 1e-9)
        }
        for (a, b, chance) in [(1, 3, 0.625), (0, 5, 0.0625), (10, 10, 1), (0, 0, 1), (3, 1, 0.625)] {
            #expect(abs(EvaluationComparison.signTest(a, b) - chance) < 1e-9, "\(a) \(b)")
        }
        #expect(abs(EvaluationComparison.signTest(400, 600) / 2.7284641560660184e-10 - 1) < 1e-9)
        #expect(EvaluationComparison.signTest(0, 3000) == 0)
    }

    @Test func comparisonCountsWhoHit() {
        let first = [sample(0, shift: 0), sample(1, shift: 0), sample(2, shift: 10), sample(3, shift: 10)]
        let second = [sample(0, shift: 0), sample(1, shift: 10), sample(2, shift: 0), sample(3, shift: 8)]
        let compared = EvaluationComparison(first, second)
        #expect([compared.bothHit, compared.onlyFirst, compared.onlySecond, compared.neither] == [1, 1, 1, 1])
        #expect(abs(compared.meanDifference - (0 + 1 - 1 - 1.0 / 9) / 4) < 1e-12 && compared.chance == 1)
    }
}
