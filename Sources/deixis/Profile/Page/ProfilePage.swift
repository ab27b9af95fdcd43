import CDeixisSystem

/// A profile as one HTML file that needs nothing else: SVG inside, a few lines of script for the pointer.
struct ProfilePage {
    let report: ProfileReport
    /// Slowest operator first, and its color.
    let colors: [(op: String, color: String)]

    init(_ report: ProfileReport) {
        self.report = report
        var times: [(op: String, milliseconds: Double)] = []
        for step in report.steps {
            if let at = times.firstIndex(where: { $0.op == step.op }) {
                times[at].milliseconds += step.milliseconds
            } else {
                times.append((step.op, step.milliseconds))
            }
        }
        times.sort { $0.milliseconds > $1.milliseconds }
        colors = times.enumerated().map {
            ($1.op, $0 < PageStyle.palette.count ? PageStyle.palette[$0] : PageStyle.rest)
        }
    }

    func color(_ op: String) -> String { colors.first { $0.op == op }?.color ?? PageStyle.rest }

    var html: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>\(escaped(fileName)) - deixis profile</title>
        <style>
        \(PageStyle.css)
        </style></head><body><main>
        \(heading)
        \(cards)
        <div class="pair"><section><h2>Runs</h2>\(histogram)</section><section><h2>From file to first answer</h2>\(phases)</section></div>
        <section><h2>One run, step by step</h2><div class="scroll">\(timeline)</div>\(legend)</section>
        \(roofline)
        <section><h2>Operators</h2><div class="scroll">\(operatorTable)</div></section>
        <section id="layers"><button id="sort">slowest first</button><h2>Layers</h2><div class="scroll">\(layerTable)</div>\(columnsNote)</section>
        <section><h2>Memory, energy, temperature</h2>\(resources)</section>
        </main><div id="tip"></div>
        <script>
        \(PageStyle.script)
        </script></body></html>

        """
    }

    private var fileName: String { report.path.split(separator: "/").last.map(String.init) ?? report.path }

    private var heading: String {
        let extents = report.dimensions.map { "\($0.name)=\($0.extent)" }.joined(separator: " ")
        let parts = [
            "\(report.threads) thread\(report.threads == 1 ? "" : "s")", report.instructionSet, extents,
            "\(report.steps.count) steps",
        ]
        let inputs = report.inputs.map { "<code>\(escaped($0))</code>" }.joined(separator: ", ")
        return
            "<h1>\(escaped(fileName))</h1><div class=\"sub\">\(escaped(parts.filter { !$0.isEmpty }.joined(separator: " · ")))<br>\(inputs)</div>"
    }

    private var cards: String {
        let percentiles = Percentiles(report.times)
        var cards = [
            card("p50, median", short(percentiles(50)), "ms", main: true), card("p90", short(percentiles(90)), "ms"),
            card("p99", short(percentiles(99)), "ms"), card("load", short(report.loadMilliseconds), "ms"),
            card("first run", short(report.firstMilliseconds), "ms"),
        ]
        if let share = report.peakShare { cards.append(card("share of peak", short(100 * share), "%")) }
        cards.append(card("MACs", count(report.macs(int8: false) + report.macs(int8: true)), ""))
        cards.append(card("peak resident", told(report.memory.peak_resident), ""))
        return "<div class=\"cards\">\(cards.joined())</div>"
    }

    private func card(_ name: String, _ value: String, _ unit: String, main: Bool = false) -> String {
        "<div class=\"card\(main ? " main" : "")\"><b>\(value)\(unit.isEmpty ? "" : " " + unit)</b><span>\(name)</span></div>"
    }

    var legend: String {
        let named = colors.prefix(PageStyle.palette.count).map {
            "<span><i style=\"background:\($0.color)\"></i>\(escaped($0.op))</span>"
        }
        let rest =
            colors.count > PageStyle.palette.count
            ? ["<span><i style=\"background:\(PageStyle.rest)\"></i>others</span>"] : []
        return "<div class=\"legend\">\((named + rest).joined())</div>"
    }

    private var resources: String {
        let memory = report.memory
        let rows = [
            (
                "planned",
                "arena \(bytes(report.arenaBytes)), scratch \(bytes(report.scratchBytes)), packed weights \(bytes(report.packedBytes))"
            ),
            (
                "measured",
                "anonymous \(told(memory.anonymous)), proportional \(told(memory.proportional)), resident \(told(memory.resident)), peak resident \(told(memory.peak_resident))"
            ),
            ("energy", report.energyText), ("temperature", report.temperatureText),
        ]
        return "<dl>" + rows.map { "<dt>\($0.0)</dt><dd>\(escaped($0.1))</dd>" }.joined() + "</dl>"
    }

    /// What the pointer shows over a step.
    func tip(_ row: ProfileReport.Row) -> String {
        var lines = [
            row.label,
            "\(fixed(row.milliseconds, 4)) ms, \(fixed(100 * report.share(row), 1)) % of the run, \(row.kernel)",
        ]
        if row.macs > 0 { lines.append("\(count(row.macs)) MACs, \(fixed(row.gigaMACs, 1)) GMAC/s") }
        lines.append("\(bytes(row.bytes)) moved, \(fixed(row.gigaBytes, 1)) GB/s")
        if let roofline = row.roofline(report.peaks) {
            let peak = roofline.peakShare.map { "\(fixed(100 * $0, 1)) % of peak, " } ?? ""
            lines.append("\(peak)limit \(roofline.side.rawValue): \(fixed(100 * roofline.roofShare, 1)) % of it")
        }
        return lines.joined(separator: "\n")
    }
}
