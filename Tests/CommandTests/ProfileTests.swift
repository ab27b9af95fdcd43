import DeixisGraph
import DeixisRuntime
import Foundation
import TestSupport
import Testing

@testable import deixis

/// The measured parts of `deixis profile`: limits, histogram, sensors, comparisons, and the files it writes.
@Suite struct ProfileTests {
    static func object(_ path: String) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
    }

    @Test func filesHoldWhatHelpPromises() throws {
        let model = try TinyModel.write(), folder = try makeFolder()
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
        let run = try deixis(
            "profile", model, "--runs", "9", "--threads", "2", "--callers", "3", "--json", path("p.json"), "--trace",
            path("t.json"), "--html", path("p.html"))
        #expect(run.code == 0, "\(run.errors)")
        for text in [
            "runs\n", "pack weights", "this machine at most, 2 threads: fp32 ", "share of peak: ", "9 rounds ",
            "3 callers of one session  ", "3 callers, each with a model of its own  ", "of peak", "limit",
            "memory planned: arena", "memory measured: anonymous", "energy: ", "temperature: ",
        ] {
            #expect(run.output.contains(text), "\(text) in \(run.output)")
        }
        let profile = try Self.object(path("p.json"))
        #expect(profile["format"] as? String == "deixis-profile" && profile["version"] as? Int == 1)
        #expect((profile["fingerprint"] as? String)?.count == 16)
        let histogram = try #require(profile["histogram"] as? [String: Any])
        #expect((histogram["counts"] as? [Int])?.reduce(0, +) == 9)
        let phases = try #require(profile["phases"] as? [[String: Any]])
        #expect(
            phases.map { $0["phase"] as? String } == [
                "map and read", "check", "portable passes", "specialize", "target passes", "pack weights", "plan",
                "first run",
            ])
        let load = try #require(profile["load_ms"] as? Double), first = try #require(profile["first_ms"] as? Double)
        #expect(abs(phases.compactMap { $0["ms"] as? Double }.reduce(0, +) - load - first) < 1e-6)
        let callers = try #require(profile["callers"] as? [String: Any])
        #expect(callers["count"] as? Int == 3 && callers["bytes_each"] as? Int ?? 0 > 0)
        let alone = try #require(callers["answers_per_s_alone"] as? [Double])
        #expect(alone.count == 9 && alone.allSatisfy { $0 > 0 })
        for way in ["shared", "own"] {
            let rates = try #require(callers["answers_per_s_\(way)"] as? [Double]),
                ratio = try #require(callers["ratio_\(way)"] as? Double)
            try #require(rates.count == 9)
            #expect(abs(zip(rates, alone).map { $0 / $1 }.sorted()[4] - ratio) < 1e-6 * ratio)
        }
        let peaks = try #require(profile["peaks"] as? [String: Any])
        for key in ["fp32_gmac_per_s", "int8_gmac_per_s", "memory_gb_per_s", "cache_gb_per_s"] {
            #expect((peaks[key] as? Double ?? 0) > 0.05)
        }
        #expect(try #require(profile["share_of_peak"] as? Double) > 0)
        let steps = try #require(profile["steps"] as? [[String: Any]])
        for step in steps {
            #expect(
                ["compute", "memory", "cache"].contains(step["limit"] as? String) && step["type"] as? String == "fp32")
            #expect(step["bytes"] as? Int ?? 0 > 0)
        }
        #expect(steps.contains { ($0["share_of_peak"] as? Double ?? 0) > 0 })

        // The trace: every step once, its tasks inside it, no two of a thread at once.
        let events = try #require(try Self.object(path("t.json"))["traceEvents"] as? [[String: Any]]).filter {
            $0["ph"] as? String == "X"
        }
        func span(_ event: [String: Any]) -> (begin: Double, end: Double) {
            let begin = event["ts"] as? Double ?? .nan
            return (begin, begin + (event["dur"] as? Double ?? .nan))
        }
        let whole = events.filter { $0["tid"] as? Int == 0 }
        #expect(whole.count == steps.count)
        #expect(
            whole.allSatisfy {
                ($0["args"] as? [String: Any])?["macs"] is Int && ($0["args"] as? [String: Any])?["kernel"] is String
            })
        for event in events where event["tid"] as? Int != 0 {
            let index = try #require((event["args"] as? [String: Any])?["step"] as? Int)
            let outer = span(whole[index]), inner = span(event)
            #expect(inner.begin >= outer.begin - 1e-3 && inner.end <= outer.end + 1e-3)
        }
        for track in 0...2 {
            let spans = events.filter { $0["tid"] as? Int == track }.map(span).sorted { $0.begin < $1.begin }
            for (a, b) in zip(spans, spans.dropFirst()) { #expect(a.end <= b.begin + 1e-3) }
        }

        // The page needs nothing from elsewhere.
        let page = try String(contentsOfFile: path("p.html"), encoding: .utf8)
        #expect(page.hasPrefix("<!doctype html>") && page.contains("<svg") && page.contains("Roofline"))
        for part in ["http:", "https:", "src=", "@import", "url("] { #expect(!page.contains(part), "\(part)") }
    }

    @Test func peaksCanBeLeftOut() throws {
        let run = try deixis("profile", try TinyModel.write(), "--runs", "1", "--no-peaks")
        #expect(run.code == 0 && !run.output.contains("share of peak"))
    }

    @Test func comparesProfiles() throws {
        let model = try TinyModel.write(), folder = try makeFolder()
        let other = try TinyModel.write("other.onnx") { graph in graph.nodes[0].name = "elsewhere" }
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
        for (file, name) in [(model, "a.json"), (other, "b.json")] {
            #expect(
                try deixis("profile", file, "--runs", "3", "--threads", "1", "--no-peaks", "--json", path(name)).code
                    == 0)
        }
        let measured = try deixis(
            "profile", model, "--runs", "3", "--threads", "1", "--no-peaks", "--compare", path("a.json"), "--steps")
        #expect(measured.code == 0, "\(measured.errors)")
        for text in ["before: \(model), 1 thread", "whole run", "p50", "operator (kernel)", "step ", "all "] {
            #expect(measured.output.contains(text), "\(text)")
        }
        #expect(!measured.output.contains("different models") && !measured.output.contains("conditions differ"))

        let same = try deixis("profile", path("a.json"), "--compare", path("a.json"))
        #expect(same.code == 0 && same.output.contains("0.0000"))
        let different = try deixis("profile", path("b.json"), "--compare", path("a.json"))
        #expect(
            different.code == 0 && different.output.contains("profiles of different models")
                && !different.output.contains("changed most"))
        let refused = try deixis("profile", path("b.json"), "--compare", path("a.json"), "--html", path("p.html"))
        #expect(
            refused.code == 64
                && refused.errors.contains("--json, --trace and --html need a model to measure, not a profile"))
        let slower = try deixis(
            "profile", model, "--runs", "3", "--threads", "2", "--no-peaks", "--compare", path("a.json"))
        #expect(slower.output.contains("The conditions differ"))
    }

    @Test func equalLabelsAreMatchedInOrder() {
        let rows = Comparison.match(
            [("a", 1), ("b", 2), ("a", 3), ("c", 4)], [("a", 5), ("d", 6), ("a", 7), ("a", 8)])
        #expect(
            rows == [
                .init(label: "a", before: 1, now: 5), .init(label: "d", before: nil, now: 6),
                .init(label: "a", before: 3, now: 7),
                .init(label: "a", before: nil, now: 8), .init(label: "b", before: 2, now: nil),
                .init(label: "c", before: 4, now: nil),
            ])
    }

    @Test func histogramsCountEveryRun() {
        let histogram = Histogram([1, 1, 1, 2, 3, 100], bins: 4)
        #expect(histogram.start == 1 && histogram.counts.reduce(0, +) == 6 && histogram.counts.last == 1)
        #expect(Histogram([5, 5, 5]).counts == [3])
        #expect(Histogram([5, 5, 5]).text == "5.000 ms  " + String(repeating: "█", count: 40) + " 3")
    }

    /// Peaks of 100 GMAC/s (fp32), 400 (int8), 10 GB/s from memory, 50 from the cache.
    @Test(arguments: [
        // 1 G MACs on 10 MB: arithmetic, at half of the peak.
        (1_000_000_000, 10_000_000, 0.02, false, Roofline.Side.compute, 0.5, 0.5),
        // In 8 bits the peak is four times as high.
        (1_000_000_000, 10_000_000, 0.02, true, .compute, 0.125, 0.125),
        // 1 MAC a byte at 5 GB/s: memory, half of it.
        (1_000_000, 1_000_000, 0.0002, false, .memory, 0.05, 0.5),
        // At 25 GB/s: cannot have come from memory.
        (1_000_000, 1_000_000, 0.00004, false, .cache, 0.25, 0.5),
        (0, 1_000_000, 0.0001, false, .memory, -1, 1),
    ])
    func stepsHaveALimit(
        macs: Int, bytes: Int, seconds: Double, isInt8: Bool, side: Roofline.Side, peak: Double, roof: Double
    ) {
        let peaks = Peaks(float: 100e9, int8: 400e9, memory: 10e9, cache: 50e9)
        let roofline = Roofline(macs: macs, bytes: bytes, seconds: seconds, isInt8: isInt8, peaks: peaks)
        #expect(
            roofline.side == side && abs((roofline.peakShare ?? -1) - peak) < 1e-9
                && abs(roofline.roofShare - roof) < 1e-9)
    }

    @Test func sensorsAreReadWhereThereAreSome() throws {
        let folder = try makeFolder()
        #expect(Sensors(root: folder.path).energy() == nil && Sensors(root: folder.path).temperature() == nil)
        func write(_ path: String, _ text: String) throws {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data((text + "\n").utf8).write(to: file)
        }
        try write("sys/class/powercap/intel-rapl:0/energy_uj", "9000000")
        try write("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "10000000")
        try write("sys/class/powercap/intel-rapl:0:0/energy_uj", "777")
        try write("sys/class/powercap/intel-rapl:1/energy_uj", "5")
        try write("sys/class/thermal/thermal_zone0/temp", "90000")
        try write("sys/class/thermal/thermal_zone0/type", "battery")
        try write("sys/class/hwmon/hwmon3/name", "k10temp")
        try write("sys/class/hwmon/hwmon3/temp1_input", "61500")
        let sensors = Sensors(root: folder.path)
        let before = try #require(sensors.energy())
        #expect(before.counters.count == 2)
        // The counter went once around.
        try write("sys/class/powercap/intel-rapl:0/energy_uj", "1000000")
        #expect(abs(try #require(sensors.energy()).joules(since: before) - 2) < 1e-9)
        #expect(sensors.temperature() == 61.5)
    }

    @Test(arguments: [
        (
            "{\"a\": [1, -2.5e1, true, null, \"\\u00e9\\ud83d\\ude00\\n\"]}",
            "{\n  \"a\": [1, -25.0, true, null, \"é😀\\n\"]\n}"
        ),
        (" [] ", "[]"),
    ])
    func readsJSON(text: String, expected: String) throws {
        #expect(try JSONParser.parse(Array(text.utf8)).text() == expected)
    }

    @Test(arguments: [
        ("", "line 1: expected a value"), ("{\n\"a\" 1}", "line 2: expected ':'"),
        ("[1 2]", "line 1: expected ',' or ']'"),
        ("{1: 2}", "line 1: expected a key in quotes"), ("[\"a", "line 1: expected a closing quote"),
        ("1 1", "line 1: expected the end"),
        ("[+1]", "line 1: expected a value"), ("[1.]", "line 1: expected a value"),
        ("\"\\x\"", "line 1: expected an escape"),
        (String(repeating: "[", count: 100), "line 1: expected at most 64 levels"),
        ("\"\\ud800\"", "line 1: expected a Unicode scalar"),
    ])
    func refusesWhatIsNotJSON(text: String, message: String) {
        do {
            _ = try JSONParser.parse(Array(text.utf8))
            Issue.record("no error")
        } catch {
            #expect(error.description == message)
        }
    }
}
