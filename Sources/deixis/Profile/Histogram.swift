/// How often runs took how long: equal bins from the least time to the 99th percentile, and what is above counted in
/// the last one.
struct Histogram {
    let start: Double
    let width: Double
    let counts: [Int]

    /// - Precondition: `times` is not empty.
    init(_ times: [Double], bins: Int = 12) {
        let percentiles = Percentiles(times)
        start = percentiles.minimum
        // Never narrower than a microsecond, or equal times would be spread by the clock's grain.
        width = max((percentiles(99) - start) / Double(bins), 0.001)
        var counts = [Int](repeating: 0, count: bins)
        for time in times { counts[min(Int(min((time - start) / width, Double(bins))), bins - 1)] += 1 }
        while counts.count > 1, counts.last == 0 { counts.removeLast() }
        self.counts = counts
    }

    /// One line a bin: where it begins, a bar, its count.
    var text: String {
        let most = max(counts.max() ?? 1, 1)
        let labels = counts.indices.map { fixed(start + Double($0) * width, 3) }
        let space = labels.map(\.count).max() ?? 0
        return zip(labels, counts).map { label, count in
            let pad = String(repeating: " ", count: space - label.count)
            // A bin that is not empty shows.
            let bar = String(repeating: "█", count: count == 0 ? 0 : max(1, count * 40 / most))
            return "\(pad)\(label) ms  \(bar)\(bar.isEmpty ? "" : " ")\(count)"
        }.joined(separator: "\n")
    }

    var json: JSON {
        .object([
            ("from_ms", .number(start)), ("bin_ms", .number(width)), ("counts", .array(counts.map { .integer($0) })),
        ])
    }
}
