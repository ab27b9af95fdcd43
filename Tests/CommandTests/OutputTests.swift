import CAllocations
import DeixisExport
import DeixisImage
import DeixisInput
import Foundation
import TestSupport
import Testing

/// No command replaces what it reads, whatever the file is called; and what cannot be written is said before the work.
@Suite struct OutputTests {
    /// A model, a picture, a small data set and two of the model's inputs in a folder of their own, with other names
    /// for the model.
    struct World {
        let folder: URL
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

        init() throws {
            folder = try makeFolder()
            try ONNXFile.write(try TinyModel.graph(), to: path("m.onnx"))
            try FileManager.default.createSymbolicLink(atPath: path("soft.onnx"), withDestinationPath: "m.onnx")
            try FileManager.default.linkItem(atPath: path("m.onnx"), toPath: path("hard.onnx"))
            try RGBImage(width: 40, height: 30, color: RGB(200, 10, 10)).write(to: path("p.png"))
            let line = #"{"image": "p.png", "sentence": "red mug", "box": [1, 2, 30, 20]}"#
            try Data((line + "\n" + line + "\n").utf8).write(to: URL(fileURLWithPath: path("manifest.jsonl")))
            try Data(NumPyFixture.int64([1, 3], [2, 4, 3])).write(to: URL(fileURLWithPath: path("ids.npy")))
            try Data(WeightsBeside.model.bytes).write(to: URL(fileURLWithPath: path("beside.onnx")))
            try Data(WeightsBeside.weights).write(to: URL(fileURLWithPath: path("beside.bin")))
            try Data(NumPyFixture.header("<f4", "(2,)") + [UInt8](repeating: 0, count: 8)).write(
                to: URL(fileURLWithPath: path("x.npy")))
            try FileManager.default.createSymbolicLink(atPath: path("y.npy"), withDestinationPath: "x.npy")
        }

