@testable import DeixisGrounding
import Testing

@Suite struct StudyResultsTests {
    static func run(_ seed: UInt64, _ accuracy: Double?, settings: String = "s", _ problem: String? = nil)
        -> StudyResults.Run
    {
        var run = StudyResults.Run()
        (run.seed, run.settings, run.unseenSettings, run.seconds) = (seed, settings, "u", 12)
        (run.accuracy, run.meanIoU, run.problem) = (accuracy, accuracy.map { $0 - 0.1 }, problem)
        guard let accuracy else { return run }
        for (name, hits) in [("attribute", Int(accuracy * 100)), ("side", 50)] {
            var kind = StudyResults.Kind()
            (kind.name, kind.count, kind.hits) = (name, 100, hits)
            run.kinds.append(kind)
        }
        return run
    }

    static func results() -> StudyResults {
        var results = StudyResults()
        (results.title, results.command, results.network, results.data) = (
            "Two | three", "deixis-train study a.json --out d", "small", "generated scenes"
        )
        (results.length, results.seeds, results.unseen) = ("60 samples", [1, 2], "200 generated scenes")
        (results.unseenSettings, results.processor, results.measured) = ("u", "A CPU", "2026-11-29")
        for (name, runs) in [
            ("first", [run(1, 0.5), run(2, 0.7)]), ("a|b", [run(1, 0.625), run(2, nil, "disk full\nmore")]),
            ("never", []), ("old", [run(1, 0.9, settings: "before"), run(7, 0.9)]),
        ] {
            var point = StudyResults.Point()
            (point.name, point.folder, point.settings, point.runs) = (name, name, "s", runs)
            results.points.append(point)
        }
        results.points[0].parameters = 2_820_000
        results.points[0].multiplyAdds = 121_400_000
        results.points[0].latencies = [.init(threads: 1, milliseconds: 2.456), .init(threads: 2, milliseconds: 12.34)]
        results.points[1].parameters = 9_500
        results.points[2].problem = "dropout is 2, but must be below 1"
        return results
    }

    @Test func meansAndDeviations() throws {
        #expect(Spread([]) == nil)
        let one = try #require(Spread([0.25]))
        #expect(one.mean == 0.25 && one.deviation == nil && one.count == 1)
        // Of a sample: 4 over 2, not over 3.
        let three = try #require(Spread([1, 3, 5]))
        #expect(three.mean == 3 && three.deviation == 2)
        #expect(Spread([0.5, 0.5])?.deviation == 0)
    }

    @Test func theFileReadsBack() throws {
        let folder = try Folder(), path = folder.path + "/study.json"
        let results = Self.results()
        try results.write(to: path)
        #expect(try StudyResults(file: path) == results)
        try folder.write("{\"version\": 1,\n\"title\": 3}", "study.json")
        let damaged = ConfigurationFileTests.message { _ = try StudyResults(file: path) }
        #expect(damaged.hasSuffix("study.json:2: expected a string for 'title', found a number"), "\(damaged)")
        try folder.write("{\"version\": 1, \"title\": \"x\"}", "study.json")
        let partial = ConfigurationFileTests.message { _ = try StudyResults(file: path) }
        #expect(partial.contains("study.json:1: expected key 'command'"), "\(partial)")
    }

    /// Runs of other seeds and of settings before the present ones do not count.
    @Test func onlyWhatBelongsCounts() {
        let results = Self.results()
        #expect(results.points.map { results.runs(of: $0).count } == [2, 2, 0, 0] && results.successCount == 3)
        var point = results.points[0]
        point.set(Self.run(2, 0.75))
        #expect(point.runs.map(\.seed) == [1, 2] && point.runs[1].accuracy == 0.75)
    }

    @Test func theTableForATerminal() {
        let lines = StudyTable(Self.results()).text.split(separator: "\n", omittingEmptySubsequences: false)
        let expected = """
            point         Acc@0.5     runs        mean IoU   parameters    GMAC   ms, 1 thread   ms, 2 threads
            first   0.600 ± 0.141   2 of 2   0.500 ± 0.141       2.82 M   0.121           2.46            12.3
            a|b             0.625   1 of 2           0.525        9.5 k       -              -               -
            never               -   0 of 2               -            -       -              -               -
            old                 -   0 of 2               -            -       -              -               -

            Acc@0.5 by kind
            point       attribute            side
            first   0.600 ± 0.141   0.500 ± 0.000
            a|b             0.620           0.500

            failed:
              a|b, seed 2: disk full
              never: dropout is 2, but must be below 1
            """
        #expect(lines.joined(separator: "\n") == expected)
    }

    @Test func theTableAsMarkdown() {
        let text = StudyTable(Self.results()).markdown
        #expect(text.hasPrefix("# Two | three\n\n| point | Acc@0.5 | runs |"))
        #expect(text.contains("\n| a\\|b | 0.625 | 1 of 2 | 0.525 | 9.5 k | - | - | - |\n"))
        #expect(text.contains("\n| Acc@0.5 of | attribute (100) | side (100) |\n|---|---:|---:|\n"))
        // Of 200 samples, at 0.5: Wilson's interval is 0.069 to both sides.
        #expect(text.contains("moves one run by ± 0.069 (95%)"))
        #expect(text.contains("- a|b, seed 2: disk full\n") && text.contains("    deixis-train study a.json --out d\n"))
        #expect(text.contains("- latency: A CPU, 2026-11-29\n") && !text.contains("taught first"))
    }

    /// A study's file says which points there are; what was found of others is kept, and so is what still holds.
    @Test func resultsFollowTheFile() throws {
        let study = try StudyFileTests.read(
            """
            {"title": "Two", "config": "tiny", "seeds": [4],
             "points": [{"name": "new"}, {"name": "first"}, {"name": "bad", "config": {"dropout": 3}}]}
            """
        )
        var results = Self.results()
        let other = ConfigurationFileTests.message { try results.adopt(study, path: "d/study.json") }
        #expect(
            other.hasPrefix("d/study.json: cannot go on with it: it holds the study 'Two | three', and "), "\(other)")
        results.title = "Two"
        try results.adopt(study, path: "d/study.json")
        #expect(results.points.map(\.name) == ["new", "first", "bad", "a|b", "never", "old"])
        #expect(results.listed.map(\.name) == ["new", "first", "bad"] && results.seeds == [4])
        #expect(results.points[1].runs.count == 2 && results.points[1].parameters == nil)
        #expect(results.points[1].latencies.isEmpty)
        #expect(results.points[2].problem?.hasSuffix("dropout is 3.0, but must be 0 or more, below 1") == true)
        #expect(results.unseenSettings == study.unseen.settings && results.runs(of: results.points[1]).isEmpty)
    }
}
