import CAllocations
import DeixisExport
import DeixisGraph
import DeixisImage
import DeixisInput
import Foundation
import TestSupport
import Testing

/// A table: what a person may hand over by mistake -> exit code, and words that tell what to do about it.
@Suite struct BadInputTests {
    /// Files made once for all cases.
    struct World {
        let folder: URL
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

        init() throws {
            folder = try makeFolder()
            func model(_ name: String, _ spoil: (inout Graph) -> Void = { _ in }) throws {
                var graph = try TinyModel.graph()
                spoil(&graph)
                try ONNXFile.write(graph, to: path(name))
            }
            func file(_ name: String, _ bytes: [UInt8]) throws {
                try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
            }
            try model("good.onnx")
            try model("plain.onnx") { $0.metadata = [] }
            try model("old.onnx") { $0.opset = 5 }
            try model("odd.onnx") { $0.nodes[0].op = "Frobnicate" }
            try model("foreign.onnx") { $0.nodes[0].domain = "com.example" }
            try model("nan.onnx") { graph in
                for (id, constant) in graph.constants where graph[id].name == "mix" {
                    graph.constants[id] = Constant(
                        .float32, constant.shape, [Float](repeating: .nan, count: constant.count))
                }
            }
            func extents(_ graph: inout Graph, _ shape: [DeixisGraph.Dimension]) {
                for id in graph.inputs where graph[id].type?.element == .uint8 { graph[id].type?.shape = shape }
            }
            try model("vast.onnx") { extents(&$0, [.fixed(1), .fixed(1 << 19), .fixed(1 << 19), .fixed(3)]) }
            try model("large.onnx") { extents(&$0, [.fixed(1), .fixed(1 << 14), .fixed(1 << 14), .fixed(3)]) }
            try file(
                "pointer.onnx", Array("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".utf8))
            let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path("good.onnx"))))
            try file("empty.onnx", [])
            try file("half.onnx", Array(good[..<(good.count / 2)]))
            try file("text.onnx", Array("Once upon a time\n".utf8))
            try file("text.png", Array("Once upon a time\n".utf8))
            try file("empty.png", [])
            let picture = RGBImage(width: 40, height: 30, color: RGB(200, 10, 10))
            try picture.write(to: path("good.png"))
            let png = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path("good.png"))))
            try file("half.png", Array(png[..<(png.count / 2)]))
            guard mkfifo(path("pipe.png"), 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
            try file("ids.npy", NumPyFixture.int64([1, 3], [2, 4, 3]))
            try file("ids4.npy", NumPyFixture.int64([1, 4], [2, 4, 5, 3]))
            try file("image.npy", NumPyFixture.header("|u1", "(1, 32, 32, 3)") + [UInt8](repeating: 9, count: 3072))
            try file("list.json", Array("[1, 2]\n".utf8))
            try file("future.json", Array("{\"format\": \"deixis-profile\", \"version\": 9}\n".utf8))
            try file("damaged.json", Array("{\"format\": \"deixis-profile\", \"version\": 1, \"model\": 3}\n".utf8))
            try file("short.npy", NumPyFixture.header("<i8", "(1, 3)") + [1, 2])
        }
    }

    static let world = Result { try World() }

    struct Case: Sendable, CustomTestStringConvertible {
        let arguments: String
        let code: Int32
        let message: String
        var testDescription: String { arguments }
    }

    /// In arguments `@` stands for the folder; `~` for a space inside one argument. `message` is how standard error
    /// must go on after `deixis: `, or, after `...`, what it must hold.
    static let cases: [Case] = [
        // Arguments.
        Case(arguments: "frob", code: 64, message: "...Unexpected argument 'frob'"),
        Case(arguments: "ground @good.onnx @good.png", code: 64, message: "...Missing expected argument '<sentence>'"),
        Case(arguments: "ground @good.onnx @good.png mug --threads -1", code: 64, message: "...--threads"),
        Case(
            arguments: "ground @good.onnx @good.png mug --threads 2000", code: 64,
            message: "--threads is 2000; expected 0 to 1024"),
        Case(
            arguments: "ground @good.onnx @good.png mug --isa mmx", code: 64,
            message: "...instruction set 'mmx' is unknown"),
        Case(
            arguments: "ground @good.onnx @good.png mug --annotated @x.gif", code: 64,
            message: "--annotated @x.gif: expected a name ending in .png, .jpg or .jpeg"),
        Case(arguments: "profile @good.onnx --runs 0", code: 64, message: "--runs is 0; expected 1 to 1000000"),
        Case(
            arguments: "profile @good.onnx --dim length", code: 64,
            message: "--dim 'length': expected NAME=N with N at least 1"),
        Case(
            arguments: "profile @good.onnx --dim width=3", code: 64,
            message: "--dim width: the model's inputs have no such dimension; they have 'batch', 'length'"),
        Case(arguments: "inspect @good.onnx --stage late", code: 64, message: "...'late' is invalid"),
        Case(
            arguments: "run @good.onnx --input ids.npy --output-dir @out", code: 64,
            message: "--input 'ids.npy': expected NAME=FILE.npy"),
        // Models.
        Case(
            arguments: "ground @none.onnx @good.png mug", code: 66,
            message: "cannot read @none.onnx: No such file or directory"),
        Case(arguments: "inspect @", code: 66, message: "cannot read @: Is a directory"),
        Case(arguments: "inspect @empty.onnx", code: 65, message: "@empty.onnx: the file is empty"),
        Case(
            arguments: "ground @half.onnx @good.png mug", code: 65,
            message: "@half.onnx: not an ONNX file, or a damaged one: "),
        Case(arguments: "profile @text.onnx", code: 65, message: "@text.onnx: not an ONNX file, or a damaged one: "),
        Case(
            arguments: "run @good.png --output-dir @out", code: 65,
            message: "@good.png: not an ONNX file, or a damaged one: "),
        Case(arguments: "profile @old.onnx", code: 65, message: "@old.onnx: opset 5 is not supported, only 6 to "),
        Case(
            arguments: "profile @pointer.onnx", code: 65,
            message: "@pointer.onnx: a Git LFS pointer, not the file itself; `git lfs pull` fetches it"),
        Case(
            arguments: "profile @large.onnx --dim length=4", code: 65,
            message:
                "input 'image' of shape [1, 16384, 16384, 3] is too large to be made up (134217728 elements for all inputs)"
        ),
        Case(
            arguments: "profile @vast.onnx --dim length=4", code: 65,
            message:
                "input 'image' of shape [1, 524288, 524288, 3] is too large to be made up (134217728 elements for all inputs)"
        ),
        Case(
            arguments: "profile @odd.onnx", code: 65,
            message: "@odd.onnx: operator Frobnicate of node 'weights' is not supported"),
        Case(
            arguments: "profile @foreign.onnx", code: 65,
            message: "@foreign.onnx: operator com.example.Cast of node 'weights' is not supported"),
        Case(
            arguments: "ground @plain.onnx @good.png mug", code: 65,
            message: "@plain.onnx: the model's metadata has no 'deixis.format'; was it written by deixis-train export?"),
        Case(
            arguments: "ground @nan.onnx @good.png mug", code: 65,
            message: "@nan.onnx: the model's box is not a number; are there NaNs among its weights?"),
        // Pictures and sentences.
        Case(
            arguments: "ground @good.onnx @none.png mug", code: 66,
            message: "@none.png: cannot be read: No such file or directory"),
        Case(
            arguments: "ground @good.onnx @empty.png mug", code: 65,
            message: "@empty.png: the file is empty; expected a JPEG or PNG picture"),
        Case(arguments: "ground @good.onnx @text.png mug", code: 65, message: "@text.png: "),
        Case(
            arguments: "ground @good.onnx @half.png mug", code: 65,
            message: "@half.png: the PNG ends too early; the file is incomplete"),
        Case(
            arguments: "ground @good.onnx @good.png ~", code: 65,
            message: "the sentence is empty; say what to look for, e.g. \"the red mug\""),
        Case(
            arguments: "ground @good.onnx @good.png mug --annotated @no/such/folder.png", code: 73,
            message: "@no/such/folder.png: cannot be written: No such file or directory"),
        Case(
            arguments: "ground @good.onnx @good.png mug --annotated @pipe.png", code: 73,
            message: "@pipe.png: cannot be written: it is not a regular file"),
        // Arrays.
        Case(
            arguments: "run @good.onnx --input token_ids=@none.npy --output-dir @out", code: 66,
            message: "cannot read @none.npy: No such file or directory"),
        Case(
            arguments: "run @good.onnx --input token_ids=@good.png --output-dir @out", code: 65,
            message: "@good.png: it is not a NumPy file (the first bytes are not \\x93NUMPY)"),
        Case(
            arguments: "run @good.onnx --input token_ids=@short.npy --output-dir @out", code: 65,
            message: "@short.npy: int64 [1, 3] needs 24 bytes after the header, the file has 2"),
        Case(
            arguments: "run @good.onnx --input ids=@ids.npy --output-dir @out", code: 65,
            message: "@good.onnx: the model has no input 'ids'; its inputs are 'image', 'token_ids', 'attention_mask'"),
        Case(
            arguments: "run @good.onnx --input token_ids=@ids.npy --output-dir @out", code: 65,
            message:
                "@good.onnx: input 'image' is missing; the model's inputs are 'image', 'token_ids', 'attention_mask'"),
        Case(
            arguments:
                "run @good.onnx --input image=@ids.npy --input token_ids=@ids.npy --input attention_mask=@ids.npy --output-dir @out",
            code: 65,
            message: "@good.onnx: input 'image': expected uint8, got int64"),
        Case(
            arguments:
                "run @good.onnx --input image=@image.npy --input token_ids=@image.npy --input attention_mask=@ids.npy --output-dir @out",
            code: 65,
            message: "@good.onnx: input 'token_ids': expected int64, got uint8"),
        Case(
            arguments:
                "run @good.onnx --input image=@image.npy --input token_ids=@ids.npy --input attention_mask=@ids4.npy --output-dir @out",
            code: 65,
            message: "...length"),
        // Profiles and deadlines.
        Case(
            arguments: "profile @good.onnx --compare @none.json", code: 66,
            message: "cannot read @none.json: No such file or directory"),
        Case(
            arguments: "profile @good.onnx --compare @text.png", code: 65,
            message: "@text.png: not JSON: line 1: expected a value"),
        Case(
            arguments: "profile @good.onnx --compare @list.json", code: 65,
            message: "@list.json: not a profile: expected the JSON that `deixis profile --json` writes"),
        Case(arguments: "profile @list.json --compare @list.json", code: 65, message: "@list.json: not a profile: "),
        Case(
            arguments: "profile @good.onnx --compare @future.json", code: 65,
            message: "@future.json: a profile of version 9; expected 1"),
        Case(
            arguments: "profile @good.onnx --compare @damaged.json", code: 65,
            message: "@damaged.json: a damaged profile: 'model' is missing or of the wrong type"),
        Case(
            arguments: "profile @list.json --compare @list.json --html @p.html", code: 65,
            message: "@list.json: not a profile: "),
        Case(arguments: "profile @list.json", code: 65, message: "@list.json: not an ONNX file, or a damaged one: "),
        Case(
            arguments: "profile @good.onnx --runs 1 --no-peaks --trace @no/such.json", code: 73,
            message: "cannot write @no/such.json: No such file or directory"),
        Case(
            arguments: "profile @good.onnx --runs 1 --no-peaks --html @no/such.html", code: 73,
            message: "cannot write @no/such.html: No such file or directory"),
        Case(
            arguments: "ground @good.onnx @good.png mug --deadline 0", code: 64,
            message: "--deadline is 0.0; expected 1e-06 to 1000000000.0"),
        Case(arguments: "ground @good.onnx @good.png mug --deadline soon", code: 64, message: "...soon"),
        Case(
            arguments: "ground @good.onnx @good.png mug --deadline 0.001", code: 75,
            message: "@good.onnx: the deadline of 0.001 ms passed: "),
        Case(
            arguments: "profile @good.onnx --runs 1 --json @no/such.json", code: 73,
            message: "cannot write @no/such.json: No such file or directory"),
    ]

    @Test(arguments: cases) func isNamed(_ item: Case) throws {
        let world = try Self.world.get()
        func fill(_ text: String) -> String { text.replacingOccurrences(of: "@", with: world.folder.path + "/") }
        let arguments = item.arguments.split(separator: " ").map {
            fill(String($0)).replacingOccurrences(of: "~", with: " ")
        }
        let run = try launch(products.appendingPathComponent("deixis").path, arguments)
        #expect(run.code == item.code, "\(run.errors)")
        #expect(run.errors.hasPrefix("deixis: "))
        if item.message.hasPrefix("...") {
            #expect(run.errors.contains(fill(String(item.message.dropFirst(3)))), "\(run.errors)")
        } else {
            #expect(run.errors.hasPrefix("deixis: " + fill(item.message)), "\(run.errors)")
        }
        // One line, so that logs stay readable; wrong usage adds where to look.
        #expect(run.errors.split(separator: "\n").count <= (item.code == 64 ? 2 : 1), "\(run.errors)")
    }

    @Test func longSentencesAreCutWithAWarning() throws {
        let world = try Self.world.get()
        let run = try deixis("ground", world.path("good.onnx"), world.path("good.png"), "red mugs red mugs red mugs")
        #expect(run.code == 0)
        #expect(run.errors == "deixis: warning: the sentence is too long: its last 5 word pieces were cut off\n")
    }

    @Test func fullOutputsAreErrors() throws {
        let world = try Self.world.get()
        let shell = try #require(find("sh"))
        let program = products.appendingPathComponent("deixis").path
        let run = try launch(shell, ["-c", "'\(program)' inspect '\(world.path("good.onnx"))' > /dev/full"])
        #expect(run.code == 74)
        #expect(run.errors == "deixis: cannot write to standard output: No space left on device\n")
        // A limit on file sizes stands for the full disk: the old file stays. The thread sanitizer needs files of its own.
        if threads_are_sanitized() { return }
        let old = world.path("old.json")
        try Data("old".utf8).write(to: URL(fileURLWithPath: old))
        let limited = try launch(
            shell,
            [
                "-c",
                "ulimit -f 1; '\(program)' profile '\(world.path("good.onnx"))' --runs 1 --json '\(old)' > /dev/null",
            ])
        #expect(
            limited.code == 74 && limited.errors.contains("cannot write \(old): File too large"), "\(limited.errors)")
        #expect(try String(contentsOfFile: old, encoding: .utf8) == "old")
    }
}

/// NumPy files byte by byte.
enum NumPyFixture {
    static func header(_ descriptor: String, _ shape: String) -> [UInt8] {
        let text = Array("{'descr': '\(descriptor)', 'fortran_order': False, 'shape': \(shape), }".utf8)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text
    }

    static func int64(_ shape: [Int], _ values: [Int64]) -> [UInt8] {
        header("<i8", "(" + shape.map { "\($0)," }.joined() + ")") + values.withUnsafeBytes(Array.init)
    }
}
