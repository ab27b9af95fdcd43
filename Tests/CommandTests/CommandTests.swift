import DeixisGraph
import DeixisImage
import DeixisInput
import DeixisModel
import Foundation
import TestSupport
import Testing

@testable import deixis

/// The commands as the help text promises them, on a model worked out by hand.
@Suite struct CommandTests {
    static func picture() throws -> (path: String, image: RGBImage) {
        var image = RGBImage(width: 60, height: 40, color: RGB(30, 90, 160))
        for y in 0..<40 { for x in 0..<60 { image[x, y].red = UInt8(x * 4) } }
        let path = try makeFolder().appendingPathComponent("picture.png").path
        try image.write(to: path)
        return (path, image)
    }

    @Test func groundPrintsTheBox() throws {
        let model = try TinyModel.write(), (path, image) = try Self.picture()
        let found = try GroundingModel(path: model).ground(image, "red mug")
        let text = try deixis("ground", model, path, "red mug", "--threads", "1")
        #expect(text.code == 0 && text.errors.isEmpty, "\(text.errors)")
        let words = text.output.split(separator: " ")
        let box = [found.box.x, found.box.y, found.box.width, found.box.height]
        #expect(words.prefix(4).map(String.init) == box.map { fixed($0, 1) })
        #expect(text.output.hasSuffix(" ms\n"))

        let annotated = try makeFolder().appendingPathComponent("found.png").path
        let json = try deixis("ground", model, path, "red mug", "--json", "--annotated", annotated)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let numbers = try #require(object["box"] as? [String: Double])
        for (key, value) in zip(["x", "y", "width", "height"], box) {
            #expect(abs((numbers[key] ?? -1) - value) < 1e-3)
        }
        #expect(object["tokens"] as? Int == 4 && object["sentence"] as? String == "red mug")
        #expect(object["tokens_unknown"] as? Int == 0 && json.errors.isEmpty)
        let drawn = try RGBImage(contentsOf: annotated)
        #expect(drawn.width == 60 && drawn.height == 40 && drawn != image)
    }

