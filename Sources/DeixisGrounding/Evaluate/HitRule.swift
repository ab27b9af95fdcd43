/// When a box counts as found. The field's measure is Acc@0.5; code bases differ in whether 0.5 itself counts.
public struct HitRule: Sendable, Equatable, CustomStringConvertible {
    public var threshold = 0.5
    /// IoU >= threshold instead of IoU > threshold.
    public var includesThreshold = false

    public init(threshold: Double = 0.5, includesThreshold: Bool = false) {
        (self.threshold, self.includesThreshold) = (threshold, includesThreshold)
    }

    /// A box that is not a number is no hit.
    public func isHit(_ iou: Double) -> Bool { includesThreshold ? iou >= threshold : iou > threshold }

    /// The same at another threshold.
    public func at(_ threshold: Double) -> HitRule {
        HitRule(threshold: threshold, includesThreshold: includesThreshold)
    }

    public var description: String { "hit: IoU \(includesThreshold ? ">=" : ">") \(threshold)" }
}
