import Foundation
import Testing

/// Configurations and recipes as files, two stages, micro-batches: as a person runs them.
@Suite struct TrainSettingsTests {
    static func train(_ arguments: [String]) throws -> Finished {
        try launch(products.appendingPathComponent("deixis-train").path, arguments)
    }

    /// A batch far below the one that the recipe's rate is for is said to be so; a rate of one's own is not doubted.
    @Test func aRateForLargerBatchesIsDoubted() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func errors(_ name: String, _ more: [String]) throws -> String {
            let run = try Self.train(
                [
                    "train", "--config", "tiny", "--scenes", "--samples", "8", "--held-out", "0", "--out",
                    folder + "/" + name,
                ]
                    + more)
            #expect(run.code == 0, "\(run.errors)")
            return run.errors
        }
        let warning = "is for batches of 192. With 8 try --rate "
        #expect(try errors("a", ["--recipe", "paper", "--batch", "8"]).contains(warning))
        #expect(try !errors("b", ["--recipe", "paper", "--batch", "8", "--rate", "1e-5"]).contains("warning"))
        #expect(try !errors("c", ["--batch", "8", "--micro-batch", "2"]).contains("for batches of 192"))
    }

    /// What `describe --json` writes is a file that `--config` reads, for every name.
    @Test(arguments: ["paper-r50", "paper-r101", "small", "tiny"]) func describedConfigurationsReadBack(name: String)
        throws
    {
        let folder = try makeFolder(), file = folder.appendingPathComponent("c.json")
        defer { try? FileManager.default.removeItem(at: folder) }
        let described = try Self.train(["describe", name, "--json"])
        #expect(
            described.code == 0 && described.output.hasPrefix("{\n  \"version\": 1,\n  \"base\": \"\(name)\","),
            "\(described.errors)")
        try Data(described.output.utf8).write(to: file)
        #expect(try Self.train(["describe", file.path, "--json"]).output == described.output)
        #expect(
            try Self.train(["describe", file.path]).output.split(separator: "\n").dropLast()
                == Self.train(["describe", name]).output.split(separator: "\n").dropLast())
    }

    @Test(arguments: ["scenes", "paper", "pretrain", "finetune"]) func describedRecipesReadBack(name: String) throws {
        let folder = try makeFolder(), file = folder.appendingPathComponent("r.json")
        defer { try? FileManager.default.removeItem(at: folder) }
        let described = try Self.train(["describe", "--recipe", name, "--json"])
        #expect(described.code == 0, "\(described.errors)")
        try Data(described.output.utf8).write(to: file)
        #expect(try Self.train(["describe", "--recipe", file.path, "--json"]).output == described.output)
    }

    /// Files, options that win over them, a run that resumes, then a second stage from its weights.
    @Test func trainsInTwoStagesFromFiles() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, seed, count) in [("a", "9", "12"), ("b", "10", "8")] {
            #expect(
                try Self.train(["scenes", "--count", count, "--seed", seed, "--out", "\(folder)/\(name)"]).code == 0)
        }
        try Data(#"{"base": "tiny", "visual": {"stages": [4, 5], "frozenNorm": true}}"#.utf8).write(
            to: URL(fileURLWithPath: folder + "/c.json"))
        try Data(#"{"base": "pretrain", "epochs": 3, "batchSize": 10, "microBatch": 4, "loss": {"lambda": 0.5}}"#.utf8)
            .write(to: URL(fileURLWithPath: folder + "/r.json"))
        let first = try Self.train([
            "train", "--config", folder + "/c.json", "--recipe", folder + "/r.json", "--data", folder + "/a", "--data",
            folder + "/b", "--held-out", "0",
            "--epochs", "2", "--freeze", "visual.conv1", "--rate", "1e-3", "--rate", "language.*=0.5", "--out",
            folder + "/wide",
        ])
        #expect(first.code == 0, "\(first.errors)")
        #expect(
            first.errors.contains(
                "batch 10 = 3 micro-batches of 3 or 4; 2 steps per epoch of 20 samples, 4 steps in all"),
            "\(first.errors)")
        #expect(first.errors.contains("visual.conv1: frozen, 1 parameter of "), "\(first.errors)")
        #expect(first.errors.contains("language.*: rate x 0.5, 101 parameters of "), "\(first.errors)")
        let described = try Self.train(["describe", folder + "/wide/checkpoint", "--json"]).output
        #expect(described.contains("\"lambda\": 0.5") && described.contains("\"stages\": [4, 5]"))
        let recipe = try Self.train(["describe", "--recipe", folder + "/wide/checkpoint", "--json"]).output
        #expect(
            recipe.contains("\"epochs\": 2,") && recipe.contains("\"rate\": 0.001")
                && recipe.contains("\"rates\": {\"language.*\": 0.5}"))

        let resumed = try Self.train([
            "train", "--resume", "--epochs", "3", "--micro-batch", "5", "--out", folder + "/wide",
        ])
        #expect(resumed.code == 0 && resumed.errors.contains("batch 10 = 2 micro-batches of 5"), "\(resumed.errors)")
        let other = try Self.train(["train", "--resume", "--recipe", "paper", "--out", folder + "/wide"])
        #expect(other.code == 64 && other.errors.contains("--recipe is settled by the checkpoint"), "\(other.errors)")

        let second = try Self.train([
            "train", "--from", folder + "/wide", "--recipe", "finetune", "--data", folder + "/b", "--validation",
            folder + "/a", "--epochs", "1", "--batch",
            "4", "--out", folder + "/run",
        ])
        #expect(second.code == 0, "\(second.errors)")
        #expect(
            second.errors.contains("train on \(folder)/b: 8 sentences about 8 boxes of 8 pictures"), "\(second.errors)")
        #expect(
            second.errors.contains("\(folder)/wide/checkpoint: the weights after 6 steps, and "), "\(second.errors)")
        #expect(
            second.errors.contains("measured: ")
                && second.errors.contains("batch 4, in one piece; 2 steps per epoch of 8 samples"), "\(second.errors)")
        let evaluated = try Self.train(["export", folder + "/run", "--out", folder + "/m.onnx"])
        #expect(evaluated.code == 0, "\(evaluated.errors)")
    }

    @Test func mistakesAreNamed() throws {
        let folder = try makeFolder().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func file(_ name: String, _ text: String) throws -> String {
            try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
            return folder + "/" + name
        }
        let stranger = try file("a.json", "{\"base\": \"tiny\",\n \"visual\": {\"stage\": [4]}}"),
            future = try file("b.json", #"{"version": 7}"#)
        let value = try file("c.json", "{\"base\": \"paper\",\n\"batchSize\": -1}"),
            good = try file("d.json", #"{"base": "tiny"}"#)
        let cases: [([String], Int32, String)] = [
            (["--config", stranger], 65, "\(stranger):2: unknown key 'visual.stage'; did you mean 'visual.stages'?"),
            (["--config", future], 65, "\(future):1: version 7, this program reads versions 1 to 1"),
            (
                ["--config", folder + "/none.json"], 66,
                "\(folder)/none.json: cannot read it: No such file or directory"
            ),
            (["--config", good, "--recipe", value], 65, "\(value):2: batchSize is -1, but must be 1 to 65536"),
            (
                ["--config", good, "--recipe", "papers"], 65,
                "recipe is 'papers', but must be scenes, paper, pretrain, finetune or a JSON file"
            ),
            (
                ["--config", good, "--freeze", "nothing.*"], 64,
                "--freeze 'nothing.*' matches no parameter's name; the first is visual.conv1.weight"
            ),
            (["--config", good, "--rate", "visual=x"], 64, "The value 'visual=x' is invalid for '--rate <rate>'"),
            (["--config", good, "--rate", "1", "--rate", "2"], 64, "--rate gives more than one rate"),
            (["--config", good, "--micro-batch", "0"], 64, "--micro-batch is 0; expected 1 to 65536"),
            (["--samples", "3", "--epochs", "1"], 64, "--samples or --epochs, not both"),
            (["--from", folder + "/none"], 66, "\(folder)/none: cannot read: No such file or directory"),
            (["--from", "x", "--vocabulary", "v"], 64, "--from brings its vocabulary"),
            (["--from", "x", "--pretrained-visual", "v"], 64, "--from brings all weights"),
        ]
        for (arguments, code, message) in cases {
            let finished = try Self.train(["train", "--out", folder + "/run"] + arguments)
            #expect(
                finished.code == code && finished.errors.contains(message),
                "\(arguments): \(finished.code) \(finished.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/run/checkpoint"))
        }
        let neither = try Self.train(["describe"])
        #expect(neither.code == 64 && neither.errors.contains("name a configuration, or --recipe"), "\(neither.errors)")
    }
}
