internal import DeixisGrounding
internal import DeixisImage
internal import DeixisInput
internal import Foundation

/// One self-contained page: what accuracy depends on, and for each kind of sentence the failures, near misses and hits,
/// worst first, with the box that was meant and the one that was found.
struct Gallery {
    let reports: [EvaluationReport]
    let datasets: [Dataset]
    /// Pictures a row.
    let most: Int

    /// Long side of a picture on the page.
    private static let side = 288
    /// IoU of a near miss: below what counts, not below this.
    private static let near = 0.3

    func html() throws -> String {
        var text = GalleryStyle.head(title: "Evaluation of \(reports[0].model)")
        text += "<h1>\(escaped(reports[0].model))</h1>"
        if let against = reports[0].against { text += "<p>against \(escaped(against))</p>" }
        text += """
            <p class="key"><span class="truth"></span>meant<span class="found"></span>found\
            \(reports[0].against == nil ? "" : "<span class=\"other\"></span>found by the other model")</p>
            """
        for (report, dataset) in zip(reports, datasets) where !report.samples.isEmpty {
            text += try section(report, dataset)
        }
        return text + "</html>\n"
    }

    private func section(_ report: EvaluationReport, _ dataset: Dataset) throws -> String {
        let summary = report.summary, interval = summary.all.interval
        var text = "<h2>\(escaped(report.data))</h2>"
        text += String(
            format: "<p><b>Acc@0.5 %.4f</b> (95%%: %.4f to %.4f; %d of %d sentences about %d pictures; %@), ",
            summary.all.accuracy, interval.lowerBound, interval.upperBound, summary.all.hits, summary.all.count,
            report.pictures.count, escaped("\(report.rule)"))
        text += String(
            format: "mean IoU %.4f, mean GIoU %.4f, %.2f ms a sentence (%d threads).</p>", summary.meanIoU,
            summary.meanGeneralizedIoU, report.meanLatency, report.threads)
        text += "<div class=\"charts\">"
        text +=
            GalleryBars("Accuracy at an IoU of", summary.thresholds.map { .init("\($0.threshold)", $0.accuracy) }).svg
        text += GalleryBars("The box's share of the picture", summary.sizes.map(GalleryBars.Bar.init)).svg
        text += GalleryBars("Words of the sentence", summary.lengths.map(GalleryBars.Bar.init)).svg
        if summary.kinds.contains(where: { !$0.name.isEmpty }) {
            text +=
                GalleryBars(
                    "Kind of sentence", summary.kinds.sorted { $0.accuracy < $1.accuracy }.map(GalleryBars.Bar.init)
                ).svg
        }
        text += "</div>"
        let cards = GalleryCards(report: report, dataset: dataset, side: Self.side)
        let samples = Array(zip(report.samples.indices, report.samples))
        if let comparison = report.comparison {
            text +=
                "<p>Hit by both \(comparison.bothHit), by this one alone \(comparison.onlyFirst), by the other alone "
            text += String(
                format:
                    "%d, by neither %d; mean IoU differs by %+.4f. "
                    + "By accident hits would differ so much with chance %.3f.</p>",
                comparison.onlySecond, comparison.neither, comparison.meanDifference, comparison.chance)
            for (title, alone) in [("Hit by the other model alone", false), ("Hit by this model alone", true)] {
                // Where the two are furthest apart comes first.
                let chosen = samples.filter { index, sample in
                    report.rule.isHit(sample.iou) == alone && report.rule.isHit(report.others[index].iou) != alone
                }.sorted { abs($0.1.iou - report.others[$0.0].iou) > abs($1.1.iou - report.others[$1.0].iou) }
                text += try cards.row(title, chosen.map(\.0), most: most, order: "furthest apart first")
            }
        }
        // The kinds that are hardest come first.
        for kind in summary.kinds.sorted(by: { $0.accuracy < $1.accuracy }) {
            let members = samples.filter { $0.1.kind == kind.name }.sorted { $0.1.iou < $1.1.iou }
            let name = kind.name.isEmpty ? (summary.kinds.count > 1 ? "(no kind)" : "all sentences") : kind.name
            text += String(format: "<h3>%@ <small>%.3f of %d</small></h3>", escaped(name), kind.accuracy, kind.count)
            let misses = members.filter { !report.rule.isHit($0.1.iou) }
            text += try cards.row("Failures", misses.filter { $0.1.iou < Self.near }.map(\.0), most: most)
            text += try cards.row("Near misses", misses.filter { $0.1.iou >= Self.near }.map(\.0), most: most)
            text += try cards.row("Hits", members.filter { report.rule.isHit($0.1.iou) }.map(\.0), most: most)
        }
        return text
    }
}

/// Rows of pictures with boxes over them.
struct GalleryCards {
    let report: EvaluationReport
    let dataset: Dataset
    let side: Int

    /// The first `most` of the samples at `positions`; nothing where there are none.
    func row(
        _ title: String, _ positions: [Int], most: Int, order: String = "worst first"
    ) throws -> String {
        guard !positions.isEmpty else { return "" }
        let shown = positions.count > most ? "\(most) of \(positions.count), \(order)" : "\(positions.count)"
        return "<h4>\(title) <small>\(shown)</small></h4><div class=\"cards\">"
            + (try positions.prefix(most).map(card).joined()) + "</div>"
    }

