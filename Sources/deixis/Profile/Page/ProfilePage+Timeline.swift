import DeixisRuntime

extension ProfilePage {
    /// A row of steps, then a row for each thread. What is drawn is the fastest of some traced runs.
    var timeline: String {
        let trace = report.trace
        let whole = max(Double(trace.steps.last?.end ?? 1), 1)
        let left = 70.0, right = 1186.0, rowHeight = 30.0, top = 24.0
        let rows = report.threads + 1
        var svg = SVG(width: 1200, height: top + Double(rows) * (rowHeight + 6) + 4)
        func x(_ nanoseconds: UInt64) -> Double { left + (right - left) * Double(nanoseconds) / whole }

        let bottom = top + Double(rows) * (rowHeight + 6)
        for step in roundSteps(to: whole / 1e6, count: 12) {
            let at = left + (right - left) * step * 1e6 / whole
            svg.line(at, top - 4, at, bottom, "grid")
            svg.text(at, top - 9, "\(short(step))\(step == 0 ? " ms" : "")", .middle)
        }
        svg.text(left - 10, top + 19, "steps", .end, style: "label")
        for span in trace.steps {
            let row = report.steps[span.step], width = max(x(span.end) - x(span.start), 0.4)
            svg.rect(
                x(span.start), top, max(width - 0.4, 0.3), rowHeight, fill: color(row.op),
                tip: "\(span.step + 1). \(tip(row))")
            let name = row.op.split(separator: ".").last.map(String.init) ?? row.op
            if width > Double(name.count) * 7 + 8 { svg.text(x(span.start) + 5, top + 19, name, style: "on") }
        }
        var busy = [Double](repeating: 0, count: report.threads)
        for span in trace.tasks where span.worker < report.threads {
            busy[span.worker] += Double(span.end - span.start)
            let row = report.steps[span.step], y = top + Double(span.worker + 1) * (rowHeight + 6)
            svg.rect(
                x(span.start), y + 4, max(x(span.end) - x(span.start) - 0.2, 0.2), rowHeight - 8, fill: color(row.op),
                tip:
                    "\(span.step + 1). \(row.label)\na task of \(fixed(Double(span.end - span.start) / 1e3, 1)) µs on thread \(span.worker + 1)"
            )
        }
        for (worker, time) in busy.enumerated() {
            let y = top + Double(worker + 1) * (rowHeight + 6)
            svg.text(left - 10, y + 13, "thread \(worker + 1)", .end, style: "label")
            svg.text(left - 10, y + 26, "\(fixed(100 * time / whole, 0)) % busy", .end)
        }
        return svg.text
    }
}
