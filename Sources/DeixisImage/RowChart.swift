public import DeixisInput

/// Rows side by side with numbers: each row's values as dots along a common axis, their mean with its deviation, and
/// cells of text with bars beside them. A table of results as a picture.
public struct RowChart: Sendable {
    public struct Row: Sendable {
        public var name: String
        /// Each a small dot, below the mean.
        public var values: [Double]
        /// A large dot, and whiskers that reach `deviation` to both sides.
        public var mean: Double?
        public var deviation: Double?
        public var cells: [Cell]
        /// In place of dots and cells, where there are none.
        public var note: String
        /// The note is of a failure.
        public var warns: Bool

        public init(
            _ name: String, values: [Double] = [], mean: Double? = nil, deviation: Double? = nil, cells: [Cell] = [],
            note: String = "", warns: Bool = false
        ) {
            (self.name, self.values, self.mean, self.deviation) = (name, values, mean, deviation)
            (self.cells, self.note, self.warns) = (cells, note, warns)
        }
    }

    public struct Cell: Sendable {
        public var text: String
        /// Length of the bar below the text, 0...1; nil: no bar.
        public var share: Double?
        public init(_ text: String, share: Double? = nil) { (self.text, self.share) = (text, share) }
    }

    public var title: String
    public var subtitle: String
    /// Above the dots.
    public var axis: String
    /// Above the cells.
    public var columns: [String]
    public var rows: [Row]

    public init(title: String, subtitle: String = "", axis: String, columns: [String], rows: [Row]) {
        (self.title, self.subtitle, self.axis) = (title, subtitle, axis)
        (self.columns, self.rows) = (columns, rows)
    }

    /// As high as its rows need; a width below 480 is raised to that.
    public func drawn(width: Int = 1440) -> RGBImage {
        let layout = RowChartLayout(self, width: Double(max(width, 480)))
        var canvas = Canvas(width: Int(layout.width), height: Int(layout.height), color: Chart.ground)
        layout.draw(on: &canvas)
        return canvas.image
    }
}

/// Where everything of a `RowChart` lies.
private struct RowChartLayout {
    let chart: RowChart
    let width, height: Double
    private let unit: Double
    private let card: PixelBox
    private let rowHeight: Double
    /// Where the first row begins.
    private let top: Double
    private let names: (x: Double, width: Double)
    private let plot: (x: Double, width: Double)
    private let cells: [(x: Double, width: Double)]
    private let axis: ChartAxis

    private var scale: Double { 1.15 * unit }

    init(_ chart: RowChart, width: Double) {
        (self.chart, self.width) = (chart, width)
        let unit = max(1, width / 900)
        self.unit = unit
        func widest(_ texts: [String]) -> Double {
            texts.map { Canvas.textWidth($0, scale: 1.15 * unit) }.max() ?? 0
        }
        let margin = 16 * unit, pad = 16 * unit
        rowHeight = 28 * unit
        let cardTop = margin + 26 * unit + (chart.subtitle.isEmpty ? 0 : 14 * unit)
        top = cardTop + 30 * unit
        let cardHeight = 30 * unit + rowHeight * Double(max(chart.rows.count, 1)) + 24 * unit
        card = PixelBox(x: margin, y: cardTop, width: width - 2 * margin, height: cardHeight.rounded())
        height = (cardTop + card.height + margin).rounded()
        names = (card.x + pad, min(widest(chart.rows.map(\.name)), card.width * 0.26))
        var right = card.right - pad, places: [(x: Double, width: Double)] = []
        for (index, column) in chart.columns.enumerated().reversed() {
            let texts = chart.rows.compactMap { $0.cells.indices.contains(index) ? $0.cells[index].text : nil }
            let wide = widest(texts + [column])
            places.append((right - wide, wide))
            right -= wide + 14 * unit
        }
        cells = places.reversed()
        let left = names.x + names.width + 18 * unit
        plot = (left, max(right - 8 * unit - left, 60 * unit))
        let values = chart.rows.flatMap { row -> [Double] in
            let spread = row.deviation ?? 0
            return row.values + (row.mean.map { [$0 - spread, $0 + spread] } ?? [])
        }.filter(\.isFinite)
        let (low, high) = (values.min() ?? 0, values.max() ?? 1), room = (high - low) * 0.06
        axis = ChartAxis(
            low - room, high + room, ticks: max(Int(plot.width / (70 * unit)), 2), padded: false)
    }

    func draw(on canvas: inout Canvas) {
        let margin = card.x
        canvas.text(
            Canvas.fitted(chart.title, width: width - 2 * margin, scale: 2 * unit), at: Point(margin, margin),
            scale: 2 * unit, color: Chart.ink)
        if !chart.subtitle.isEmpty {
            canvas.text(
                Canvas.fitted(chart.subtitle, width: width - 2 * margin, scale: scale),
                at: Point(margin, margin + 21 * unit), scale: scale, color: Chart.quiet)
        }
        canvas.fill(card, color: .white, radius: 5 * unit)
        canvas.stroke(card, width: unit, color: Chart.grid, radius: 5 * unit)
        drawHeading(&canvas)
        drawGrid(&canvas)
        for (index, row) in chart.rows.enumerated() { draw(row, at: top + rowHeight * Double(index), &canvas) }
    }

