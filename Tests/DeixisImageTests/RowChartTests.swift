import DeixisInput
import Testing

@testable import DeixisImage

@Suite struct RowChartTests {
    private static func chart() -> RowChart {
        let cells = [
            RowChart.Cell("0.700 +- 0.020"), RowChart.Cell("2.82 M", share: 1), RowChart.Cell("2.40", share: 0.5),
        ]
        return RowChart(
            title: "How many layers", subtitle: "60000 samples, 3 seeds a point; small dots are seeds", axis: "Acc@0.5",
            columns: ["mean", "parameters", "ms(1)"],
            rows: [
                .init("one layer", values: [0.58, 0.6, 0.62], mean: 0.6, deviation: 0.02, cells: cells),
                .init("two layers", values: [0.78, 0.8, 0.82], mean: 0.8, deviation: 0.02, cells: cells),
                .init("one run only", values: [0.7], mean: 0.7, cells: cells),
                .init("none", note: "failed: the loss is not finite", warns: true),
                .init("later", note: "not run yet"),
            ])
    }

    /// Columns of pixels of exactly this color, among the rows of pixels.
    private static func columns(_ image: RGBImage, _ color: RGB, rows: Range<Int>) -> [Int] {
        (0..<image.width).filter { x in rows.contains { image[x, $0] == color } }
    }

    @Test func dotsLieWhereTheirValuesAre() throws {
        let chart = Self.chart(), image = chart.drawn(width: 1440)
        try show(image, "row-chart")
        // Title, subtitle and heading, then rows of one height, then the axis.
        let unit = 1.6, top = Int(86 * unit), height = Int(28 * unit)
        let means = (0..<3).map { row -> Double in
            let found = Self.columns(image, Chart.palette[0], rows: top + row * height..<top + (row + 1) * height)
            return Double((found.first ?? 0) + (found.last ?? 0)) / 2
        }
        #expect(means[0] > 200 && means[1] > means[0] + 100, "\(means)")
        // 0.7 is half way from 0.6 to 0.8.
        #expect(abs(means[2] - (means[0] + means[1]) / 2) < 2, "\(means)")
        // A failure is told in its color, and what is to come is not.
        let failed = Self.columns(image, Chart.palette[3], rows: top + 3 * height..<top + 4 * height)
        let waiting = Self.columns(image, Chart.palette[3], rows: top + 4 * height..<top + 5 * height)
        #expect(failed.count > 50 && waiting.isEmpty)
        #expect(chart.drawn(width: 1440) == image)
    }

    /// As high as its rows; nothing that it is given breaks it.
    @Test func anythingCanBeDrawn() {
        var chart = Self.chart()
        let high = chart.drawn().height
        chart.rows.removeLast(3)
        #expect(chart.drawn().height < high)
        #expect(chart.drawn(width: 1).width == 480)
        chart.rows = [
            .init("one value", values: [0.5], mean: 0.5),
            .init("", values: [.nan, .infinity], mean: .nan, deviation: 1),
            .init(String(repeating: "long ", count: 200), values: [0.5, 0.5], mean: 0.5, deviation: 0, cells: []),
        ]
        #expect(chart.drawn().width == 1440)
        (chart.rows, chart.columns) = ([], [])
        #expect(chart.drawn().height > 100)
    }
}
