import CAllocations
import Foundation
import Testing

@Suite struct TrainCommandTests {
    static func train(_ arguments: String...) throws -> Finished { try train(arguments) }

    static func train(_ arguments: [String]) throws -> Finished {
        try launch(products.appendingPathComponent("deixis-train").path, arguments)
    }

    /// Log lines without their times.
    static func losses(_ run: String) throws -> [String] {
        try String(contentsOfFile: run + "/log.jsonl", encoding: .utf8).split(separator: "\n").map { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return object.filter { !$0.key.hasPrefix("seconds") && $0.key != "samplesPerSecond" }.map {
                "\($0.key)=\($0.value)"
            }.sorted()
                .joined(separator: " ")
        }
    }

    @Test func trainsExportsAndEvaluates() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = folder + "/run", model = folder + "/model.onnx", scenes = folder + "/scenes"
        let trained = try Self.train(
            "train", "--config", "tiny", "--scenes", "--seed", "3", "--samples", "640", "--held-out", "32",
            "--evaluate-every", "10",
            "--out", run)
        #expect(trained.code == 0, "\(trained.errors)")
        #expect(trained.output.contains("Next: deixis-train export \(run)/checkpoint --out model.onnx"))
        #expect(
            trained.errors.contains("samples/s") && trained.errors.contains("sigma") && trained.errors.contains("left"))
        let exported = try Self.train("export", run, "--out", model)
        #expect(exported.code == 0 && exported.output.hasPrefix(model), "\(exported.errors)")
        let written = try Self.train("scenes", "--count", "20", "--seed", "9", "--out", scenes)
        #expect(written.code == 0, "\(written.errors)")
        let evaluated = try Self.train("evaluate", model, "--data", scenes, "--json")
        #expect(evaluated.code == 0, "\(evaluated.errors)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any])
        #expect(report["samples"] as? Int == 20 && report["rule"] as? String == "hit: IoU > 0.5")
        let kinds = try #require(report["kinds"] as? [String: [String: Any]])
        #expect(kinds.values.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == 20)
        let plotted = try Self.train(
            "plot", run + "/log.jsonl", "--out", folder + "/curves.png", "--width", "400", "--height", "300")
        #expect(plotted.code == 0, "\(plotted.errors)")
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: folder + "/curves.png")).prefix(4).elementsEqual([
                0x89, 0x50, 0x4E, 0x47,
            ]))
        // Runs by their folders, side by side; the log says how hard the samples were.
        let both = try Self.train("plot", run, run + "/log.jsonl", "--out", folder + "/both.png")
        #expect(
            both.code == 0 && both.output.contains("/log.jsonl, 640 samples")
                && both.output.components(separatedBy: " lines of ").count == 3, "\(both.errors)")
        let log = try String(contentsOfFile: run + "/log.jsonl", encoding: .utf8)
        #expect(log.contains("\"d0\":") && log.contains("\"d1\":"))
        let described = try Self.train("describe", run + "/checkpoint")
        #expect(described.code == 0 && described.output.contains("head.2"), "\(described.errors)")
        let found = try deixis("ground", model, scenes + "/images/000000.png", "the red circle", "--json")
        #expect(found.code == 0, "\(found.errors)")
    }

    /// The exported file in the runtime scores what the trainer said of its own weights, whatever was chosen.
    @Test(
        arguments: [
            #"{"base": "tiny"}"#,
            #"{"base": "tiny", "visual": {"down": "convolution", "up": "bilinear"}, "sharesProjections": true}"#,
            #"{"base": "tiny", "visual": {"positions": "none"}, "headLayers": 2, "loss": {"initialSigma": [2, 3]}}"#,
        ])
    func anExportedModelScoresWhatTheTrainerSaid(_ choices: String) throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let data = folder + "/data", run = folder + "/run", model = folder + "/model.onnx"
        #expect(try Self.train("scenes", "--count", "37", "--seed", "5", "--out", data).code == 0)
        let config = folder + "/my.json"
        try Data(choices.utf8).write(to: URL(fileURLWithPath: config))
        let trained = try Self.train(
            "train", "--config", config, "--data", data, "--validation", data, "--held-out", "37", "--samples", "320",
            "--evaluate-every", "5", "--out", run)
        #expect(trained.code == 0, "\(trained.errors)")
        func object(_ text: some StringProtocol) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }
        let lines = try String(contentsOfFile: run + "/log.jsonl", encoding: .utf8).split(separator: "\n")
        let said = try object(try #require(lines.last { $0.contains("heldOutMeanIoU") }))
        let step = try object(try #require(lines.last { $0.contains("gradientNorm") }))
        let seconds = try #require(step["seconds"] as? Double), waited = step["secondsWaitedForData"] as? Double
        #expect(waited.map { $0 >= 0 && $0 <= seconds } == true)
        #expect(try Self.train("export", run, "--out", model).code == 0)
        let evaluated = try Self.train("evaluate", model, "--data", data, "--json")
        #expect(evaluated.code == 0, "\(evaluated.errors)")
        let found = try object(evaluated.output)
        let iou = try #require(found["mean_iou"] as? Double), saidIoU = try #require(said["heldOutMeanIoU"] as? Double)
        #expect(found["samples"] as? Int == 37 && iou > 0.01)
        #expect(abs(iou - saidIoU) < 2e-6, "\(iou), the trainer said \(saidIoU)")
        #expect(found["accuracy"] as? Double == said["heldOutAccuracy"] as? Double)
    }

    /// kill -9 in the middle, then --resume: the log is that of a run that was never killed.
    @Test func aKilledRunGoesOnAsIfNothingHadHappened() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let options = [
            "--config", "tiny", "--scenes", "--samples", "3200", "--held-out", "16", "--evaluate-every", "25",
            "--threads", "1",
        ]
        let program = products.appendingPathComponent("deixis-train").path
        let whole = try launch(program, ["train", "--out", folder + "/whole"] + options)
        #expect(whole.code == 0, "\(whole.errors)")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["train", "--out", folder + "/killed", "--checkpoint-seconds", "0.05"] + options
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let log = folder + "/killed/log.jsonl"
        for _ in 0..<3000 where ((try? Data(contentsOf: URL(fileURLWithPath: log)).count) ?? 0) < 300 { usleep(10000) }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(FileManager.default.fileExists(atPath: folder + "/killed/checkpoint"))
        let resumed = try launch(program, ["train", "--resume", "--threads", "1", "--out", folder + "/killed"])
        #expect(resumed.code == 0, "\(resumed.errors)")
        let expected = try Self.losses(folder + "/whole"), got = try Self.losses(folder + "/killed")
        // Windows of the log are cut anew where a run goes on; evaluations and later windows are equal.
        #expect(expected.filter { $0.contains("heldOut") } == got.filter { $0.contains("heldOut") })
        #expect(expected.last == got.last)
    }

    @Test func interruptSavesAndSaysHowToGoOn() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = products.appendingPathComponent("deixis-train").path
        let script = """
            "\(program)" train --config tiny --scenes --samples 1000000 --held-out 0 --out "\(folder)/run" & pid=$!
            for i in $(seq 3000); do [ -s "\(folder)/run/log.jsonl" ] && break; sleep 0.01; done
            kill -INT $pid; wait $pid
            """
        // A shell without job control starts background programs with SIGINT ignored; bash -m does not.
        let stopped = try launch("/bin/bash", ["-m", "-c", script])
        #expect(stopped.code == 130, "\(stopped.errors)")
        #expect(stopped.output.contains("Go on with: deixis-train train --resume --out \(folder)/run"))
        #expect(FileManager.default.fileExists(atPath: folder + "/run/checkpoint"))
    }

    /// What `pretrain` writes is what `train --pretrained-visual` reads.
    @Test func pretrainsAndTrainsFromIt() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let weights = folder + "/visual.safetensors"
        let taught = try Self.train(
            "pretrain", "--config", "tiny", "--scenes", "--samples", "128", "--held-out", "32", "--evaluate-every", "2",
            "--out", weights)
        #expect(taught.code == 0, "\(taught.errors)")
        #expect(taught.output.contains("held-out cells   C3     C4     C5"))
        let log = try String(contentsOfFile: folder + "/visual.jsonl", encoding: .utf8)
        #expect(log.contains("heldOut") && log.split(separator: "\n").count >= 2)
        let trained = try Self.train(
            "train", "--config", "tiny", "--scenes", "--samples", "64", "--held-out", "0", "--pretrained-visual",
            weights, "--out", folder + "/run")
        #expect(trained.code == 0, "\(trained.errors)")
    }

    @Test func aCurriculumsUnknownFieldIsNamed() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/curriculum.json"
        try Data(#"{"stages": [{"until": 8, "settings": {"objectCount": []}}]}"#.utf8).write(
            to: URL(fileURLWithPath: file))
        let refused = try Self.train(
            "train", "--config", "tiny", "--scenes", "--curriculum", file, "--out", folder + "/run")
        #expect(refused.code == 65)
        #expect(
            refused.errors.contains("settings.objectCount") && refused.errors.contains("objectCounts"),
            "\(refused.errors)")
    }

    /// The quickstart's scenes: what is trained on, measured on and drawn.
    @Test func scenesFollowTheCurriculumsHeldOutOnes() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let curriculum = root.path + "/tools/quickstart-scenes.json"
        let drawn = try Self.train(
            "scenes", "--count", "60", "--seed", "5", "--curriculum", curriculum, "--out", folder)
        #expect(drawn.code == 0, "\(drawn.errors)")
        let lines = try String(contentsOfFile: folder + "/manifest.jsonl", encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 60 && lines.allSatisfy { $0.contains("\"attribute\"") || $0.contains("\"side\"") })
    }

    /// A network that has learned is timed on further scenes, and handed over with one of its batches.
    @Test func benchmarksWhatHasLearned() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for flags in [[], ["--keep-subnormals"]] {
            let timed = try launch(
                products.appendingPathComponent("deixis-train").path,
                [
                    "benchmark", "tiny", "--batch", "8", "--after-samples", "24", "--steps", "3", "--warm-up", "1",
                    "--hand-over", folder,
                ] + flags)
            #expect(timed.code == 0, "\(timed.errors)")
            let lines = try timed.output.split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(lines.count == 4 && lines.prefix(3).allSatisfy { $0["step_ms"] as? Double ?? 0 > 0 })
            #expect(lines[3]["after_samples"] as? Int == 24 && lines[3]["keeps_subnormals"] as? Bool == !flags.isEmpty)
        }
        let shape = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: folder + "/batch.json")))
                as? [String: Int])
        #expect(shape["batch"] == 8 && shape["side"] == 32)
        let length = try #require(shape["length"])
        for (name, bytes) in [
            ("images", 8 * 32 * 32 * 3), ("ids", 8 * length * 8), ("mask", 8 * length * 8), ("boxes", 8 * 4 * 4),
        ] {
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)).count == bytes, "\(name)")
        }
    }

    /// Memory is refused (here by a limit on addresses): a message that says what to do, and no crash.
    @Test(.enabled(if: allocations_are_counted(), "a sanitizer takes addresses beyond any limit"))
    func refusedMemoryIsSaid() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = products.appendingPathComponent("deixis-train").path
        let script =
            "ulimit -v 1500000; exec \"\(program)\" train --config small --scenes --batch 512 --threads 1 --out \"\(folder)/run\""
        let failed = try launch("/bin/bash", ["-c", script])
        #expect(failed.code == 71, "\(failed.errors)")
        #expect(
            failed.errors.contains("out of memory: the system refused") && failed.errors.contains("--batch"),
            "\(failed.errors)")
    }

    /// A disk that is full (here: files that may not grow) keeps the checkpoint before.
    @Test(.disabled(if: threads_are_sanitized(), "the thread sanitizer needs files of its own"))
    func failedSavingKeepsTheCheckpointBefore() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = products.appendingPathComponent("deixis-train").path
        let run = folder + "/run"
        let begun = try launch(
            program, ["train", "--config", "tiny", "--scenes", "--samples", "320", "--held-out", "0", "--out", run])
        #expect(begun.code == 0, "\(begun.errors)")
        let before = try Data(contentsOf: URL(fileURLWithPath: run + "/checkpoint"))
        let script = "trap '' XFSZ; ulimit -f 100; exec \"\(program)\" train --resume --samples 640 --out \"\(run)\""
        let failed = try launch("/bin/bash", ["-c", script])
        #expect(failed.code != 0)
        #expect(failed.errors.contains("checkpoint") && failed.errors.contains("File too large"), "\(failed.errors)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: run + "/checkpoint")) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: run).sorted() == ["checkpoint", "log.jsonl"])
    }

    /// A run is told which pictures it left out, found while it trained; without --skip-bad the first of them stops it.
    @Test func brokenPicturesAreLeftOutAndListed() throws {
        let folder = try makeFolder().path, data = folder + "/data"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try Self.train("scenes", "--count", "12", "--seed", "9", "--out", data).code == 0)
        let picture = URL(fileURLWithPath: data + "/images/000003.png")
        try Data(contentsOf: picture).prefix(400).write(to: picture)
        let options = [
            "train", "--config", "tiny", "--data", data, "--samples", "64", "--batch", "8", "--held-out", "0",
        ]
        let program = products.appendingPathComponent("deixis-train").path
        let stopped = try launch(program, options + ["--out", folder + "/stopped"])
        #expect(
            stopped.code == 65 && stopped.errors.contains("manifest.jsonl:4: image 'images/000003.png': "),
            "\(stopped.errors)")
        let run = try launch(program, options + ["--out", folder + "/run", "--skip-bad"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors.contains("left out: \(data)/manifest.jsonl:4: image 'images/000003.png': "), "\(run.errors)")
        #expect(run.errors.contains("1 samples with broken pictures left out"), "\(run.errors)")
        let model = folder + "/m.onnx"
        #expect(try Self.train("export", folder + "/run", "--out", model).code == 0)
        #expect(try Self.train("evaluate", model, "--data", data).code == 65)
        let evaluated = try Self.train("evaluate", model, "--data", data, "--skip-bad", "--json")
        #expect(
            evaluated.code == 0 && evaluated.errors.contains("left out: \(data)/manifest.jsonl:4: "),
            "\(evaluated.errors)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any])
        #expect(report["samples"] as? Int == 11 && report["skipped"] as? Int == 1)
    }

    /// A first checkpoint that cannot be written: nothing is said to be kept.
    @Test(.disabled(if: threads_are_sanitized(), "the thread sanitizer needs files of its own"))
    func aFailedFirstSavingClaimsNothing() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = products.appendingPathComponent("deixis-train").path
        let script = """
            trap '' XFSZ; ulimit -f 40; exec "\(program)" train --config tiny --scenes --samples 640 --held-out 0 --checkpoint-seconds 0.000001 --out "\(folder)/run"
            """
        let failed = try launch("/bin/bash", ["-c", script])
        #expect(failed.code == 74, "\(failed.errors)")
        #expect(
            failed.errors.contains("File too large; there is no checkpoint yet, training goes on"), "\(failed.errors)")
        #expect(!failed.errors.contains("is kept"))
        // A run that cannot write says so before it trains.
        try Data().write(to: URL(fileURLWithPath: folder + "/file"))
        let early = try Self.train(
            "train", "--config", "tiny", "--scenes", "--samples", "64", "--out", folder + "/file")
        #expect(
            early.code == 73
                && early.errors.contains("cannot make the folder \(folder)/file: something else has that name"),
            "\(early.errors)")
    }

    @Test func resumingKeepsToTheRun() throws {
        let folder = try makeFolder().path, run = folder + "/run"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(
            try Self.train("train", "--config", "tiny", "--scenes", "--samples", "64", "--held-out", "0", "--out", run)
                .code == 0)
        let before = try Data(contentsOf: URL(fileURLWithPath: run + "/checkpoint"))
        let other = try Self.train("train", "--resume", "--config", "small", "--out", run)
        #expect(other.code == 64)
        #expect(
            other.errors.hasPrefix(
                "deixis-train: --config small is settled by \(run)/checkpoint, a run of tiny; --resume goes on with the run as it was begun"
            ), "\(other.errors)")
        for options in [["--seed", "3"], ["--held-out", "3"], ["--pretrained-visual", "x"], ["--validation", "x"]] {
            let refused = try launch(
                products.appendingPathComponent("deixis-train").path, ["train", "--resume", "--out", run] + options)
            #expect(
                refused.code == 64 && refused.errors.contains("\(options[0]) is settled by the checkpoint"),
                "\(refused.errors)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: run + "/checkpoint")) == before)
        #expect(
            try Self.train("train", "--resume", "--config", "tiny", "--scenes", "--samples", "128", "--out", run).code
                == 0)
    }

    /// A result that does not arrive is a failure.
    @Test(arguments: ["describe tiny", "scenes --count 1 --contact-sheet X.png", "--help", "describe tiny --json"])
    func fullStandardOutputIsAnError(command: String) throws {
        let folder = try makeFolder().path
        let program = products.appendingPathComponent("deixis-train").path
        let failed = try launch("/bin/sh", ["-c", "cd '\(folder)'; '\(program)' \(command) > /dev/full"])
        #expect(
            failed.code == 74
                && failed.errors == "deixis-train: cannot write to standard output: No space left on device\n",
            "\(failed.errors)")
    }

    @Test(arguments: [
        (["train", "--out", "X"] + ["--scenes", "--data", "d"], "--scenes or --data, not both"),
        (
            ["train", "--out", "X", "--config", "huge"],
            "there is no configuration named huge; known are paper-r50, paper-r101, small, tiny"
        ),
        (["train", "--out", "X", "--data", "/nowhere"], "/nowhere: no manifest.jsonl in it"),
        (["train", "--out", "/nowhere", "--resume"], "/nowhere/checkpoint: cannot"),
        (["train", "--out", "X", "--rate", "nan"], "rate is nan, but must be"),
        (["export", "/nowhere/checkpoint", "--out", "X"], "/nowhere/checkpoint: cannot"),
        (["evaluate", "/nowhere.onnx", "--data", "/nowhere"], "/nowhere: no manifest.jsonl in it"),
        (["pretrain", "--config", "huge", "--out", "X"], "there is no configuration named huge"),
        (["plot", "/nowhere.jsonl", "--out", "X.png"], "/nowhere.jsonl: cannot read it: No such file or directory"),
        (["describe", "huge"], "there is no configuration named huge"),
        (["train", "--out", "X", "--threads", "5000"], "--threads is 5000; expected 1 to 1024"),
        (["pretrain", "--out", "X", "--threads", "5000"], "--threads is 5000; expected 1 to 1024"),
        (["train", "--out", "X", "--checkpoint-seconds", "nan"], "--checkpoint-seconds is nan; expected"),
        (["train", "--out", "X", "--rate", "visual"], "expected a number or PATTERN=FACTOR"),
        (["benchmark", "tiny", "--after-samples", "8", "--length", "9"], "--length is of made-up data"),
        (["scenes", "--count", "3", "--curriculum", "/nowhere", "--out", "X"], "there is no file '/nowhere'"),
        (["scenes", "--count", "3"], "say where to: --out DIR, --contact-sheet FILE.png, or both"),
        (["scenes", "--count", "0", "--out", "X"], "--count is 0; expected 1 to 10000000"),
        (["scenes", "--count", "99999999999999", "--out", "X"], "--count is 99999999999999; expected 1 to 10000000"),
        (
            ["pretrain", "--scenes", "--samples", "9223372036854775807", "--out", "X"],
            "--samples is 9223372036854775807; expected 1 to"
        ),
        (
            ["benchmark", "small", "--batch", "9223372036854775807"],
            "--batch is 9223372036854775807; expected 1 to 65536"
        ),
        (["benchmark", "small", "--length", "0"], "--length is 0; expected 1 to 4096"),
    ])
    func mistakesAreNamed(arguments: [String], message: String) throws {
        let finished = try launch(products.appendingPathComponent("deixis-train").path, arguments)
        #expect(finished.code != 0)
        #expect(finished.errors.contains(message), "\(finished.errors)")
        #expect(finished.output.isEmpty)
    }

    @Test(arguments: ["train", "pretrain", "evaluate", "export", "scenes", "describe", "plot", "study"])
    func helpTeaches(command: String) throws {
        let help = try Self.train(command, "--help")
        #expect(help.code == 0)
        // An example to copy, with the command's name.
        #expect(help.output.contains("  deixis-train \(command) "))
    }
}
