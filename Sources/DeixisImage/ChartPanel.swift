import DeixisInput

/// One panel of a chart being drawn: a white card with title, legend, axes and lines.
struct ChartPanel {
    let panel: Chart.Panel
    let box: PixelBox
    let unit: Double
    private let lines: [ChartLine]
    private let x: ChartAxis
    private let y: ChartAxis
    private let plot: PixelBox

    /// The scale of labels; whole cells while a cell is less than 1.7 pixels.
    static func small(_ unit: Double) -> Double { unit * 1.15 < 1.7 ? 1 : unit * 1.15 }
    private var small: Double { ChartPanel.small(unit) }
    private static func heading(_ unit: Double) -> Double { unit * 1.5 < 1.4 ? 1 : unit * 1.5 }

    init(_ panel: Chart.Panel, box: PixelBox, unit: Double) {
        self.panel = panel
        self.box = box
        self.unit = unit
        lines = panel.series.enumerated().map { i, series in
            ChartLine(series, color: series.color ?? Chart.palette[i % Chart.palette.count])
        }
        let small = ChartPanel.small(unit)
        let allX = lines.flatMap { $0.raw.flatMap { $0.map(\.x) } }
        let shown = lines.flatMap { $0.valuesForRange }
        let roomX = max(Int(box.width / (80 * unit)), 2), roomY = max(Int(box.height / (32 * unit)), 2)
        x = ChartAxis(allX.min() ?? 0, allX.max() ?? 1, ticks: roomX, padded: false)
        let vertical: ChartAxis
        if let range = panel.yRange, range.lowerBound.isFinite, range.upperBound.isFinite {
            vertical = ChartAxis(range.lowerBound, range.upperBound, ticks: roomY, padded: false)
        } else {
            vertical = ChartAxis(shown.min() ?? 0, shown.max() ?? 1, ticks: roomY, padded: true)
        }
        y = vertical
        let labels = vertical.ticks.map { Canvas.textWidth(vertical.label($0), scale: small) }.max() ?? 0
        let left = labels + 24 * unit, top = 44 * unit, bottom = (panel.xLabel.isEmpty ? 26 : 40) * unit
        plot = PixelBox(
            x: (box.x + left).rounded(), y: (box.y + top).rounded(),
            width: max(box.width - left - 18 * unit, 8).rounded(),
            height: max(box.height - top - bottom, 8).rounded())
    }

    func draw(on canvas: inout Canvas) {
        canvas.fill(box, color: .white, radius: 5 * unit)
        canvas.stroke(box, width: unit, color: Chart.grid, radius: 5 * unit)
        let heading = ChartPanel.heading(unit)
        canvas.text(
            Canvas.fitted(panel.title, width: box.width - 28 * unit, scale: heading),
            at: Point(box.x + 14 * unit, box.y + 11 * unit),
            scale: heading, color: Chart.ink)
        drawGrid(&canvas)
        for line in lines { draw(line, &canvas) }
        drawLegend(&canvas)
        if lines.allSatisfy({ $0.raw.isEmpty }) {
            let text = "no values yet"
            let at = Point(
                plot.x + (plot.width - Canvas.textWidth(text, scale: small)) / 2,
                plot.y + plot.height / 2 - Canvas.capHeight(scale: small) / 2)
            canvas.text(text, at: at, scale: small, color: Chart.quiet)
        }
    }

    private func place(_ point: Point) -> Point {
        Point(plot.x + x.fraction(point.x) * plot.width, plot.bottom - y.fraction(point.y) * plot.height)
    }

    private func drawGrid(_ canvas: inout Canvas) {
        let thin = max(1, unit.rounded())
        for tick in y.ticks {
            let at = crisp(plot.bottom - y.fraction(tick) * plot.height, thin)
            canvas.fill(PixelBox(x: plot.x, y: at, width: plot.width, height: thin), color: Chart.grid)
            let label = y.label(tick)
            canvas.text(
                label,
                at: Point(
                    plot.x - 7 * unit - Canvas.textWidth(label, scale: small),
                    at + thin / 2 - Canvas.capHeight(scale: small) / 2),
                scale: small, color: Chart.quiet)
        }
        for tick in x.ticks {
            let at = crisp(plot.x + x.fraction(tick) * plot.width, thin)
            canvas.fill(PixelBox(x: at, y: plot.bottom, width: thin, height: 4 * unit), color: Chart.quiet)
            let label = x.label(tick), labelWidth = Canvas.textWidth(label, scale: small)
            let left = min(at + thin / 2 - labelWidth / 2, box.right - labelWidth - 4 * unit)
            canvas.text(label, at: Point(left, plot.bottom + 8 * unit), scale: small, color: Chart.quiet)
        }
        canvas.fill(
            PixelBox(x: plot.x, y: crisp(plot.bottom, thin), width: plot.width, height: thin), color: Chart.quiet)
        if !panel.xLabel.isEmpty {
            let text = Canvas.fitted(panel.xLabel, width: plot.width, scale: small)
            let left = plot.x + (plot.width - Canvas.textWidth(text, scale: small)) / 2
            canvas.text(text, at: Point(left, plot.bottom + 23 * unit), scale: small, color: Chart.quiet)
        }
    }

