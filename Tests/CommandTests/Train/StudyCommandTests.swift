import DeixisImage
import DeixisInput
import Foundation
import Testing

/// `deixis-train study` as a person runs it, on networks that take milliseconds.
@Suite struct StudyCommandTests {
    /// A folder with `s.json`; `d` is the study's.
    struct World {
        let folder: String
        init() throws { folder = try makeFolder().path }

        var file: String { folder + "/s.json" }
        var out: String { folder + "/d" }
        func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: file)) }
        func study(_ more: String...) throws -> Finished {
            try TrainCommandTests.train(["study", file, "--out", out, "--threads", "1"] + more)
        }
        func text(_ name: String) throws -> String { try String(contentsOfFile: out + "/" + name, encoding: .utf8) }
        func remove() { try? FileManager.default.removeItem(atPath: folder) }

        /// What study.json says of a point.
        func point(_ name: String) throws -> [String: Any] {
            let data = try Data(contentsOf: URL(fileURLWithPath: out + "/study.json"))
            let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            let points = try #require(object["points"] as? [[String: Any]])
            return try #require(points.first { $0["name"] as? String == name })
        }
        func runs(_ name: String) throws -> [[String: Any]] { try #require(point(name)["runs"] as? [[String: Any]]) }
    }

    static func file(
        seeds: String = "[1, 2]", unseen: Int = 12, rate: String = "0.003", points: String
    ) -> String {
        """
        {"title": "Tiny ones", "config": "tiny", "seeds": \(seeds), "samples": 48, "unseen": \(unseen),
         "recipe": {"base": "scenes", "batchSize": 8, "heldOut": 8, "evaluateEvery": 4, "rate": \(rate)},
         "points": [\(points)]}
        """
    }

    /// Trains, exports, measures; goes on where something has changed, and only there.
    @Test func aStudyFromEndToEnd() throws {
        let world = try World()
        defer { world.remove() }
        let wrong = #"{"name": "wrong / heads", "config": {"groups": {"heads": 3}}}"#
        let plain = #"{"name": "as it is"}"#, alone = #"{"name": "C4", "config": {"visual": {"stages": [4]}}}"#
        try world.write(Self.file(points: "\(plain), \(wrong), \(alone)"))
        let first = try world.study()
        #expect(first.code == 0, "\(first.errors)")
        #expect(first.errors.contains("Tiny ones: 3 points, 2 seeds, 48 samples a run: 4 runs, 0 done before"))
        #expect(first.errors.contains("run 1 of 4  as it is, seed 1  step ") && first.errors.contains("  study left "))
        #expect(first.errors.contains("run 4 of 4  C4, seed 2: Acc@0.5 "))
        let reason = "wrong / heads: \(world.file):3: groups.heads is 3, but must be a divisor of the width 4"
        #expect(first.output.contains("failed:\n  \(reason)"), "\(first.output)")
        #expect(first.output.hasPrefix("point") && first.output.contains("2 of 2") && first.output.contains("by kind"))
        for name in ["as-it-is/seed-1", "as-it-is/seed-2", "c4/seed-1", "c4/seed-2"] {
            for file in ["checkpoint", "log.jsonl", "model.onnx"] {
                #expect(FileManager.default.fileExists(atPath: "\(world.out)/\(name)/\(file)"), "\(name)/\(file)")
            }
        }
        let markdown = try world.text("study.md")
        #expect(markdown.contains("| as it is | 0.") && markdown.contains("- \(reason)"), "\(markdown)")
        let picture = try RGBImage(contentsOf: world.out + "/study.png")
        #expect(picture.width == 1440 && picture.height > 200)
        let sizes = try ["as it is", "C4"].map { try #require(try world.point($0)["parameters"] as? Int) }
        #expect(sizes[1] < sizes[0])
        #expect(try (world.point("C4")["latencies"] as? [Any])?.isEmpty == false)

        // The same model on the same samples by hand.
        let scenes = world.folder + "/unseen"
        #expect(
            try TrainCommandTests.train("scenes", "--count", "12", "--seed", "1000001", "--out", scenes).code == 0)
        let evaluated = try TrainCommandTests.train(
            "evaluate", world.out + "/c4/seed-2/model.onnx", "--data", scenes, "--json")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any])
        let said = try world.runs("C4")[1]
        let iou = try #require(said["meanIoU"] as? Double), byHand = try #require(report["mean_iou"] as? Double)
        #expect(abs(iou - byHand) < 1e-6 && said["accuracy"] as? Double == report["accuracy"] as? Double)

        // Again: nothing to do. The runs' own files may be gone, as on another machine.
        try FileManager.default.removeItem(atPath: world.out + "/as-it-is")
        let again = try world.study("--skip-latency")
        #expect(again.code == 0 && again.errors.contains("4 runs, 4 done before"), "\(again.errors)")
        #expect(!again.errors.contains("run 1 of 4") && again.output == first.output)

        // A further seed, and a point of other settings, are run; a point that is left out keeps its results.
        let other = #"{"name": "C4", "config": {"visual": {"stages": [5]}}}"#
        try world.write(Self.file(seeds: "[1, 2, 3]", points: other))
        let changed = try world.study("--skip-latency")
        #expect(changed.code == 0, "\(changed.errors)")
        #expect(changed.errors.contains("C4, seed 1: its settings have changed since it was run; it is run again"))
        #expect(changed.errors.contains("c4/seed-2/checkpoint is of other settings: the run begins anew"))
        #expect(changed.errors.contains("3 runs, 0 done before") && changed.output.contains("3 of 3"))
        #expect(try world.runs("as it is").count == 2 && world.point("as it is")["listed"] as? Bool == false)

        // Other samples alone: the models are there, and nothing is trained.
        let checkpoint = world.out + "/c4/seed-1/log.jsonl"
        let log = try String(contentsOfFile: checkpoint, encoding: .utf8)
        try world.write(Self.file(seeds: "[1, 2, 3]", unseen: 9, points: other))
        let measured = try world.study("--skip-latency")
        #expect(measured.code == 0 && measured.errors.contains("the unseen samples have changed"), "\(measured.errors)")
        #expect(measured.errors.contains("of 9 unseen samples") && !measured.errors.contains("step 1/"))
        #expect(try String(contentsOfFile: checkpoint, encoding: .utf8) == log)

        // Tables from study.json alone.
        let before = try world.text("study.json")
        for name in ["study.md", "study.png"] { try FileManager.default.removeItem(atPath: world.out + "/" + name) }
        let table = try TrainCommandTests.train("study", "--table", "--out", world.out)
        #expect(table.code == 0 && table.output == measured.output, "\(table.errors)")
        #expect(try world.text("study.md").contains("| C4 | ") && world.text("study.json") == before)
        #expect(FileManager.default.fileExists(atPath: world.out + "/study.png"))
    }

    /// A run that fails is told; the others go on. Where all fail, that is the exit code.
    @Test func aFailingRunDoesNotStopTheOthers() throws {
        let world = try World()
        defer { world.remove() }
        let wild = #"{"name": "wild", "recipe": {"rate": 1e30, "maximumGradientNorm": null}}"#
        try world.write(Self.file(seeds: "[1]", points: wild + #", {"name": "tame"}"#))
        let mixed = try world.study("--skip-latency")
        #expect(mixed.code == 0, "\(mixed.errors)")
        #expect(mixed.output.contains("wild, seed 1: ") && mixed.output.contains("the loss is not finite"))
        #expect(mixed.output.contains("1 of 1") && mixed.output.contains("0 of 1"))
        try world.write(Self.file(seeds: "[1]", points: wild))
        let all = try world.study("--skip-latency")
        #expect(all.code == 65 && all.errors.contains("\(world.file): no run has succeeded"), "\(all.errors)")
        #expect(all.output.contains("the loss is not finite"))
    }

    /// Ctrl-C saves; the same command goes on from the checkpoint, with the losses of a run that was never stopped.
    @Test func anInterruptedStudyGoesOn() throws {
        let world = try World()
        defer { world.remove() }
        let point = #"{"name": "long", "recipe": {"samples": 4800, "heldOut": 0}}"#
        try world.write(Self.file(seeds: "[1]", points: point))
        let program = products.appendingPathComponent("deixis-train").path, log = world.out + "/long/seed-1/log.jsonl"
        let script = """
            "\(program)" study "\(world.file)" --out "\(world.out)" --threads 1 & pid=$!
            for i in $(seq 3000); do [ -s "\(log)" ] && break; sleep 0.01; done
            kill -INT $pid; wait $pid
            """
        let stopped = try launch("/bin/bash", ["-m", "-c", script])
        #expect(stopped.code == 130, "\(stopped.errors)")
        #expect(stopped.output.contains("Go on with: deixis-train study \(world.file) --out \(world.out)"))
        #expect(try world.runs("long").isEmpty)
        let before = try TrainCommandTests.losses(world.out + "/long/seed-1").count
        let resumed = try world.study("--skip-latency")
        #expect(resumed.code == 0 && !resumed.errors.contains("begins anew"), "\(resumed.errors)")
        #expect(!resumed.errors.contains("step 1/600"))
        let whole = try World()
        defer { whole.remove() }
        try whole.write(Self.file(seeds: "[1]", points: point))
        #expect(try whole.study("--skip-latency").code == 0)
        let (got, expected) = (
            try TrainCommandTests.losses(world.out + "/long/seed-1"),
            try TrainCommandTests.losses(whole.out + "/long/seed-1")
        )
        #expect(before < expected.count && got.last == expected.last)
        #expect(try world.runs("long")[0]["meanIoU"] as? Double == whole.runs("long")[0]["meanIoU"] as? Double)
    }

    /// The encoder is taught once; a point of another encoder says why it cannot start from it, or brings its own.
    @Test func theVisualEncoderIsTaughtFirst() throws {
        let world = try World()
        defer { world.remove() }
        func write(_ more: String = "") throws {
            let points = #"{"name": "a"}, {"name": "wider", "config": {"visual": {"stemChannels": 8}}}\#(more)"#
            let text = Self.file(seeds: "[1]", points: points)
            try world.write(
                text.replacing("\"recipe\"", with: "\"pretrain\": {\"samples\": 64, \"batchSize\": 8},\n\"recipe\""))
        }
        try write()
        let first = try world.study("--skip-latency")
        #expect(first.code == 0 && first.errors.contains("the visual encoder first, on 64 scenes"), "\(first.errors)")
        #expect(
            first.output.contains(
                "wider, seed 1: \(world.out)/visual.safetensors: tensor visual.conv1.weight has shape "),
            "\(first.output)")
        #expect(try world.text("study.md").contains("- visual encoder taught first: 64 scenes of seed 1"))
        let taught = world.out + "/visual.safetensors", date = try Self.modified(taught)
        try FileManager.default.copyItem(atPath: taught, toPath: world.folder + "/own.safetensors")
        try write(#", {"name": "b", "pretrainedVisual": "own.safetensors"}"#)
        let second = try world.study("--skip-latency")
        #expect(second.code == 0 && second.errors.contains("run 3 of 3  b, seed 1: Acc@0.5"), "\(second.errors)")
        #expect(try Self.modified(taught) == date && !second.errors.contains("the visual encoder first"))
        #expect(try world.runs("a")[0]["meanIoU"] as? Double == world.runs("b")[0]["meanIoU"] as? Double)
    }

    static func modified(_ path: String) throws -> Date? {
        try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    }

    /// One line each, before anything is trained or written.
    @Test func mistakesAreNamed() throws {
        let world = try World()
        defer { world.remove() }
        func refused(_ code: Int32, _ message: String, _ arguments: [String]? = nil) throws {
            let command = ["study"] + (arguments ?? [world.file, "--out", world.out])
            let finished = try TrainCommandTests.train(command)
            #expect(finished.code == code && finished.errors.contains(message), "\(finished.code) \(finished.errors)")
            #expect(finished.output.isEmpty)
        }
        try refused(66, "\(world.file): cannot read it: No such file or directory")
        try refused(64, "name a study's file, or --table for what is in --out", ["--out", world.out])
        try refused(66, "\(world.out)/study.json: cannot read it: No such file", ["--table", "--out", world.out])
        try world.write(Self.file(points: #"{"name": "a", "config": {"dropuot": 0.1}}"#))
        try refused(65, "\(world.file):3: unknown key 'dropuot'; did you mean 'dropout'?")
        #expect(!FileManager.default.fileExists(atPath: world.out))
        try world.write(Self.file(points: #"{"name": "a"}"#))
        try refused(73, "cannot make the folder \(world.file)/d: ", [world.file, "--out", world.file + "/d"])
        // Results that are damaged, or another study's, stay as they are.
        try FileManager.default.createDirectory(atPath: world.out, withIntermediateDirectories: true)
        let results = URL(fileURLWithPath: world.out + "/study.json")
        let damaged = Data("{\"version\": 1, \"title".utf8)
        try damaged.write(to: results)
        try refused(65, "\(world.out)/study.json:1: expected a closing quote")
        #expect(try Data(contentsOf: results) == damaged)
        try FileManager.default.removeItem(at: results)
        try FileManager.default.createSymbolicLink(at: results, withDestinationURL: URL(fileURLWithPath: world.file))
        try refused(64, "\(world.out)/study.json would replace \(world.file), which is read")
    }
}
