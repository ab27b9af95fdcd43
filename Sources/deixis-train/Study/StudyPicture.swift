internal import DeixisGrounding
internal import DeixisImage

/// A study's results as a picture: accuracies as dots, sizes and latencies beside them.
struct StudyPicture {
    let results: StudyResults

    init(_ results: StudyResults) { self.results = results }

    var chart: RowChart {
        let points = results.listed
        let threads = Set(points.flatMap { $0.latencies.map(\.threads) }).sorted()
        func most(_ value: (StudyResults.Point) -> Double?) -> Double { points.compactMap(value).max() ?? 0 }
        func cell(_ text: String, _ value: Double?, of most: Double) -> RowChart.Cell {
            RowChart.Cell(text, share: most > 0 ? value.map { $0 / most } : nil)
        }
        func latency(_ point: StudyResults.Point, _ threads: Int) -> Double? {
            point.latencies.first { $0.threads == threads }?.milliseconds
        }
        let (parameters, macs) = (most { $0.parameters.map(Double.init) }, most { $0.multiplyAdds.map(Double.init) })
        let slowest = threads.map { count in most { latency($0, count) } }.max() ?? 0
        let rows = points.map { point -> RowChart.Row in
            let runs = results.runs(of: point), values = runs.compactMap(\.accuracy), spread = Spread(values)
            let problem = point.problem ?? (values.isEmpty ? runs.compactMap(\.problem).first : nil)
            if let problem { return RowChart.Row(point.name, note: "failed: " + problem, warns: true) }
            if values.isEmpty { return RowChart.Row(point.name, note: "not run yet") }
            let some = values.count < results.seeds.count ? "(\(values.count) of \(results.seeds.count)) " : ""
            var cells = [RowChart.Cell(some + StudyTable.text(spread, plusMinus: "+-"))]
            cells.append(
                cell(StudyTable.count(point.parameters), point.parameters.map(Double.init), of: parameters))
            cells.append(cell(StudyTable.giga(point.multiplyAdds), point.multiplyAdds.map(Double.init), of: macs))
            cells += threads.map { count in
                cell(StudyTable.milliseconds(latency(point, count)), latency(point, count), of: slowest)
            }
            return RowChart.Row(
                point.name, values: values, mean: spread?.mean, deviation: spread?.deviation, cells: cells)
        }
        let seeds = results.seeds.count
        let subtitle =
            "\(results.length), \(seeds) seed\(seeds == 1 ? "" : "s") a point; measured on \(results.unseen)"
            + (seeds > 1 ? "; small dots are seeds" : "")
            + (threads.isEmpty ? "" : "; ms(n): latency on n threads")
        return RowChart(
            title: results.title, subtitle: subtitle, axis: "Acc@0.5",
            columns: ["mean", "parameters", "GMAC"] + threads.map { "ms(\($0))" },
            rows: rows)
    }
}