    private func crisp(_ at: Double, _ thickness: Double) -> Double { (at - thickness / 2).rounded() }

    private func draw(_ line: ChartLine, _ canvas: inout Canvas) {
        let faint = line.smooth != nil
        for run in line.raw {
            draw(run, &canvas, color: line.color, width: faint ? unit : 1.8 * unit, opacity: faint ? 0.28 : 1)
        }
        for run in line.smooth ?? [] { draw(run, &canvas, color: line.color, width: 2 * unit, opacity: 1) }
        guard line.marksLast, let last = (line.smooth ?? line.raw).last?.last else { return }
        let end = place(last)
        guard end.y >= plot.y - 1, end.y <= plot.bottom + 1 else { return }
        canvas.disc(center: end, radius: 4 * unit, color: .white)
        canvas.disc(center: end, radius: 2.8 * unit, color: line.color)
    }

    /// Lines are cut at the plot's edges; many points in one pixel column become their least and greatest.
    private func draw(_ run: [Point], _ canvas: inout Canvas, color: RGB, width: Double, opacity: Double) {
        let points = thinned(run.map(place))
        if points.count == 1, opacity == 1 { canvas.disc(center: points[0], radius: 1.5 * unit, color: color) }
        for (a, b) in zip(points, points.dropFirst()) {
            guard let (from, to) = clippedVertically(a, b) else { continue }
            canvas.line(from: from, to: to, width: width, color: color, opacity: opacity)
        }
    }

    private func thinned(_ points: [Point]) -> [Point] {
        guard Double(points.count) > plot.width * 2 else { return points }
        var result: [Point] = []
        var start = 0
        while start < points.count {
            let column = points[start].x.rounded(.down)
            var end = start + 1, low = start, high = start
            while end < points.count, points[end].x.rounded(.down) == column {
                if points[end].y < points[low].y { low = end }
                if points[end].y > points[high].y { high = end }
                end += 1
            }
            result.append(points[min(low, high)])
            if low != high { result.append(points[max(low, high)]) }
            start = end
        }
        return result
    }

    private func clippedVertically(_ a: Point, _ b: Point) -> (Point, Point)? {
        let low = plot.y, high = plot.bottom
        if max(a.y, b.y) < low || min(a.y, b.y) > high { return nil }
        func moved(_ point: Point, _ other: Point) -> Point {
            let edge = point.y < low ? low : (point.y > high ? high : point.y)
            guard edge != point.y, other.y != point.y else { return point }
            return Point(point.x + (other.x - point.x) * (edge - point.y) / (other.y - point.y), edge)
        }
        return (moved(a, b), moved(b, a))
    }

    /// A swatch, the name and the last value of each series, in one row below the title; those that do not fit are left
    /// out.
    private func drawLegend(_ canvas: inout Canvas) {
        var at = Point(box.x + 14 * unit, box.y + 28 * unit)
        for line in lines {
            var text = line.name
            if line.marksLast, let last = (line.smooth ?? line.raw).last?.last {
                text += (text.isEmpty ? "" : " ") + y.value(last.y)
            }
            let width = 16 * unit + Canvas.textWidth(text, scale: small)
            guard at.x + width <= box.right - 8 * unit else { return }
            let middle = at.y + Canvas.capHeight(scale: small) / 2
            canvas.line(
                from: Point(at.x + unit, middle), to: Point(at.x + 10 * unit, middle), width: 3 * unit,
                color: line.color)
            canvas.text(text, at: Point(at.x + 16 * unit, at.y), scale: small, color: Chart.ink)
            at.x += width + 14 * unit
        }
    }
}

/// A series cut at its gaps, with its running mean where one is wanted.
private struct ChartLine {
    let name: String
    let color: RGB
    let raw: [[Point]]
    let smooth: [[Point]]?
    let marksLast: Bool

    init(_ series: Chart.Series, color: RGB) {
        (name, marksLast) = (series.name, series.marksLast)
        self.color = color
        raw = series.points.split { !$0.x.isFinite || !$0.y.isFinite }.map(Array.init)
        let past = series.smoothing
        guard past > 0, past < 1 else {
            smooth = nil
            return
        }
        // mean = sum(past^k y) / sum(past^k): unbiased from the first point on.
        var sum = 0.0, weight = 0.0
        smooth = raw.map { run in
            run.map { point in
                sum = sum * past + point.y
                weight = weight * past + 1
                return Point(point.x, sum / weight)
            }
        }
    }

    /// All values, or for a smoothed line those within the 1st to 99th percentile and the mean's: one spike hides no
    /// curve.
    var valuesForRange: [Double] {
        let values = raw.flatMap { $0.map(\.y) }
        guard let smooth, values.count > 20 else { return values }
        let sorted = values.sorted()
        return [sorted[sorted.count / 100], sorted[sorted.count - 1 - sorted.count / 100]]
            + smooth.flatMap { $0.map(\.y) }
    }
}
