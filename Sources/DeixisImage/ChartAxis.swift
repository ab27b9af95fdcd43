/// An axis's range and ticks at 1, 2 or 5 times a power of ten.
struct ChartAxis {
    let low: Double
    let high: Double
    let ticks: [Double]
    private let step: Double

    /// An axis over low...high with about `ticks` ticks; `padded` widens the range to whole steps.
    init(_ low: Double, _ high: Double, ticks wanted: Int, padded: Bool) {
        // Differences of huge values overflow; halves do not.
        var low = min(max(low, -1e300), 1e300), high = min(max(high, -1e300), 1e300)
        if low > high { swap(&low, &high) }
        if high - low <= max(abs(low), abs(high)) * 1e-9 {
            let around = max(abs(low) * 0.1, 1e-6)
            (low, high) = low == 0 && high == 0 ? (0, 1) : (low - around, high + around)
        }
        let step = ChartAxis.niceStep((high - low) / Double(max(wanted, 1)))
        if padded {
            low = (low / step).rounded(.down) * step
            high = (high / step).rounded(.up) * step
        }
        self.low = low
        self.high = high
        self.step = step
        let first = (low / step - 1e-6).rounded(.up), last = (high / step + 1e-6).rounded(.down)
        var found: [Double] = []
        var i = first
        while i <= last, found.count < 100 {
            found.append(i == 0 ? 0 : i * step)
            i += 1
        }
        ticks = found
    }

    /// The least of 1, 2, 5 times a power of ten that is at least `rough`.
    static func niceStep(_ rough: Double) -> Double {
        guard rough.isFinite, rough > 1e-300 else { return 1 }
        var power = 1.0
        while power > rough { power /= 10 }
        while power * 10 <= rough { power *= 10 }
        for factor in [1.0, 2, 5] where power * factor >= rough * 0.999 { return power * factor }
        return power * 10
    }

    func fraction(_ value: Double) -> Double { (value - low) / (high - low) }

    /// A tick's label: 0.25, 40, 25k, 1.5M, 2e-5.
    func label(_ tick: Double) -> String { ChartAxis.text(tick, step: step) }

    /// A value with two more digits than the ticks.
    func value(_ value: Double) -> String { ChartAxis.text(value, step: step / 100) }

    private static func text(_ value: Double, step: Double) -> String {
        if value == 0, step < 1e-4 { return "0" }
        let size = max(abs(value), step)
        if size >= 1e12 || size < 1e-4 && value != 0 { return exponential(value) }
        for (limit, suffix) in [(1e9, "G"), (1e6, "M"), (1e4, "k")] where abs(value) >= limit {
            let unit = limit == 1e4 ? 1e3 : limit
            return fixed(value / unit, decimals: min(decimals(for: step / unit), 2)) + suffix
        }
        return fixed(value, decimals: min(decimals(for: step), 6))
    }

    private static func exponential(_ value: Double) -> String {
        var exponent = 0, rest = abs(value)
        while rest >= 10 { (rest, exponent) = (rest / 10, exponent + 1) }
        while rest < 1, rest > 0 { (rest, exponent) = (rest * 10, exponent - 1) }
        return (value < 0 ? "-" : "") + fixed(rest, decimals: 1) + "e\(exponent)"
    }

    /// Decimals in which a multiple of `step` is exact.
    private static func decimals(for step: Double) -> Int {
        var count = 0, unit = step
        while unit < 0.999, count < 9 { (unit, count) = (unit * 10, count + 1) }
        return count
    }

    private static func fixed(_ value: Double, decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return exponential(value) }
        let whole = Int(scaled), unit = Int(scale)
        var text = String(whole / unit)
        if decimals > 0 { text += "." + String(String(unit + whole % unit).dropFirst()) }
        return (value < 0 && whole != 0 ? "-" : "") + text
    }
}
