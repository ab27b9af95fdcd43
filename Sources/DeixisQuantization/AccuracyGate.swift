/// What an int8 model may lose against its float model on held-out data.
public struct AccuracyGate: Sendable {
    /// Of Acc@0.5, as a share: 0.005 is half a point.
    public var accuracyLoss = 0.005
    public var meanIoULoss = 0.01

    public init(accuracyLoss: Double = 0.005, meanIoULoss: Double = 0.01) {
        self.accuracyLoss = accuracyLoss
        self.meanIoULoss = meanIoULoss
    }

    /// A hair of slack, so that a loss of exactly the limit passes however it was rounded.
    public func passes(_ int8: BoxScore, against float: BoxScore) -> Bool {
        float.accuracy - int8.accuracy <= accuracyLoss + 1e-9 && float.meanIoU - int8.meanIoU <= meanIoULoss + 1e-9
    }

    /// The shortest beginning of `candidates`, the most harmful first, that must stay float for `passes` to hold; nil
    /// if even all of them are not enough. Doubles until it holds, then halves: about 2 log2(n) trials, exact where
    /// more kept layers never hurt.
    public static func fewest<Failure: Error, Name>(
        of candidates: [Name], passes: ([Name]) throws(Failure) -> Bool
    ) throws(Failure) -> [Name]? {
        if try passes([]) { return [] }
        var failing = 0, count = 1
        while true {
            count = min(count, candidates.count)
            if count == failing { return nil }
            if try passes(Array(candidates.prefix(count))) { break }
            failing = count
            count *= 2
        }
        while count - failing > 1 {
            let middle = (count + failing) / 2
            if try passes(Array(candidates.prefix(middle))) { count = middle } else { failing = middle }
        }
        return Array(candidates.prefix(count))
    }
}

/// Boxes of a model on labeled samples, and how far they are from another model's.
public struct BoxScore: Sendable, Equatable {
    public private(set) var count = 0
    public private(set) var hits = 0
    public private(set) var totalIoU = 0.0
    public private(set) var totalShift = 0.0
    public private(set) var largestShift = 0.0

    public init() {}

    /// - Parameters:
    ///   - iou: with the truth; above 0.5 is a hit. Not a number counts as 0.
    ///   - shift: the largest change of a coordinate from the float model's box, in sides of the square.
    public mutating func add(iou: Double, shift: Double) {
        count += 1
        hits += iou > 0.5 ? 1 : 0
        totalIoU += iou.isNaN ? 0 : iou
        totalShift += shift.isNaN ? 1 : shift
        largestShift = max(largestShift, shift.isNaN ? 1 : shift)
    }

    public var accuracy: Double { count == 0 ? 0 : Double(hits) / Double(count) }
    public var meanIoU: Double { count == 0 ? 0 : totalIoU / Double(count) }
    public var meanShift: Double { count == 0 ? 0 : totalShift / Double(count) }
}
