internal import DeixisInput

/// Acc@0.5 and mean IoU, in all and by kind of sentence.
///
/// The rule: a box is a hit if its IoU with the truth is *above* 0.5 (network.md; code bases differ), counted over
/// every sample.
public struct GroundingScore: Sendable {
    public static let rule = HitRule()

    public private(set) var count = 0
    public private(set) var hits = 0
    public private(set) var totalIoU = 0.0
    public private(set) var kinds: [String: (count: Int, hits: Int)] = [:]

    public init() {}

    /// Counts one sample. A box that is not a number has IoU 0.
    public mutating func add(iou: Double, kind: String) {
        let iou = iou.isNaN ? 0 : iou
        let hit = Self.rule.isHit(iou) ? 1 : 0
        count += 1
        hits += hit
        totalIoU += iou
        let before = kinds[kind, default: (0, 0)]
        kinds[kind] = (before.count + 1, before.hits + hit)
    }

    public var accuracy: Double { count == 0 ? 0 : Double(hits) / Double(count) }
    public var meanIoU: Double { count == 0 ? 0 : totalIoU / Double(count) }
    /// In the order of names.
    public var byKind: [(kind: String, count: Int, accuracy: Double)] {
        kinds.sorted { $0.key < $1.key }.map {
            ($0.key, $0.value.count, Double($0.value.hits) / Double($0.value.count))
        }
    }

    /// IoU of a prediction and a truth as the network has them: center and size in 0...1 of the square.
    static func iou(_ p: ArraySlice<Float>, _ t: ArraySlice<Float>) -> Double {
        func box(_ v: ArraySlice<Float>) -> NormalizedBox {
            let i = v.startIndex
            return NormalizedBox(centerX: v[i], centerY: v[i + 1], width: v[i + 2], height: v[i + 3])
        }
        return box(p).intersectionOverUnion(box(t))
    }
}
