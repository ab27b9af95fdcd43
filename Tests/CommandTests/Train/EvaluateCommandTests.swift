import Foundation
import TestSupport
import Testing

/// `deixis-train evaluate` as a person sees it: several data sets, two models, a page of pictures.
@Suite struct EvaluateCommandTests {
    private static let bundled = QuantizeTests.bundled.path
    private static let model = bundled + "/small.int8.onnx"

    private func scenes(_ count: Int, _ folder: String) throws {
        let made = try TrainCommandTests.train("scenes", "--count", "\(count)", "--seed", "5", "--out", folder)
        #expect(made.code == 0, "\(made.errors)")
    }

    @Test func severalDataSetsTwoModelsAndAPage() throws {
        let folder = try makeFolder().path, page = folder + "/page.html"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try scenes(12, folder + "/a")
        try scenes(5, folder + "/b")
        let done = try TrainCommandTests.train(
            "evaluate", Self.model, "--against", Self.bundled + "/small.onnx", "--data", folder + "/a", folder + "/b",
            "--gallery", page, "--gallery-pictures", "2", "--json")
        #expect(done.code == 0, "\(done.errors)")
        let reports = try done.output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(reports.map { $0["samples"] as? Int } == [12, 5] && reports.map { $0["pictures"] as? Int } == [12, 5])
        let accuracy = try #require(reports[0]["accuracy"] as? Double)
        let low = try #require(reports[0]["accuracy_low"] as? Double)
        #expect(low > 0 && low < accuracy && (reports[0]["accuracy_at"] as? [String: Double])?["0.5"] == accuracy)
        let other = try #require(reports[0]["against"] as? [String: Any])
        let counts = ["both_hit", "only_this", "only_other", "neither"].compactMap { other[$0] as? Int }
        #expect(counts.count == 4 && counts.reduce(0, +) == 12)

        let html = try String(contentsOfFile: page, encoding: .utf8)
        #expect(html.hasSuffix("</html>\n") && html.contains("data:image/jpeg;base64,"))
        #expect(html.components(separatedBy: "<h2>").count == 3 && html.contains("class=\"other\""))
        // Two pictures a row at most; every figure has its frames.
        let rows = html.components(separatedBy: "<div class=\"cards\">").dropFirst().map {
            $0.components(separatedBy: "</div>")[0].components(separatedBy: "<figcaption>").count - 1
        }
        #expect(!rows.isEmpty && rows.allSatisfy { (1...2).contains($0) })
        #expect(html.components(separatedBy: "<rect class=\"truth\"").count - 1 == rows.reduce(0, +))

        let table = try TrainCommandTests.train("evaluate", Self.model, "--data", folder + "/b", "--at-least")
        #expect(table.code == 0 && table.output.contains("hit: IoU >= 0.5") && table.output.contains("95% interval"))
        #expect(table.output.contains("5 sentences about 5 pictures") && !table.output.contains("data set "))
    }

    @Test func aPageNeverReplacesWhatIsReadAndIsNotEmpty() throws {
        let folder = try makeFolder().path, data = folder + "/a"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try scenes(2, data)
        let manifest = data + "/manifest.jsonl"
        let refused = try TrainCommandTests.train("evaluate", Self.model, "--data", data, "--gallery", manifest)
        #expect(refused.code != 0 && refused.errors.contains("--gallery"), "\(refused.errors)")
        let nowhere = try TrainCommandTests.train(
            "evaluate", Self.model, "--data", data, "--gallery", folder + "/none/page.html")
        #expect(nowhere.code == 73 && nowhere.errors.contains("none/page.html"), "\(nowhere.errors)")
        // Every picture broken: no page, and said so.
        for name in try FileManager.default.contentsOfDirectory(atPath: data + "/images") {
            let picture = URL(fileURLWithPath: data + "/images/" + name)
            try Data(contentsOf: picture).prefix(300).write(to: picture)
        }
        let empty = try TrainCommandTests.train(
            "evaluate", Self.model, "--data", data, "--skip-bad", "--gallery", folder + "/page.html")
        #expect(empty.code == 65 && empty.output.isEmpty, "\(empty.output)")
        #expect(empty.errors.contains("manifest.jsonl: no sample is left: the pictures of all 2 are broken"))
        #expect(!FileManager.default.fileExists(atPath: folder + "/page.html"))
    }

    /// A data set without kinds is one group, which the table does not name.
    @Test func kindsMayBeUnknown() throws {
        let folder = try makeFolder().path, data = folder + "/a", page = folder + "/page.html"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try scenes(3, data)
        let manifest = URL(fileURLWithPath: data + "/manifest.jsonl")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        let plain = text.replacing(#/, *"kind": *"[^"]*"/#, with: "")
        #expect(plain != text)
        try Data(plain.utf8).write(to: manifest)
        let done = try TrainCommandTests.train("evaluate", Self.model, "--data", data, "--gallery", page)
        #expect(done.code == 0 && !done.output.contains("by kind"), "\(done.errors)")
        #expect(try String(contentsOfFile: page, encoding: .utf8).contains("all sentences"))
    }
}