    @Test func unknownWordsAreSaid() throws {
        let model = try TinyModel.write(), (path, _) = try Self.picture()
        let some = try deixis("ground", model, path, "Zebra mug quux zebra", "--json")
        #expect(
            some.code == 0 && some.errors == "deixis: warning: not in the model's vocabulary: 'zebra', 'quux'\n",
            "\(some.errors)")
        #expect(some.output.contains("\"tokens\": 6, \"tokens_dropped\": 0, \"tokens_unknown\": 3"), "\(some.output)")
        let all = try deixis("ground", model, path, "zebra quux")
        #expect(all.code == 0)
        #expect(
            all.errors
                == "deixis: warning: not in the model's vocabulary: 'zebra', 'quux'; nothing else was asked, so the box means nothing\n"
        )
    }

    @Test func severalAnswersAreJSONLines() throws {
        let model = try TinyModel.write(), (path, _) = try Self.picture()
        let run = try deixis("ground", model, path, "red", "mug", "red mug", "--json")
        #expect(run.code == 0)
        let lines = run.output.split(separator: "\n")
        let objects = try lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(objects.map { $0["sentence"] as? String } == ["red", "mug", "red mug"])
        #expect(objects.map { $0["tokens"] as? Int } == [3, 3, 4])
    }

    @Test func groundAsksSeveralSentences() throws {
        let model = try TinyModel.write(), (path, image) = try Self.picture(),
            sentences = ["red mug", "mug", "red mug"]
        let run = try deixis("ground", model, path, sentences[0], sentences[1], sentences[2])
        #expect(run.code == 0 && run.errors.hasPrefix("looked at \(path) in "), "\(run.errors)")
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 3)
        for (line, sentence) in zip(lines, sentences) {
            let box = try GroundingModel(path: model).ground(image, sentence).box
            #expect(
                line.hasPrefix([box.x, box.y, box.width, box.height].map { fixed($0, 1) }.joined(separator: " "))
                    && line.hasSuffix(sentence))
        }
        #expect(try deixis("ground", model, path, "mug", "red", "--annotated", "x.png").code == 64)
    }

    @Test func runTakesAndGivesNumPyFiles() throws {
        let model = try TinyModel.write()
        let folder = try makeFolder()
        func save(_ name: String, _ array: NumPyArray) throws -> String {
            let path = folder.appendingPathComponent(name + ".npy").path
            try Data(array.encoded()).write(to: URL(fileURLWithPath: path))
            return "\(name)=\(path)"
        }
        let ids: [Int64] = [2, 5, 6, 4, 3, 2, 4, 3, 0, 0], mask: [Int64] = [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]
        let pixels = (0..<2 * 3072).map { UInt8(truncatingIfNeeded: $0 * 13 + $0 / 3072 * 50) }
        let out = folder.appendingPathComponent("a/b").path
        let run = try deixis(
            "run", model, "--output-dir", out,
            "--input",
            try save(
                "attention_mask", NumPyArray(type: .int64, shape: [2, 5], bytes: mask.withUnsafeBytes(Array.init))),
            "--input",
            try save("token_ids", NumPyArray(type: .int64, shape: [2, 5], bytes: ids.withUnsafeBytes(Array.init))),
            "--input", try save("image", NumPyArray(type: .uint8, shape: [2, 32, 32, 3], bytes: pixels)))
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output == "\(out)/box.npy: box float32 [2, 4]\n")
        let box = try NumPyArray(file: [UInt8](try Data(contentsOf: URL(fileURLWithPath: out + "/box.npy"))))
        #expect(box.shape == [2, 4] && box.type == .float32)
        let got = box.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        let expected =
            TinyModel.expected(ids: Array(ids[0..<5]), square: Array(pixels[0..<3072]))
            + TinyModel.expected(ids: Array(ids[5..<8]), square: Array(pixels[3072...]))
        for (a, b) in zip(got, expected) { #expect(abs(Double(a) - b) < 1e-5) }
    }

    @Test func profileMeasures() throws {
        let model = try TinyModel.write()
        let file = try makeFolder().appendingPathComponent("profile.json").path
        let run = try deixis(
            "profile", model, "--runs", "7", "--threads", "1", "--dim", "length=4", "--json", file, "--steps")
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.contains("dimensions batch=1 length=4") && run.output.contains("operator (kernel)"))
        #expect(run.output.contains("image uint8 [1, 32, 32, 3] (made up)"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file))) as? [String: Any])
        let times = try ["min_ms", "p50_ms", "p90_ms", "p99_ms"].map { try #require(object[$0] as? Double) }
        #expect(times == times.sorted() && times[0] > 0)
        #expect(try #require(object["load_ms"] as? Double) > 0)
        #expect(try #require(object["first_ms"] as? Double) > 0)
        #expect(object["runs"] as? Int == 7 && object["threads"] as? Int == 1)
        let steps = try #require(object["steps"] as? [[String: Any]])
        #expect(steps.count > 3)
        #expect(abs(steps.compactMap { $0["share"] as? Double }.reduce(0, +) - 1) < 1e-6)
        let memory = try #require(object["memory"] as? [String: Int])
        #expect((memory["arena_bytes"] ?? 0) >= 3072 * 4 && (memory["anonymous_bytes"] ?? 0) > 0)
    }

    @Test func benchWorkerObeys() throws {
        let model = try TinyModel.write(), folder = try makeFolder()
        func save(_ name: String, _ bytes: [UInt8]) throws -> String {
            let path = folder.appendingPathComponent(name).path
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return path
        }
        let pixels = (0..<3072).map { UInt8(truncatingIfNeeded: $0 * 13) }
        let image = try save("image.npy", NumPyArray(type: .uint8, shape: [1, 32, 32, 3], bytes: pixels).encoded())
        let mask = try save("mask.npy", NumPyFixture.int64([1, 3], [1, 1, 1]))
        let ids = try save("ids.npy", NumPyFixture.int64([1, 3], [2, 5, 3])),
            other = try save("other.npy", NumPyFixture.int64([1, 3], [2, 6, 3]))
        let inputs = ["image=\(image)", "token_ids=\(ids)", "attention_mask=\(mask)"].map { "--input '\($0)'" }.joined(
            separator: " ")
        let program = products.appendingPathComponent("deixis").path
        func obey(_ orders: String) throws -> Finished {
            let path = try save("orders", Array(orders.utf8))
            return try launch(
                "/bin/sh",
                ["-c", "'\(program)' bench-worker '\(model)' \(inputs) --other 'token_ids=\(other)' < '\(path)'"])
        }
        let run = try obey("run 3\nmemory\nalternate 1\noutput \(folder.path)/out\nquit\nrun 9\n")
        #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
        let answers = try run.output.split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
        }
        #expect(
            answers.map { $0.keys.sorted() } == [
                ["first_ms", "load_ms", "memory", "memory_before", "threads"], ["ns"], ["memory"], ["ns"], ["outputs"],
            ])
        #expect((answers[1]["ns"] as? [Int])?.count == 3 && (answers[3]["ns"] as? [Int])?.count == 1)
        // One alternation leaves the other sentence in place.
        let box = try NumPyArray(file: [UInt8](try Data(contentsOf: folder.appendingPathComponent("out/box.npy"))))
        let got = box.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        for (a, b) in zip(got, TinyModel.expected(ids: [2, 6, 3], square: pixels)) {
            #expect(abs(Double(a) - b) < 1e-5)
        }
        let wrong = try obey("dance\n")
        #expect(
            wrong.code == 64
                && wrong.errors == "deixis: 'dance': expected run N, alternate N, memory, output DIR or quit\n")
    }

    @Test func inspectShowsEveryStage() throws {
        let model = try TinyModel.write()
        let summary = try deixis("inspect", model)
        #expect(summary.code == 0)
        for text in [
            "opset 17, written by deixis-tests", "token_ids int64[batch, length]", "deixis.vocabulary", "parameters in",
            "MatMul", " MACs in ",
        ] {
            #expect(summary.output.contains(text), "\(text) in \(summary.output)")
        }
        for stage in ["read", "portable", "target", "plan"] {
            let listing = try deixis("inspect", model, "--stage", stage)
            #expect(listing.code == 0 && listing.output.contains("Gather"), "\(stage): \(listing.errors)")
        }
        #expect(try deixis("inspect", model, "--stage", "target", "--dim", "length=9").output.contains("int64[1, 9]"))
    }

    @Test func helpTeaches() throws {
        let all = try deixis("--help")
        #expect(all.code == 0 && all.errors.isEmpty)
        for word in ["ground", "run", "profile", "inspect", "EXAMPLES", "EXIT CODES"] {
            #expect(all.output.contains(word))
        }
        for command in ["ground", "run", "profile", "inspect"] {
            let help = try deixis(command, "--help")
            #expect(help.code == 0 && help.output.contains("deixis \(command) "), "\(help.output)")
        }
        #expect(try deixis("--version").output == "0.1.0\n")
    }

    @Test func outputNamesAreSafeAndUnique() {
        #expect(
            outputFileNames(["y", "a/b:0", "a_b_0", "../x", "", "Y", ".."].map { Name($0) })
                == ["y.npy", "a_b_0.npy", "a_b_0_2.npy", "_._x.npy", "output.npy", "Y_2.npy", "_..npy"])
    }

    @Test(arguments: [
        (0, 1, "0.0"), (1.25, 1, "1.3"), (-0.04, 1, "0.0"), (-3.14159, 3, "-3.142"), (12, 0, "12"),
        (.infinity, 2, "inf"),
    ])
    func numbersAsText(value: Double, digits: Int, text: String) {
        #expect(fixed(value, digits) == text)
    }

    @Test func percentilesAreNearestRanks() {
        let times = Percentiles([5, 1, 4, 2, 3, 6, 7, 8, 9, 10])
        #expect(
            times.minimum == 1 && times(50) == 5 && times(90) == 9 && times(99) == 10 && times(0) == 1
                && times.maximum == 10)
    }
}
