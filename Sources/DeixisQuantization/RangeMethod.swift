/// How the range that 256 steps must cover is chosen from what calibration saw.
public enum RangeMethod: Sendable, Equatable {
    /// Everything seen.
    case minMax
    /// All but the outermost (1 - share) / 2 on either side, e.g. 0.9999.
    case percentile(Double)
    /// The range whose rounding and clipping together cost the least mean squared error.
    case meanSquaredError
    /// The range whose 256-step histogram is nearest to the fine one by Kullback-Leibler divergence.
    case entropy

    /// The range of `histogram`, always holding 0, so that zero has an exact representation.
    public func range(of histogram: Histogram) -> (low: Float, high: Float) {
        guard !histogram.isEmpty else { return (0, 0) }
        let whole = (low: min(histogram.least, 0), high: max(histogram.greatest, 0))
        guard histogram.limit > 0 else { return whole }
        switch self {
        case .minMax: return whole
        case .percentile(let share): return RangeMethod.percentile(histogram, share, whole)
        case .meanSquaredError: return RangeMethod.search(histogram, whole, cost: RangeMethod.squaredError)
        case .entropy: return RangeMethod.search(histogram, whole, cost: RangeMethod.divergence)
        }
    }

    private static func percentile(_ h: Histogram, _ share: Double, _ whole: (low: Float, high: Float)) -> (
        low: Float, high: Float
    ) {
        let cut = Double(h.count) * max(0, 1 - share) / 2, step = h.limit / Float(Histogram.binCount / 2)
        var low = whole.low, high = whole.high, seen = 0.0
        for i in 0..<Histogram.binCount {
            seen += Double(h.bins[i])
            if seen > cut { low = max(low, h.center(i) - step / 2); break }
        }
        seen = 0
        for i in (0..<Histogram.binCount).reversed() {
            seen += Double(h.bins[i])
            if seen > cut { high = min(high, h.center(i) + step / 2); break }
        }
        return (min(low, 0), max(high, 0))
    }

    /// Shrinks the whole range to the share, of 100 tried, that costs least; both ends by the same share.
    private static func search(
        _ h: Histogram, _ whole: (low: Float, high: Float), cost: (Histogram, Float, Float) -> Double
    ) -> (low: Float, high: Float) {
        var best = whole, least = Double.infinity
        for percent in stride(from: 100, through: 20, by: -1) {
            let share = Float(percent) / 100
            let value = cost(h, whole.low * share, whole.high * share)
            if value < least { (best, least) = ((whole.low * share, whole.high * share), value) }
        }
        return best
    }

    /// sum over bins of count (x - Q(x))^2, with the expected rounding error step^2 / 12 inside the range.
    static func squaredError(_ h: Histogram, _ low: Float, _ high: Float) -> Double {
        let step = Double(high - low) / 255
        var total = 0.0
        for i in 0..<Histogram.binCount where h.bins[i] > 0 {
            let x = h.center(i), outside = Double(x > high ? x - high : x < low ? low - x : 0)
            total += Double(h.bins[i]) * (outside > 0 ? outside * outside : step * step / 12)
        }
        return total
    }

    /// KL(P || Q): P the fine histogram with what is clipped added to its ends, Q the same mass spread evenly over the
    /// used bins of each of the 256 steps.
    static func divergence(_ h: Histogram, _ low: Float, _ high: Float) -> Double {
        guard high > low else { return .infinity }
        let inside = (0..<Histogram.binCount).filter { h.center($0) >= low && h.center($0) <= high }
        guard let first = inside.first, let last = inside.last else { return .infinity }
        var p = inside.map { Double(h.bins[$0]) }
        let kept = p
        p[0] += h.bins[..<first].reduce(0) { $0 + Double($1) }
        p[p.count - 1] += h.bins[(last + 1)...].reduce(0) { $0 + Double($1) }
        var mass = [Double](repeating: 0, count: 256), used = [Double](repeating: 0, count: 256)
        func step(_ i: Int) -> Int { min(Int((h.center(inside[i]) - low) / (high - low) * 256), 255) }
        for i in p.indices where kept[i] > 0 { mass[step(i)] += kept[i]; used[step(i)] += 1 }
        let total = p.reduce(0, +), keptTotal = kept.reduce(0, +)
        guard total > 0, keptTotal > 0 else { return .infinity }
        var sum = 0.0
        for i in p.indices where p[i] > 0 {
            // Where clipping alone put mass, Q has none: a floor keeps the divergence finite and large.
            let q = kept[i] > 0 ? mass[step(i)] / used[step(i)] / keptTotal : 1e-9
            sum += p[i] / total * SystemLog.log(p[i] / total / q)
        }
        return sum
    }
}
