internal import DeixisGraph
internal import DeixisQuantization
internal import Foundation

/// One self-contained page: the gate, what each layer costs, and the ranges of the worst.
struct ReportPage {
    let work: Work
    let result: GateResult

    var html: String {
        """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Quantization of \(escape(work.command.model))</title>
        <style>
        body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2430;background:#fff}
        h1{font-size:1.35rem}h2{font-size:1.05rem;margin-top:2rem}table{border-collapse:collapse}
        td,th{padding:.3rem .9rem .3rem 0;text-align:right;border-bottom:1px solid #e3e7ec}td:first-child,th:first-child{text-align:left}
        .ok{color:#18794e}.bad{color:#b42318}svg text{font:12px system-ui,sans-serif;fill:#3a4658}figure{margin:1rem 0}
        .grid{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
        @media(prefers-color-scheme:dark){body{background:#12161c;color:#e6eaf0}td,th{border-color:#2a323d}svg text{fill:#b8c2cf}}
        </style>
        <h1>int8 model of \(escape(work.command.model))</h1>
        <p>\(work.calibrationCount) samples for ranges (\(work.command.method.rawValue)), \(result.float.count) held out to judge by. A hit: IoU &gt; 0.5. Shift: largest change of a coordinate, in sides of the square.</p>
        <p class="\(result.passes ? "ok" : "bad")"><b>\(result.passes ? "The gate is met" : "The gate is not met")</b>: at most \(result.limits.accuracyLoss) of Acc@0.5 and \(result.limits.meanIoULoss) of mean IoU lost.</p>
        <table><tr><th><th>Acc@0.5<th>mean IoU<th>mean shift<th>largest shift</tr>
        \(row("float", result.float))\(row("int8", result.plain))\(result.kept.isEmpty ? "" : row("int8, \(result.kept.count) layers float", result.int8))
        </table>
        \(result.kept.isEmpty ? "" : "<p>Kept float: \(escape(result.kept.map { "\($0)" }.joined(separator: ", ")))</p>")
        \(migration)
        <h2>What each layer costs: mean box shift when it alone is int8</h2>
        \(bars)
        <h2>Inputs of the most costly layers while calibrating, and the range that 256 steps cover</h2>
        <div class="grid">\(work.costs.prefix(8).map { histogram($0.name) }.joined())</div>
        </html>
        """
    }

    private func row(_ name: String, _ s: BoxScore) -> String {
        String(
            format: "<tr><td>%@<td>%.4f<td>%.4f<td>%.5f<td>%.5f</tr>", name, s.accuracy, s.meanIoU, s.meanShift,
            s.largestShift)
    }

    private var migration: String {
        guard work.command.migrate == .auto else { return "" }
        var text =
            "<h2>Scale migration</h2><p>At \(work.migrated.count) of \(work.migrationSiteCount) places where it is free, channels were divided by "
            + "numbers of their own and the weights of the \(work.migratedProductCount) products that read them multiplied: the float model stays the "
            + "same, and one step size serves all channels better. Spread: the largest channel over the median channel. Noise: what rounding is "
            + "expected to add to the products' outputs, as a share of what it was.</p>"
        guard !work.migrated.isEmpty else { return text }
        text += "<table><tr><th>divided behind<th>products<th>spread before<th>after<th>noise</tr>"
        for entry in work.migrated.sorted(by: { $0.noise < $1.noise }).prefix(12) {
            text += String(
                format: "<tr><td>%@<td>%d<td>%.1f<td>%.1f<td>%.2f</tr>", escape(shorten("\(entry.source)")),
                entry.products.count, entry.spread.before,
                entry.spread.after, entry.noise)
        }
        return text + "</table>"
    }

    private var bars: String {
        let shown = work.costs.prefix(30), most = max(shown.map(\.shift).max() ?? 0, 1e-12)
        var text = "<figure><svg viewBox=\"0 0 920 \(shown.count * 20 + 4)\" width=\"100%\" role=\"img\">"
        for (i, entry) in shown.enumerated() {
            let y = i * 20, width = entry.shift / most * 380, kept = result.kept.contains(entry.name)
            text += "<text x=\"410\" y=\"\(y + 14)\" text-anchor=\"end\">\(escape(shorten("\(entry.name)")))</text>"
            text += String(
                format: "<rect x=\"420\" y=\"%d\" width=\"%.1f\" height=\"14\" rx=\"2\" fill=\"%@\"/>", y + 3, width,
                kept ? "#d97706" : "#3b6fd4")
            text += String(
                format: "<text x=\"%.1f\" y=\"%d\">%.5f%@</text>", 426 + width, y + 14, entry.shift,
                kept ? " kept float" : "")
        }
        return text + "</svg></figure>"
    }

    private func histogram(_ name: Name) -> String {
        guard let (h, low, high) = work.quantizer.input(of: name, method: work.command.method.range), h.limit > 0 else {
            return ""
        }
        let columns = 128, per = Histogram.binCount / columns
        let counts = (0..<columns).map { c in (0..<per).reduce(0.0) { $0 + Double(h.bins[c * per + $1]) } }
        let most = log(1 + (counts.max() ?? 1))
        var text =
            "<figure><svg viewBox=\"0 0 440 150\" width=\"100%\"><text x=\"0\" y=\"12\">\(escape(shorten("\(name)")))</text>"
        func x(_ value: Float) -> Double { (Double(value / h.limit) + 1) / 2 * 440 }
        text += String(
            format: "<rect x=\"%.1f\" y=\"20\" width=\"%.1f\" height=\"105\" fill=\"#3b6fd4\" opacity=\"0.12\"/>",
            x(low), x(high) - x(low))
        for (c, count) in counts.enumerated() where count > 0 {
            let height = log(1 + count) / most * 100
            text += String(
                format: "<rect x=\"%.2f\" y=\"%.1f\" width=\"3\" height=\"%.1f\" fill=\"#3b6fd4\"/>",
                Double(c) * 440 / Double(columns), 125 - height, height)
        }
        text += String(
            format: "<text x=\"0\" y=\"143\">%.3g</text><text x=\"440\" y=\"143\" text-anchor=\"end\">%.3g</text>",
            -h.limit, h.limit)
        text += String(
            format:
                "<text x=\"220\" y=\"143\" text-anchor=\"middle\">steps cover %.3g ... %.3g (counts logarithmic)</text>",
            low, high)
        return text + "</svg></figure>"
    }

    private func shorten(_ name: String) -> String { name.count <= 56 ? name : "…" + name.suffix(55) }
    private func escape(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;")
    }
}
