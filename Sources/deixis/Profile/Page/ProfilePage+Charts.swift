// Small charts: the histogram of runs, and the way from file to first answer.

extension ProfilePage {
    var histogram: String {
        let histogram = Histogram(report.times, bins: 24), percentiles = Percentiles(report.times)
        var svg = SVG(width: 560, height: 200)
        let left = 8.0, right = 552.0, base = 160.0, top = 26.0
        let slot = (right - left) / Double(histogram.counts.count), most = Double(max(histogram.counts.max() ?? 1, 1))
        svg.line(left, base, right, base, "axis")
        for (index, count) in histogram.counts.enumerated() where count > 0 {
            let height = max((base - top) * Double(count) / most, 2),
                begin = histogram.start + Double(index) * histogram.width
            svg.rect(
                left + Double(index) * slot + 1, base - height, max(slot - 2, 1), height, fill: PageStyle.palette[0],
                rounded: 2,
                tip: "\(count) of \(report.times.count) runs\nfrom \(fixed(begin, 3)) ms")
        }
        func x(_ milliseconds: Double) -> Double {
            min(left + (milliseconds - histogram.start) / histogram.width * slot, right)
        }
        for (index, part) in histogram.counts.indices.enumerated() where index % max(histogram.counts.count / 6, 1) == 0
        {
            svg.text(
                left + Double(part) * slot, base + 16, fixed(histogram.start + Double(part) * histogram.width, 3),
                index == 0 ? .start : .middle)
        }
        svg.text(right, base + 34, "milliseconds", .end)
        for (name, percent) in [("p50", 50.0), ("p90", 90.0)] {
            let at = x(percentiles(percent))
            svg.line(at, top - 8, at, base, "slope")
            svg.text(at, top - 13, name, at > right - 20 ? .end : at < left + 20 ? .start : .middle, style: "strong")
        }
        return svg.text
    }

    var phases: String {
        let phases = report.phases, longest = max(phases.map(\.milliseconds).max() ?? 0, 1e-9)
        var svg = SVG(width: 560, height: 200)
        for (index, phase) in phases.enumerated() {
            let y = 4 + Double(index) * 24, width = max(330 * phase.milliseconds / longest, 1)
            svg.text(112, y + 13, phase.name, .end, style: "label")
            svg.rect(
                122, y + 2, width, 15, fill: PageStyle.palette[index % PageStyle.palette.count], rounded: 3,
                tip: "\(phase.name)\n\(fixed(phase.milliseconds, 3)) ms")
            svg.text(128 + width, y + 13, "\(short(phase.milliseconds)) ms")
        }
        return svg.text
    }
}
