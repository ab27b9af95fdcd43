import Foundation
import Testing

/// `deixis-train score` and `train --int8` as a person uses them.
@Suite struct ScoreCommandTests {
    private static func ground(_ arguments: String...) throws -> Finished {
        try launch(products.appendingPathComponent("deixis").path, ["ground"] + arguments)
    }

    private static func trained(_ folder: String, _ more: String...) throws -> String {
        let run = folder + "/run\(more.count)"
        let done = try TrainCommandTests.train(
            ["train", "--config", "tiny", "--scenes", "--samples", "64", "--held-out", "8", "--out", run] + more)
        #expect(done.code == 0, "\(done.errors)")
        return run
    }

    @Test func aScoreFromTheRunToThePicture() throws {
        let folder = try makeFolder().path, scored = folder + "/scored", model = folder + "/model.onnx"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = try Self.trained(folder)
        let done = try TrainCommandTests.train("score", run, "--samples", "240", "--out", scored)
        #expect(done.code == 0 && done.output.contains("fitted on 144 samples"), "\(done.errors)")
        #expect(done.output.contains("calibration error") && done.output.contains("deixis-train export \(scored)"))
        for (checkpoint, path) in [(scored, model), (run, folder + "/plain.onnx")] {
            #expect(try TrainCommandTests.train("export", checkpoint, "--out", path).code == 0)
        }
        let made = try TrainCommandTests.train("scenes", "--count", "12", "--seed", "5", "--out", folder + "/a")
        #expect(made.code == 0)
        let picture = folder + "/a/images/000000.png"
        let text = try Self.ground(model, picture, "the red circle")
        #expect(text.output.contains(#/ score 0\.\d\d    /#), "\(text.output)")
        func json(_ model: String) throws -> [String: Any] {
            let found = try Self.ground(model, picture, "the red circle", "--json")
            return try #require(try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
        }
        let (with, without) = (try json(model), try json(folder + "/plain.onnx"))
        let score = try #require(with["score"] as? Double)
        #expect((0...1).contains(score) && without["score"] is NSNull)
        // The box is the same, to the bit.
        #expect(with["normalized_box"] as? [String: Double] == without["normalized_box"] as? [String: Double])

        let chart = folder + "/reliability.png"
        let judged = try TrainCommandTests.train(
            "evaluate", model, "--data", folder + "/a", "--reliability", chart, "--json")
        #expect(judged.code == 0, "\(judged.errors)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(judged.output.utf8)) as? [String: Any])
        let scores = try #require(report["score"] as? [String: Any])
        let bins = try #require(scores["bins"] as? [[String: Any]])
        #expect(bins.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == 12)
        #expect(try Data(contentsOf: URL(fileURLWithPath: chart)).count > 5000)

        // A run that begins with scored weights leaves the score behind.
        let next = try TrainCommandTests.train(
            "train", "--from", scored, "--scenes", "--samples", "32", "--held-out", "8", "--out", folder + "/next")
        #expect(next.code == 0, "\(next.errors)")
    }

    @Test func badInputIsOneClearLine() throws {
        let folder = try makeFolder().path, scored = folder + "/scored", plain = folder + "/plain.onnx"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = try Self.trained(folder)
        #expect(try TrainCommandTests.train("score", run, "--samples", "200", "--out", scored).code == 0)
        #expect(try TrainCommandTests.train("export", run, "--out", plain).code == 0)
        #expect(try TrainCommandTests.train("scenes", "--count", "3", "--seed", "5", "--out", folder + "/a").code == 0)
        func refused(_ arguments: String..., code: Int32, _ words: String) throws {
            let done = try TrainCommandTests.train(arguments)
            #expect(done.code == code && done.errors.contains(words), "\(done.code) \(done.errors)")
        }
        try refused(
            "evaluate", plain, "--data", folder + "/a", "--reliability", folder + "/r.png", code: 65,
            "\(plain): gives no score; `deixis-train score` adds one before `export`")
        try refused("score", scored, "--out", folder + "/again", code: 65, "scored: has a score")
        try refused("score", run, "--out", run + "/checkpoint", code: 64, "--out")
        try refused("score", run, "--samples", "100", "--out", folder + "/few", code: 64, "--samples")
        try refused(
            "score", run, "--data", folder + "/a", "--out", folder + "/few", code: 65,
            "samples is 3, but must be at least 200 for a score")
        try refused("score", run, "--seed", "1", "--out", folder + "/x", code: 64, "trained on; give another")
        try refused("score", folder + "/none", "--out", folder + "/x", code: 66, "none")
        try refused(
            "evaluate", plain, "--data", folder + "/a", folder + "/a", "--reliability", folder + "/r.png", code: 64,
            "--reliability is of one data set")
        for name in ["few", "again", "x", "r.png"] {
            #expect(!FileManager.default.fileExists(atPath: folder + "/" + name), "\(name)")
        }
    }

    @Test func trainsForInt8AndQuantizes() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try Self.trained(folder)
        let run = try Self.trained(folder, "--from", first, "--int8")
        let log = try String(contentsOfFile: run + "/log.jsonl", encoding: .utf8)
        #expect(log.contains("heldOutAccuracy"))
        let model = folder + "/model.onnx"
        #expect(try TrainCommandTests.train("export", run, "--out", model).code == 0)
        #expect(try TrainCommandTests.train("scenes", "--count", "8", "--seed", "5", "--out", folder + "/a").code == 0)
        let quantized = try launch(
            products.appendingPathComponent("deixis").path,
            [
                "quantize", model, "--data", folder + "/a", "--calibration", "4", "--no-gate", "--out",
                folder + "/int8.onnx",
            ]
        )
        #expect(quantized.code == 0, "\(quantized.errors)")
        #expect(quantized.errors.contains("trained for int8 as it is: no scales migrate"), "\(quantized.errors)")
        let refused = try TrainCommandTests.train(
            "train", "--from", first, "--int8", "--recompute", "--samples", "32", "--out", folder + "/both")
        #expect(refused.code == 65 && refused.errors.contains("int8Samples is 128, but must be null where the trunk"))
        let settled = try TrainCommandTests.train("train", "--resume", "--int8", "--out", run)
        #expect(settled.code == 64 && settled.errors.contains("--int8 is settled by the checkpoint"))
    }
}
