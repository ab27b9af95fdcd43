import Glibc

extension ProfilePage {
    /// Both axes logarithmic: multiply-accumulates a byte, and a second. Bandwidths are slopes, peaks are roofs.
    var roofline: String {
        guard let peaks = report.peaks else { return "" }
        let points = report.steps.filter { $0.macs > 0 && $0.milliseconds > 0 && $0.bytes > 0 }
        guard !points.isEmpty else { return "" }
        // GMAC/s, and MACs a byte.
        let top = max(peaks.int8, peaks.float) / 1e9
        let low = max(min(points.map(\.gigaMACs).min() ?? 1, top / 100), top / 1e5)
        let y0 = floor(log10(low)), y1 = ceil(log10(top * 1.2))
        let x0 = floor(log10(min(points.map(\.intensity).min() ?? 0.1, peaks.float / peaks.cache / 2)))
        let x1 = ceil(log10(max(points.map(\.intensity).max() ?? 100, peaks.int8 / peaks.memory * 1.5)))
        let left = 64.0, right = 1176.0, ceiling = 16.0, base = 400.0
        func x(_ intensity: Double) -> Double { left + (right - left) * (log10(intensity) - x0) / max(x1 - x0, 1) }
        func y(_ gigaMACs: Double) -> Double {
            base - (base - ceiling) * (max(log10(gigaMACs), y0) - y0) / max(y1 - y0, 1)
        }

        var svg = SVG(width: 1200, height: 450)
        for exponent in Int(x0)...Int(x1) {
            let value = pow(10, Double(exponent))
            svg.line(x(value), ceiling, x(value), base, "grid")
            svg.text(x(value), base + 17, short(value), .middle)
        }
        for exponent in Int(y0)...Int(y1) {
            let value = pow(10, Double(exponent))
            svg.line(left, y(value), right, y(value), "grid")
            svg.text(left - 8, y(value) + 4, short(value), .end)
        }
        svg.text((left + right) / 2, base + 38, "multiply-accumulates for each byte moved", .middle)
        svg.text(left, ceiling - 4, "GMAC/s")

        let least = pow(10, x0), most = pow(10, x1)
        let usesInt8 = report.macs(int8: true) > 0
        for (name, bandwidth) in [("memory", peaks.memory), ("cache", peaks.cache)] {
            // From the left or bottom edge to the highest roof.
            let from = max(least, pow(10, y0) / (bandwidth / 1e9)),
                to = min(max(peaks.int8, peaks.float) / bandwidth, most)
            guard from < to else { continue }
            svg.line(
                x(from), y(from * bandwidth / 1e9), x(to), y(to * bandwidth / 1e9), "slope",
                tip: "\(name): \(fixed(bandwidth / 1e9, 1)) GB/s")
            let middle = pow(10, (log10(from) + log10(to)) / 2)
            svg.text(x(middle) - 8, y(middle * bandwidth / 1e9) - 6, "\(name) \(short(bandwidth / 1e9)) GB/s", .end)
        }
        for (name, peak, style) in [("fp32", peaks.float, "roof"), ("int8", peaks.int8, "roof8")] {
            svg.line(
                x(max(peak / peaks.cache, least)), y(peak / 1e9), right, y(peak / 1e9), style,
                tip: "\(name): \(fixed(peak / 1e9, 1)) GMAC/s")
            // Two roofs close together: one's name above, the other's below.
            let below = name == "fp32" && peaks.int8 > peaks.float && peaks.int8 < peaks.float * 1.6
            svg.text(
                right - 4, y(peak / 1e9) + (below ? 14 : -6),
                "\(name) \(short(peak / 1e9)) GMAC/s" + (name == "int8" && !usesInt8 ? " (not used here)" : ""), .end,
                style: "strong")
        }
        for row in points.sorted(by: { $0.milliseconds > $1.milliseconds }) {
            svg.circle(
                x(row.intensity), y(row.gigaMACs), 3 + 22 * report.share(row).squareRoot(), fill: color(row.op),
                tip: tip(row))
        }
        return """
            <section><h2>Roofline</h2><div class="scroll">\(svg.text)</div>\(legend)\
            <p class="note">Each circle is a step with arithmetic, the larger the longer it takes. Under a slope the bytes limit it, under a roof the \
            arithmetic. Steps above the memory's slope found their bytes in a cache.</p></section>
            """
    }
}