        /// All bytes of all files.
        func contents() throws -> [String: Data] {
            var all: [String: Data] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
                all[name] = try Data(contentsOf: folder.appendingPathComponent(name))
            }
            return all
        }
    }

    /// `@` stands for the folder. The file that would be replaced, as the message names it: `what is read` or a path.
    @Test(arguments: [
        ("compile @m.onnx --out @m.onnx", "--out @m.onnx would replace what is read"),
        ("compile @m.onnx --out @soft.onnx", "--out @soft.onnx would replace @m.onnx, which is read"),
        ("compile @m.onnx --out @hard.onnx", "--out @hard.onnx would replace @m.onnx, which is read"),
        ("compile @soft.onnx --out @m.onnx", "--out @m.onnx would replace @soft.onnx, which is read"),
        ("compile @beside.onnx --out @beside.bin", "--out @beside.bin would replace what is read"),
        ("compile @m.onnx --out -", "--out -: expected the name of a file; a file of that name is ./-"),
        ("quantize @m.onnx --data @ --no-gate --out @m.onnx", "--out @m.onnx would replace what is read"),
        (
            "quantize @m.onnx --data @ --no-gate --out @hard.onnx",
            "--out @hard.onnx would replace @m.onnx, which is read"
        ),
        (
            "quantize @m.onnx --data @ --no-gate --out @manifest.jsonl",
            "--out @manifest.jsonl would replace @/manifest.jsonl, which is read"
        ),
        (
            "quantize @m.onnx --data @ --no-gate --out @q.onnx --report @p.png",
            "--report @p.png would replace @/p.png, which is read"
        ),
        (
            "quantize @m.onnx --data @ --no-gate --out @q.onnx --report @q.onnx",
            "--report @q.onnx is the file that --out writes"
        ),
        ("ground @m.onnx @p.png mug --annotated @p.png", "--annotated @p.png would replace what is read"),
        (
            "ground @m.onnx @p.png mug --annotated @soft.onnx",
            "--annotated @soft.onnx would replace @m.onnx, which is read"
        ),
        ("profile @m.onnx --runs 1 --json @m.onnx", "--json @m.onnx would replace what is read"),
        ("profile @m.onnx --runs 1 --trace @t.json --html @t.json", "--html @t.json is the file that --trace writes"),
        (
            "profile @m.onnx --runs 1 --input token_ids=@ids.npy --html @ids.npy",
            "--html @ids.npy would replace what is read"
        ),
        (
            "run @beside.onnx --input x=@x.npy --output-dir @",
            "--output-dir: its file @/y.npy would replace @x.npy, which is read"
        ),
    ]) func anInputIsNotReplaced(arguments: String, message: String) throws {
        let world = try World(), before = try world.contents()
        defer { try? FileManager.default.removeItem(at: world.folder) }
        func fill(_ text: String) -> String {
            text.replacingOccurrences(of: "@/", with: world.folder.path + "//").replacingOccurrences(
                of: "@", with: world.folder.path + "/")
        }
        let words = arguments.split(separator: " ").map { fill(String($0)) }
        let run = try launch(products.appendingPathComponent("deixis").path, words)
        #expect(run.code == 64 && run.output.isEmpty, "\(run.code) \(run.output)")
        #expect(
            run.errors.hasPrefix((words[0] == "quantize" ? "deixis quantize: " : "deixis: ") + fill(message)),
            "\(run.errors)")
        #expect(try world.contents() == before)
    }

    @Test(arguments: [
        ("plot @log.png --out @log.png", "--out @log.png would replace what is read"),
        ("export @run --out @run/checkpoint", "--out @run/checkpoint would replace what is read"),
        ("export @run/checkpoint --out @link", "--out @link would replace @run/checkpoint, which is read"),
        ("pretrain --config tiny --out @visual.jsonl", "the log (--log) @visual.jsonl is the file that --out writes"),
        (
            "train --config tiny --data @ --vocabulary @run/log.jsonl --out @run",
            "--out: its file @run/log.jsonl would replace what is read"
        ),
        (
            "scenes --count 2 --out @set --contact-sheet @set/images/000001.png",
            "--out: its file @set/images/000001.png is the file that --contact-sheet writes"
        ),
        ("scenes --count 1 --contact-sheet -", "--contact-sheet -: expected the name of a file"),
    ]) func theTrainerKeepsItsInputs(arguments: String, message: String) throws {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        func fill(_ text: String) -> String { text.replacingOccurrences(of: "@", with: folder.path + "/") }
        for name in ["@run", "@set/images"] {
            try FileManager.default.createDirectory(atPath: fill(name), withIntermediateDirectories: true)
        }
        for name in ["@log.png", "@run/checkpoint", "@run/log.jsonl"] {
            try Data("old".utf8).write(to: URL(fileURLWithPath: fill(name)))
        }
        try FileManager.default.createSymbolicLink(atPath: fill("@link"), withDestinationPath: "run/checkpoint")
        let run = try launch(
            products.appendingPathComponent("deixis-train").path,
            arguments.split(separator: " ").map { fill(String($0)) })
        #expect(run.code == 64 && run.output.isEmpty, "\(run.code) \(run.output)")
        #expect(run.errors.hasPrefix("deixis-train: " + fill(message)), "\(run.errors)")
        for name in ["@log.png", "@run/checkpoint", "@run/log.jsonl"] {
            #expect(try String(contentsOfFile: fill(name), encoding: .utf8) == "old")
        }
    }

    /// What cannot be written is said at once, in words, and with a code for scripts.
    @Test(
        arguments: [
            ("compile @m.onnx --out @no/such", 73, "cannot write @no/such: No such file or directory"),
            ("compile @m.onnx --out @", 73, "cannot write @: it is a folder"),
            ("compile @m.onnx --out /dev/full", 73, "cannot write /dev/full: it is not a regular file"),
            (
                "quantize @m.onnx --data @ --no-gate --out @no/such", 73,
                "cannot write @no/such: No such file or directory"
            ),
            (
                "quantize @m.onnx --data @ --no-gate --out @q.onnx --report @no/such", 73,
                "cannot write @no/such: No such file or directory"
            ),
            ("quantize @m.onnx --data @ --no-gate --out @q.onnx --report @", 73, "cannot write @: it is a folder"),
            (
                "profile @m.onnx --runs 1 --no-peaks --json /dev/full", 74,
                "cannot write /dev/full: No space left on device"
            ),
            (
                "run @beside.onnx --input x=@x.npy --output-dir @p.png", 73,
                "cannot make the folder @p.png: something else has that name"
            ),
            (
                "inspect @lost.onnx", 66,
                "cannot read @lost.bin, which holds weights of @lost.onnx: No such file or directory"
            ),
            (
                "ground @lost.onnx @p.png mug", 66,
                "cannot read @lost.bin, which holds weights of @lost.onnx: No such file or directory"
            ),
        ] as [(String, Int32, String)]) func whatCannotBeWrittenOrReadIsNamed(
            arguments: String, code: Int32, message: String
        ) throws
    {
        let world = try World()
        defer { try? FileManager.default.removeItem(at: world.folder) }
        try Data(WeightsBeside.lost.bytes).write(to: URL(fileURLWithPath: world.path("lost.onnx")))
        let before = try world.contents()
        func fill(_ text: String) -> String { text.replacingOccurrences(of: "@", with: world.folder.path + "/") }
        let words = arguments.split(separator: " ").map { fill(String($0)) }
        let run = try launch(products.appendingPathComponent("deixis").path, words)
        #expect(run.code == code, "\(run.errors)")
        #expect(run.errors == (words[0] == "quantize" ? "deixis quantize: " : "deixis: ") + fill(message) + "\n")
        #expect(try world.contents() == before)
    }

    /// A disk that is full on the way (here: files that may not grow) keeps the old file.
    @Test(.disabled(if: threads_are_sanitized(), "the thread sanitizer needs files of its own"))
    func anOldCompiledFileStaysUntilTheNewOneIsGood() throws {
        let world = try World(), program = products.appendingPathComponent("deixis").path
        defer { try? FileManager.default.removeItem(at: world.folder) }
        try Data("old".utf8).write(to: URL(fileURLWithPath: world.path("out")))
        let before = try world.contents()
        let script =
            "ulimit -f 1; exec '\(program)' compile '\(world.path("m.onnx"))' --out '\(world.path("out"))'"
        let failed = try launch("/bin/bash", ["-c", script])
        #expect(failed.code == 74 && failed.errors.contains("\(world.path("out")): "), "\(failed.errors)")
        #expect(failed.errors.contains("File too large"), "\(failed.errors)")
        #expect(try world.contents() == before)
    }

    /// A link is written through: it stays a link.
    @Test func aLinkStaysALink() throws {
        let world = try World()
        defer { try? FileManager.default.removeItem(at: world.folder) }
        try FileManager.default.createSymbolicLink(atPath: world.path("out"), withDestinationPath: "real.deixis")
        let run = try deixis("compile", world.path("m.onnx"), "--out", world.path("out"))
        #expect(run.code == 0, "\(run.errors)")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: world.path("out")) == "real.deixis")
        #expect(try deixis("ground", world.path("real.deixis"), world.path("p.png"), "mug").code == 0)
    }
}

/// y = x + w with w in a file of its own, in protobuf's wire format by hand.
struct WeightsBeside {
    let bytes: [UInt8]

    static let model = WeightsBeside("beside.bin"), lost = WeightsBeside("lost.bin")
    static let weights = [UInt8](repeating: 0, count: 8)

    init(_ location: String) {
        func field(_ number: UInt8, _ body: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(body.count)] + body }
        func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
        func integer(_ number: UInt8, _ value: UInt8) -> [UInt8] { [number << 3, value] }
        func value(_ name: String) -> [UInt8] {
            text(1, name) + field(2, field(1, integer(1, 1) + field(2, field(1, integer(1, 2)))))
        }
        let node = text(1, "x") + text(1, "w") + text(2, "y") + text(4, "Add")
        let place = text(1, "location") + text(2, location)
        // data_location is field 14, external_data 13: keys of one byte.
        let weights = integer(1, 2) + integer(2, 1) + text(8, "w") + field(13, place) + integer(14, 1)
        let graph = field(1, node) + text(2, "g") + field(5, weights) + field(11, value("x")) + field(12, value("y"))
        bytes = integer(1, 8) + field(7, graph) + field(8, integer(2, 17))
    }
}
