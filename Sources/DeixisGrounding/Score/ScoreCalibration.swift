internal import Foundation

/// How well scores say what boxes are worth: a score is calibrated if boxes of score s have IoU s on average.
public struct ScoreCalibration: Sendable {
    /// Boxes whose scores lie within a tenth.
    public struct Bin: Sendable, Equatable {
        public let range: Range<Double>
        public let count: Int
        public let meanScore: Double
        public let meanIoU: Double
        /// Share of hits.
        public let accuracy: Double
    }

    /// What is left when boxes of lower score are asked again, or thrown away.
    public struct Kept: Sendable, Equatable {
        public let leastScore: Double
        public let share: Double
        public let accuracy: Double
    }

    public let count: Int
    public let meanScore: Double
    public let meanIoU: Double
    /// Only those that hold boxes.
    public let bins: [Bin]
    /// Mean of |mean score - mean IoU| over the bins, each as often as it has boxes (expected calibration error).
    public let error: Double
    /// The chance that a hit has a higher score than a miss, a tie counting half; nil where there are no hits or no
    /// misses.
    public let discrimination: Double?
    /// The same boxes by falling score: accuracy of the best so many.
    private let order: [(score: Double, isHit: Bool)]

    /// - Parameter given: a score in 0...1 and the IoU with the truth for each box.
    ///   Scores outside are held to that, one that is no number counts as 0.
    public init(_ given: [(score: Double, iou: Double)], rule: HitRule = HitRule()) {
        let samples = given.map { (score: $0.score.isNaN ? 0 : min(1, max(0, $0.score)), iou: $0.iou) }
        func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
        count = samples.count
        meanScore = mean(samples.map(\.score))
        meanIoU = mean(samples.map(\.iou))
        let groups = Dictionary(grouping: samples) { min(9, max(0, Int($0.score * 10))) }
        bins = groups.sorted { $0.key < $1.key }.map { tenth, members in
            Bin(
                range: Double(tenth) / 10..<Double(tenth + 1) / 10, count: members.count,
                meanScore: mean(members.map(\.score)), meanIoU: mean(members.map(\.iou)),
                accuracy: mean(members.map { rule.isHit($0.iou) ? 1 : 0 }))
        }
        error = bins.reduce(0) { $0 + abs($1.meanScore - $1.meanIoU) * Double($1.count) } / Double(max(count, 1))
        order = samples.map { ($0.score, rule.isHit($0.iou)) }.sorted { $0.score > $1.score }
        discrimination = Self.discrimination(order)
    }

    /// Mann and Whitney's U over hits and misses, as a share.
    private static func discrimination(_ falling: [(score: Double, isHit: Bool)]) -> Double? {
        let hits = falling.count { $0.isHit }, misses = falling.count - hits
        guard hits > 0, misses > 0 else { return nil }
        var above = 0.0, hitsSoFar = 0.0, at = 0
        while at < falling.count {
            // Ties as one step.
            var end = at, tiedHits = 0.0, tiedMisses = 0.0
            while end < falling.count, falling[end].score == falling[at].score {
                if falling[end].isHit { tiedHits += 1 } else { tiedMisses += 1 }
                end += 1
            }
            above += tiedMisses * (hitsSoFar + tiedHits / 2)
            hitsSoFar += tiedHits
            at = end
        }
        return above / (Double(hits) * Double(misses))
    }

    /// - Parameter leastScore: boxes below are not kept.
    public func kept(_ leastScore: Double) -> Kept {
        let best = order.prefix { $0.score >= leastScore }
        return Kept(
            leastScore: leastScore, share: Double(best.count) / Double(max(count, 1)),
            accuracy: best.isEmpty ? 0 : Double(best.count { $0.isHit }) / Double(best.count))
    }

    /// For a picture: (share of boxes kept, their accuracy), the surest first, at most `most` places.
    public func acceptance(most: Int = 200) -> [(share: Double, accuracy: Double)] {
        guard count > 0 else { return [] }
        let step = max(1, count / most)
        var hits = 0, points: [(Double, Double)] = []
        for (index, box) in order.enumerated() {
            if box.isHit { hits += 1 }
            // The first few would say more about single boxes than about the model.
            if index + 1 >= min(count, max(20, count / 50)), (index + 1) % step == 0 || index + 1 == count {
                points.append((Double(index + 1) / Double(count), Double(hits) / Double(index + 1)))
            }
        }
        return points
    }
}
