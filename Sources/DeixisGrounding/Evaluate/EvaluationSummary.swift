internal import Foundation

/// What a model's answers to a data set come to.
public struct EvaluationSummary: Sendable {
    /// Hits among samples that have something in common.
    public struct Group: Sendable, Equatable {
        public let name: String
        public let count: Int
        public let hits: Int
        public var accuracy: Double { count == 0 ? 0 : Double(hits) / Double(count) }
        public var interval: ClosedRange<Double> { EvaluationSummary.interval(hits: hits, count: count) }
    }

    public let rule: HitRule
    public let all: Group
    public let meanIoU: Double
    public let meanGeneralizedIoU: Double
    /// Accuracy at 0.3, 0.4 ... 0.9, the rule's `>` or `>=` kept.
    public let thresholds: [(threshold: Double, accuracy: Double)]
    /// In the order of names; one without a name where samples have no kind.
    public let kinds: [Group]
    /// By the meant box's share of the picture, and by the words of the sentence; only groups that have samples.
    public let sizes: [Group]
    public let lengths: [Group]

    public init(_ samples: [EvaluatedSample], rule: HitRule = HitRule()) {
        func group(_ name: String, _ members: [EvaluatedSample]) -> Group {
            Group(name: name, count: members.count, hits: members.count { rule.isHit($0.iou) })
        }
        func mean(_ value: (EvaluatedSample) -> Double) -> Double {
            samples.isEmpty ? 0 : samples.reduce(0) { $0 + value($1) } / Double(samples.count)
        }
        self.rule = rule
        all = group("", samples)
        meanIoU = mean(\.iou)
        meanGeneralizedIoU = mean(\.generalizedIoU)
        thresholds = (3...9).map { tenths in
            let rule = rule.at(Double(tenths) / 10)
            return (rule.threshold, mean { rule.isHit($0.iou) ? 1 : 0 })
        }
        kinds = Dictionary(grouping: samples, by: \.kind).sorted { $0.key < $1.key }.map { group($0.key, $0.value) }
        sizes = [(0, 0.01), (0.01, 0.04), (0.04, 0.16), (0.16, .infinity)].map { low, high in
            let name =
                high == .infinity ? "above 16%" : low == 0 ? "below 1%" : "\(Int(low * 100)) to \(Int(high * 100))%"
            return group(name, samples.filter { $0.share >= low && $0.share < high })
        }.filter { $0.count > 0 }
        lengths = [0...3, 4...6, 7...10, 11...Int.max].map { range in
            let name = range.upperBound == .max ? "11 and more" : "\(max(range.lowerBound, 1)) to \(range.upperBound)"
            return group(name, samples.filter { range.contains($0.words) })
        }.filter { $0.count > 0 }
    }

    /// 95% confidence that the true rate lies here (Wilson 1927), for samples that are independent; several sentences
    /// about one picture are not quite.
    public static func interval(hits: Int, count: Int) -> ClosedRange<Double> {
        guard count > 0 else { return 0...1 }
        let n = Double(count), p = Double(hits) / n, z = 1.959964
        let center = (p + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        return max(0, center - half)...min(1, center + half)
    }
}

/// Two models on the same samples.
public struct EvaluationComparison: Sendable, Equatable {
    public let bothHit: Int, onlyFirst: Int, onlySecond: Int, neither: Int
    /// Of the first's IoU less the second's.
    public let meanDifference: Double
    /// The chance that as uneven a split of the samples that one alone hits comes about by accident: McNemar's exact
    /// test, two-sided.
    public let chance: Double

    /// - Precondition: the same samples in the same order.
    public init(_ first: [EvaluatedSample], _ second: [EvaluatedSample], rule: HitRule = HitRule()) {
        precondition(first.map(\.index) == second.map(\.index), "answers about other samples")
        var counts = [0, 0, 0, 0], difference = 0.0
        for (a, b) in zip(first, second) {
            counts[(rule.isHit(a.iou) ? 0 : 2) + (rule.isHit(b.iou) ? 0 : 1)] += 1
            difference += a.iou - b.iou
        }
        (bothHit, onlyFirst, onlySecond, neither) = (counts[0], counts[1], counts[2], counts[3])
        meanDifference = first.isEmpty ? 0 : difference / Double(first.count)
        chance = Self.signTest(counts[1], counts[2])
    }

    /// The two-sided probability of a split at least as uneven as a : b under a fair coin.
    static func signTest(_ a: Int, _ b: Int) -> Double {
        let n = a + b
        guard n > 0 else { return 1 }
        // Terms C(n, k) / 2^n from one to the next, kept as logarithms: 2^-n alone would be 0 for large n.
        var logTerm = -Double(n) * log(2.0), sum = 0.0
        for k in 0...min(a, b) {
            if k > 0 { logTerm += log(Double(n - k + 1) / Double(k)) }
            sum += exp(logTerm)
        }
        return min(1, 2 * sum)
    }
}
