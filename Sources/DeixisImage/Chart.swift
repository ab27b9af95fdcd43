public import DeixisInput

/// Line plots of several series in one or more panels: training curves as a picture.
public struct Chart: Sendable {
    public struct Series: Sendable {
        public var name: String
        /// In drawing order; a non-finite value leaves a gap.
        public var points: [Point]
        /// nil: the next color of `Chart.palette`.
        public var color: RGB?
        /// Weight of the past in a running mean, 0...1: above 0, the points are drawn faint and their mean strong.
        public var smoothing: Double
        /// Whether the last point is marked and its value stands in the legend: of what goes on in time.
        public var marksLast: Bool
        public init(
            _ name: String, _ points: [Point], color: RGB? = nil, smoothing: Double = 0, marksLast: Bool = true
        ) {
            self.name = name
            self.points = points
            self.color = color
            self.smoothing = smoothing
            self.marksLast = marksLast
        }
    }

    public struct Panel: Sendable {
        public var title: String
        public var xLabel: String
        public var series: [Series]
        /// nil: what the values need.
        public var yRange: ClosedRange<Double>?
        public init(_ title: String, xLabel: String = "", series: [Series], yRange: ClosedRange<Double>? = nil) {
            self.title = title
            self.xLabel = xLabel
            self.series = series
            self.yRange = yRange
        }
    }

    public var title: String
    public var subtitle: String
    public var panels: [Panel]
    /// Panels side by side; nil: about square.
    public var columns: Int?

    public init(title: String, subtitle: String = "", panels: [Panel], columns: Int? = nil) {
        self.title = title
        self.subtitle = subtitle
        self.panels = panels
        self.columns = columns
    }

    /// Told apart by hue and by lightness.
    public static let palette = [
        RGB(31, 105, 196), RGB(230, 112, 24), RGB(38, 148, 92), RGB(204, 46, 84), RGB(124, 84, 184), RGB(12, 150, 168),
        RGB(150, 106, 60), RGB(98, 104, 116),
    ]

    static let ink = RGB(34, 38, 46), quiet = RGB(112, 120, 132), grid = RGB(228, 231, 236), ground = RGB(246, 247, 249)

    /// The chart as a picture; sizes below 160 x 120 are raised to that.
    public func drawn(width: Int = 1280, height: Int = 860) -> RGBImage {
        let width = max(width, 160), height = max(height, 120)
        var canvas = Canvas(width: width, height: height, color: Chart.ground)
        let unit = max(1, Double(min(width, height)) / 560)
        let margin = 16 * unit
        var top = margin
        if !title.isEmpty {
            canvas.text(
                Canvas.fitted(title, width: Double(width) - 2 * margin, scale: 2.2 * unit), at: Point(margin, top),
                scale: 2.2 * unit,
                color: Chart.ink)
            top += 22 * unit
        }
        if !subtitle.isEmpty {
            let scale = ChartPanel.small(unit)
            canvas.text(
                Canvas.fitted(subtitle, width: Double(width) - 2 * margin, scale: scale), at: Point(margin, top),
                scale: scale,
                color: Chart.quiet)
            top += 15 * unit
        }
        guard !panels.isEmpty else { return canvas.image }
        let across = min(max(columns ?? Int(Double(panels.count).squareRoot().rounded(.up)), 1), panels.count)
        let down = (panels.count + across - 1) / across
        let gap = 12 * unit
        let size = (
            width: (Double(width) - 2 * margin - gap * Double(across - 1)) / Double(across),
            height: (Double(height) - top - margin - gap * Double(down - 1)) / Double(down)
        )
        for (i, panel) in panels.enumerated() {
            let box = PixelBox(
                x: (margin + Double(i % across) * (size.width + gap)).rounded(),
                y: (top + Double(i / across) * (size.height + gap)).rounded(),
                width: size.width.rounded(.down), height: size.height.rounded(.down))
            ChartPanel(panel, box: box, unit: unit).draw(on: &canvas)
        }
        return canvas.image
    }
}
