import DeixisInput
import Foundation
import Testing

@testable import DeixisImage

/// Set DEIXIS_PICTURES to a folder to look at what these tests draw.
func show(_ image: RGBImage, _ name: String) throws {
    if let folder = ProcessInfo.processInfo.environment["DEIXIS_PICTURES"] {
        try image.write(to: folder + "/" + name + ".png")
    }
}

private func trainingChart() -> Chart {
    var state: UInt64 = 7
    func noise() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 40) / Double(1 << 24) - 0.5
    }
    let steps = stride(from: 0.0, through: 120_000, by: 200)
    func curve(_ f: (Double) -> Double, _ amount: Double) -> [Point] {
        steps.map { Point($0, f($0) + noise() * amount) }
    }
    return Chart(
        title: "deixis-train: small", subtitle: "seed 1, batch 64, AdamW 2.5e-4, 120000 samples",
        panels: [
            .init(
                "loss", xLabel: "samples",
                series: [.init("total", curve({ 0.5 + 3 / (1 + $0 / 9000) }, 0.9), smoothing: 0.95)]),
            .init(
                "parts of the loss", xLabel: "samples",
                series: [
                    .init("L1", curve({ 0.1 + 0.7 / (1 + $0 / 12000) }, 0.1), smoothing: 0.95),
                    .init("GIoU", curve({ 0.2 + 1.1 / (1 + $0 / 20000) }, 0.2), smoothing: 0.95),
                ]),
            .init(
                "sigma", xLabel: "samples",
                series: [
                    .init("sigma 0", curve({ 2.5 - $0 / 100_000 }, 0)),
                    .init("sigma 1", curve({ 2.5 + 0.3 * sin($0 / 15000) }, 0)),
                ]),
            .init(
                "accuracy", xLabel: "samples",
                series: [
                    .init(
                        "Acc@0.5",
                        stride(from: 0.0, through: 120_000, by: 6000).map { Point($0, 0.95 * (1 - exp(-$0 / 40000))) })
                ], yRange: 0...1),
        ])
}

@Test func trainingCurvesAreDrawn() throws {
    let image = trainingChart().drawn()
    #expect(image.width == 1280 && image.height == 860)
    try show(image, "chart")
    try show(trainingChart().drawn(width: 640, height: 430), "chart-small")
    try show(trainingChart().drawn(width: 2560, height: 1720), "chart-large")
    // Each series' color is there, and ink for text.
    for color in [Chart.palette[0], Chart.palette[1], Chart.ink, Chart.grid, .white] {
        #expect(
            stride(from: 0, to: image.pixels.count, by: 3).contains {
                image.pixels[$0] == color.red && image.pixels[$0 + 1] == color.green
                    && image.pixels[$0 + 2] == color.blue
            })
    }
}

@Test func chartsOfNothingAndOfNonsenseAreDrawn() {
    _ = Chart(title: "", panels: []).drawn(width: 0, height: -5)
    let odd = [
        Point(.nan, 1), Point(1, .infinity), Point(0, 1e308), Point(1, -1e308), Point(.infinity, 0), Point(2, 0),
    ]
    _ = Chart(
        title: String(repeating: "long ", count: 99),
        panels: [
            .init("", series: []), .init("x", series: [.init("", [])]),
            .init("one", series: [.init("a", [Point(3, 3)])]),
            .init("odd", series: [.init("b", odd, smoothing: 0.9)]),
            .init("flat", series: [.init("c", [Point(0, 0), Point(1, 0)])], yRange: 2...2),
            .init("back", series: [.init("d", [Point(5, 1), Point(-5, 2), Point(5, 3)], smoothing: 7)]),
        ]
    ).drawn(width: 300, height: 200)
}

/// A straight line from corner to corner passes through the plot's middle.
@Test func valuesLieWhereTheyBelong() {
    let blue = Chart.palette[0]
    let image = Chart(
        title: "", panels: [.init("", series: [.init("", [Point(0, 0), Point(10, 10)])], yRange: 0...10)]
    )
    .drawn(width: 600, height: 400)
    func rows(_ x: Int) -> [Int] { (0..<400).filter { image[x, $0] == blue } }
    var seen: [(x: Int, y: Int)] = []
    for x in stride(from: 150, through: 450, by: 100) {
        let found = rows(x)
        #expect(!found.isEmpty && found.count <= 6)
        seen.append((x, found.reduce(0, +) / max(found.count, 1)))
    }
    // Equal steps to the right are equal steps up.
    let rises = zip(seen, seen.dropFirst()).map { $0.y - $1.y }
    #expect(rises.allSatisfy { $0 > 0 } && (rises.max() ?? 0) - (rises.min() ?? 0) <= 1)
}

@Test(arguments: [
    (0.0, 1.0, 4, ["0.0", "0.5", "1.0"]), (0, 1, 5, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    (0, 120_000, 4, ["0", "50k", "100k"]), (0, 3e6, 3, ["0", "1M", "2M", "3M"]),
    (-2, 2, 4, ["-2", "-1", "0", "1", "2"]),
    (0, 4e-5, 4, ["0", "1.0e-5", "2.0e-5", "3.0e-5", "4.0e-5"]),
])
func ticksAreRound(low: Double, high: Double, count: Int, expected: [String]) {
    let axis = ChartAxis(low, high, ticks: count, padded: false)
    #expect(axis.ticks.map(axis.label) == expected)
}
