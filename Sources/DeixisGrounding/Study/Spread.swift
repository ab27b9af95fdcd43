/// Mean and deviation of what was measured several times.
public struct Spread: Sendable, Equatable {
    public let count: Int
    public let mean: Double
    /// Of a sample: the sum of squares is divided by one less than the count. nil for a single value.
    public let deviation: Double?

    /// nil for no values.
    public init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        count = values.count
        let mean = values.reduce(0, +) / Double(values.count)
        self.mean = mean
        deviation =
            values.count < 2
            ? nil : (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }
}
