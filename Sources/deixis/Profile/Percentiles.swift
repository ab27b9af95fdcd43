/// Durations in milliseconds, sorted.
struct Percentiles {
    private let sorted: [Double]

    /// - Precondition: `times` is not empty.
    init(_ times: [Double]) {
        precondition(!times.isEmpty)
        sorted = times.sorted()
    }

    var minimum: Double { sorted[0] }
    var maximum: Double { sorted[sorted.count - 1] }
    var mean: Double { sorted.reduce(0, +) / Double(sorted.count) }

    /// The smallest time that is not exceeded by `percent` of all (nearest rank).
    func callAsFunction(_ percent: Double) -> Double {
        let rank = (percent / 100 * Double(sorted.count)).rounded(.up)
        return sorted[min(max(Int(rank) - 1, 0), sorted.count - 1)]
    }
}
