/// What an evaluation found of one sample.
struct ScoredSample: Equatable {
    var iou: Double
    var kind: String

    /// The groups of all ranks, of which each has filled its own.
    static func shared(_ groups: [[ScoredSample]], _ ranks: any Ranks) -> [[ScoredSample]] {
        var bytes: [UInt8] = []
        func put(_ value: UInt64) { for i in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * i))) } }
        for group in groups {
            put(UInt64(group.count))
            for sample in group {
                put(sample.iou.bitPattern)
                put(UInt64(sample.kind.utf8.count))
                bytes += sample.kind.utf8
            }
        }
        let all = ranks.gatherAnyLength(bytes).map { read($0, groups: groups.count) }
        return groups.indices.map { all[$0 % ranks.count][$0] }
    }

    private static func read(_ bytes: [UInt8], groups: Int) -> [[ScoredSample]] {
        var at = 0
        func take() -> UInt64 {
            defer { at += 8 }
            return bytes[at..<at + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        return (0..<groups).map { _ in
            (0..<take()).map { _ in
                let iou = Double(bitPattern: take()), length = Int(take())
                defer { at += length }
                return ScoredSample(iou: iou, kind: String(decoding: bytes[at..<at + length], as: UTF8.self))
            }
        }
    }
}