    private func card(_ position: Int) throws -> String {
        let sample = report.samples[position], sentence = escaped(sample.sentence)
        // A picture that has gone meanwhile does not cost the page.
        guard let image = try? DatasetSource(dataset).sample(sample.index).image else {
            return "<figure><figcaption>\(sentence)<br><small>the picture is gone</small></figcaption></figure>"
        }
        let small = image.scaled(toLongSide: side)
        let jpeg = Data(try small.encodedJPEG(quality: 80)).base64EncodedString()
        // Each side was rounded on its own.
        let scale = (
            x: Double(small.width) / Double(image.width), y: Double(small.height) / Double(image.height)
        )
        func frame(_ box: PixelBox, _ style: String) -> String {
            guard [box.x, box.y, box.width, box.height].allSatisfy(\.isFinite) else { return "" }
            return String(
                format: "<rect class=\"%@\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", style,
                box.x * scale.x, box.y * scale.y, box.width * scale.x, box.height * scale.y)
        }
        var boxes = frame(sample.truth, "truth")
        var caption = String(format: "IoU %.2f", sample.iou)
        if let score = sample.score { caption += String(format: ", score %.2f", score) }
        if report.against != nil {
            boxes += frame(report.others[position].found, "other")
            caption += String(format: ", the other %.2f", report.others[position].iou)
        }
        boxes += frame(sample.found, "found")
        return """
            <figure><svg viewBox="0 0 \(small.width) \(small.height)" width="\(small.width)" role="img" \
            aria-label="\(sentence)"><image href="data:image/jpeg;base64,\(jpeg)" width="\(small.width)" \
            height="\(small.height)"/>\(boxes)</svg>\
            <figcaption>\(sentence)<br><small>\(caption), sample \(sample.index)</small></figcaption></figure>
            """
    }
}

/// Shares as horizontal bars, with the 95% interval where it is known.
struct GalleryBars {
    struct Bar {
        var name: String
        var value: Double
        var interval: ClosedRange<Double>?
        var count: Int?
        init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }
        init(_ group: EvaluationSummary.Group) {
            (name, value) = (group.name.isEmpty ? "(no kind)" : group.name, group.accuracy)
            (interval, count) = (group.interval, group.count)
        }
    }
    let title: String
    let bars: [Bar]
    init(_ title: String, _ bars: [Bar]) { (self.title, self.bars) = (title, bars) }

    private func shortened(_ name: String) -> String { name.count <= 18 ? name : name.prefix(17) + "…" }

    var svg: String {
        var text =
            "<figure><svg viewBox=\"0 0 420 \(bars.count * 22 + 26)\" width=\"420\" role=\"img\" "
            + "aria-label=\"\(escaped(title))\">"
        text += "<text x=\"0\" y=\"14\" class=\"title\">\(escaped(title))</text>"
        for (i, bar) in bars.enumerated() {
            let y = Double(i * 22 + 24)
            text += "<text x=\"116\" y=\"\(y + 14)\" text-anchor=\"end\">\(escaped(shortened(bar.name)))"
            text += "<title>\(escaped(bar.name))</title></text>"
            text += String(
                format: "<rect class=\"bar\" x=\"124\" y=\"%.0f\" width=\"%.1f\" height=\"15\" rx=\"2\"/>", y + 2,
                bar.value * 200)
            if let interval = bar.interval {
                text += String(
                    format: "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", 124 + interval.lowerBound * 200,
                    124 + interval.upperBound * 200, y + 9.5, y + 9.5)
            }
            text += String(
                format: "<text x=\"332\" y=\"%.0f\">%.3f%@</text>", y + 14, bar.value,
                bar.count.map { " of \($0)" } ?? "")
        }
        return text + "</svg></figure>"
    }
}

/// How the page looks.
enum GalleryStyle {
    static func head(title: String) -> String {
        """
        <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>\(escaped(title))</title>
        <style>
        body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#1c2430}
        h1{font-size:1.35rem}h2{font-size:1.15rem;margin-top:2.5rem}
        h3{font-size:1.05rem;margin:2rem 0 0}h4{margin:.8rem 0 .3rem}
        small{color:#6a7482;font-weight:400}figure{margin:0}.charts,.cards{display:flex;flex-wrap:wrap;gap:1rem}
        .cards figure{max-width:18rem}svg text{font:12px system-ui,sans-serif;fill:#3a4658}svg .title{font-weight:600}
        .bar{fill:#3b6fd4}line{stroke:#1c2430;stroke-width:1.5}
        rect.truth,rect.found,rect.other{fill:none;stroke-width:2.5}
        rect.truth{stroke:#12a15b}rect.found{stroke:#ec1c5c}rect.other{stroke:#f08c00;stroke-dasharray:5 3}
        .key span{display:inline-block;width:1.1em;height:.8em;border:2.5px solid;margin:0 .4em 0 1.2em}
        .key .truth{border-color:#12a15b}.key .found{border-color:#ec1c5c}.key .other{border:2.5px dashed #f08c00}
        @media(prefers-color-scheme:dark){body{background:#12161c;color:#e6eaf0}
        svg text{fill:#b8c2cf}line{stroke:#e6eaf0}}
        </style>

        """
    }
}

func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
        .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
}
