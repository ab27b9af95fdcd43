/// How often a tensor's values fall where: `bins` equal steps from -limit to limit, which doubles, bins folding in
/// pairs, when a value lies outside. Exact least and greatest beside it.
public struct Histogram: Sendable {
    public static let binCount = 2048

    public private(set) var bins = [UInt64](repeating: 0, count: binCount)
    /// 0 before the first value that is not zero.
    public private(set) var limit: Float = 0
    public private(set) var least: Float = .infinity
    public private(set) var greatest: Float = -.infinity
    public private(set) var sum: Double = 0
    public private(set) var count: UInt64 = 0

    public init() {}

    public var isEmpty: Bool { count == 0 }

    /// Adds finite values. False, with nothing added, if one is not.
    public mutating func add(_ values: UnsafeBufferPointer<Float>) -> Bool {
        var low = Float.infinity, high = -Float.infinity, total = 0.0
        for x in values {
            guard x.isFinite else { return false }
            low = min(low, x)
            high = max(high, x)
            total += Double(x)
        }
        guard !values.isEmpty else { return true }
        (least, greatest, sum) = (min(least, low), max(greatest, high), sum + total)
        count += UInt64(values.count)
        grow(to: max(-low, high))
        guard limit > 0 else {
            bins[Self.binCount / 2] += UInt64(values.count)
            return true
        }
        let scale = Float(Self.binCount / 2) / limit
        bins.withUnsafeMutableBufferPointer { bins in
            for x in values { bins[min(Int(x * scale + Float(Self.binCount / 2)), Self.binCount - 1)] += 1 }
        }
        return true
    }

    private mutating func grow(to magnitude: Float) {
        guard magnitude > limit else { return }
        if limit == 0 {
            // Zeros met before lie in the middle already.
            limit = max(magnitude, .leastNormalMagnitude * Float(Self.binCount))
            return
        }
        let half = Self.binCount / 2
        while limit < magnitude {
            var folded = [UInt64](repeating: 0, count: Self.binCount)
            for i in 0..<Self.binCount { folded[half + Int((Double(i - half) / 2).rounded(.down))] += bins[i] }
            bins = folded
            limit *= 2
        }
    }

    /// Center of bin i.
    public func center(_ i: Int) -> Float {
        (Float(i) + 0.5 - Float(Self.binCount / 2)) * limit / Float(Self.binCount / 2)
    }
    public var mean: Double { count == 0 ? 0 : sum / Double(count) }
}