    private func drawHeading(_ canvas: inout Canvas) {
        let y = card.y + 12 * unit
        canvas.text(chart.axis, at: Point(plot.x, y), scale: scale, color: Chart.quiet)
        for (column, place) in zip(chart.columns, cells) {
            let left = place.x + place.width - Canvas.textWidth(column, scale: scale)
            canvas.text(column, at: Point(left, y), scale: scale, color: Chart.quiet)
        }
    }

    private func place(_ value: Double) -> Double { plot.x + axis.fraction(value) * plot.width }

    private func drawGrid(_ canvas: inout Canvas) {
        let thin = max(1, unit.rounded()), bottom = top + rowHeight * Double(chart.rows.count)
        for index in 0...chart.rows.count {
            let y = (top + rowHeight * Double(index)).rounded()
            canvas.fill(
                PixelBox(x: card.x + 8 * unit, y: y, width: card.width - 16 * unit, height: thin), color: Chart.grid)
        }
        guard chart.rows.contains(where: { !$0.values.isEmpty || $0.mean != nil }) else { return }
        for tick in axis.ticks {
            let x = (place(tick) - thin / 2).rounded(), label = axis.label(tick)
            canvas.fill(PixelBox(x: x, y: top, width: thin, height: bottom - top), color: Chart.grid)
            canvas.text(
                label, at: Point(x - Canvas.textWidth(label, scale: scale) / 2, bottom + 8 * unit), scale: scale,
                color: Chart.quiet)
        }
    }

    private func draw(_ row: RowChart.Row, at y: Double, _ canvas: inout Canvas) {
        let middle = y + rowHeight / 2, textTop = middle - Canvas.capHeight(scale: scale) / 2
        canvas.text(
            Canvas.fitted(row.name, width: names.width, scale: scale), at: Point(names.x, textTop), scale: scale,
            color: Chart.ink)
        guard row.note.isEmpty else {
            let room = card.right - 16 * unit - plot.x
            // Over the grid.
            canvas.fill(
                PixelBox(x: plot.x - 2 * unit, y: y + 2 * unit, width: room, height: rowHeight - 3 * unit),
                color: .white)
            canvas.text(
                Canvas.fitted(row.note, width: room, scale: scale), at: Point(plot.x, textTop), scale: scale,
                color: row.warns ? Chart.palette[3] : Chart.quiet)
            return
        }
        // With a single value the large dot says it.
        let showsValues = row.values.count > 1
        drawMean(row, at: showsValues ? middle - 4 * unit : middle, &canvas)
        if showsValues {
            for value in row.values {
                canvas.disc(
                    center: Point(place(value), middle + 7.5 * unit), radius: 2.4 * unit, color: Chart.palette[1],
                    opacity: 0.85)
            }
        }
        for (cell, place) in zip(row.cells, cells) { draw(cell, in: place, middle, &canvas) }
    }

    private func drawMean(_ row: RowChart.Row, at y: Double, _ canvas: inout Canvas) {
        guard let mean = row.mean else { return }
        let color = Chart.palette[0], center = Point(place(mean), y)
        if let deviation = row.deviation {
            let (low, high) = (place(mean - deviation), place(mean + deviation)), cap = 4.5 * unit
            canvas.line(from: Point(low, y), to: Point(high, y), width: 1.8 * unit, color: color)
            for x in [low, high] {
                canvas.line(from: Point(x, y - cap), to: Point(x, y + cap), width: 1.8 * unit, color: color)
            }
        }
        canvas.disc(center: center, radius: 5.5 * unit, color: .white)
        canvas.disc(center: center, radius: 4.5 * unit, color: color)
    }

    private func draw(
        _ cell: RowChart.Cell, in place: (x: Double, width: Double), _ middle: Double, _ canvas: inout Canvas
    ) {
        let right = place.x + place.width, high = Canvas.capHeight(scale: scale)
        let lift = cell.share == nil ? 0 : 2.5 * unit
        canvas.text(
            cell.text, at: Point(right - Canvas.textWidth(cell.text, scale: scale), middle - high / 2 - lift),
            scale: scale, color: Chart.ink)
        guard let share = cell.share else { return }
        let length = place.width * min(max(share, 0), 1), bar = 3 * unit
        canvas.fill(
            PixelBox(x: right - length, y: middle + high / 2 + 1.5 * unit, width: length, height: bar),
            color: Chart.palette[5], radius: bar / 2)
    }
}
