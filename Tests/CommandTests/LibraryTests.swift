import DeixisInput
import DeixisModel
import DeixisRuntime
import Foundation
import TestSupport
import Testing

/// libdeixis as its users meet it: from C and from Python, with a hand-made model. `tools/build-libdeixis` builds it
/// first.
@Suite struct LibraryTests {
    static let library =
        ProcessInfo.processInfo.environment["DEIXIS_LIBRARY"] ?? root.path + "/.build/libdeixis/libdeixis.so"
    static let isBuilt = FileManager.default.fileExists(atPath: library)
    static let fixtures = root.appendingPathComponent("Tests/CommandTests/Fixtures")

    /// A picture with gaps between its rows.
    struct Picture {
        let width = 37, height = 23, stride = 128
        let raw: [UInt8]
        let path: String

        init(in folder: URL) throws {
            raw = (0..<128 * 23).map { (at: Int) -> UInt8 in UInt8(truncatingIfNeeded: at * 31 + at / 128 * 7) }
            path = folder.appendingPathComponent("raw").path
            try Data(raw).write(to: URL(fileURLWithPath: path))
        }

        var arguments: [String] { [path, "\(width)", "\(height)", "\(stride)"] }

        func packed() throws -> RGBImage {
            var pixels: [UInt8] = []
            for y in 0..<height { pixels += raw[y * stride..<y * stride + width * 3] }
            return try RGBImage(width: width, height: height, pixels: pixels)
        }
    }

    @Test(.enabled(if: isBuilt, "run tools/build-libdeixis first")) func equalsTheSwiftAPI() throws {
        let compiler = try #require(find("cc", "gcc", "clang"))
        let folder = try makeFolder()
        let program = folder.appendingPathComponent("ground").path
        let built = try launch(
            compiler,
            [
                "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", root.path + "/Sources/CDeixis/include",
                Self.fixtures.path + "/ground.c", Self.library, "-o", program,
                "-Wl,-rpath," + (Self.library as NSString).deletingLastPathComponent,
            ])
        try #require(built.code == 0, "\(built.errors)")

        let path = try TinyModel.write()
        let picture = try Picture(in: folder)
        let sentence = "red mugs, red mugs"
        var options = SessionOptions()
        options.threads = 1
        let found = try GroundingModel(path: path, options: options).ground(try picture.packed(), sentence)
        let normalized = found.normalizedBox
        let expected = [
            found.box.x, found.box.y, found.box.width, found.box.height,
            Double(normalized.centerX), Double(normalized.centerY), Double(normalized.width), Double(normalized.height),
            Double(found.tokenCount), Double(found.droppedTokenCount),
        ]
        #expect(found.droppedTokenCount > 0)
        var runs = [("C", try launch(program, [path] + picture.arguments + [sentence]))]
        if let python = find("python3") {
            let script = Self.fixtures.path + "/ground.py"
            runs.append(("Python", try launch(python, [script, Self.library, path] + picture.arguments + [sentence])))
        }
        for (language, run) in runs {
            #expect(run.code == 0, "\(language): \(run.errors)")
            let numbers = run.output.split(separator: "\n").compactMap { Double($0) }
            #expect(numbers.count == expected.count, "\(language): \(run.output)")
            for (got, wanted) in zip(numbers, expected) {
                #expect(abs(got - wanted) <= 1e-5 * max(1, abs(wanted)), "\(language): \(got) \(wanted)")
            }
        }
    }

    static func compiles(_ text: String, as language: String) throws -> Finished {
        let source = try makeFolder().appendingPathComponent("source").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: source))
        return try launch(
            try #require(find("cc", "gcc", "clang")),
            [
                "-x", language, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I",
                root.path + "/Sources/CDeixis/include", source,
            ])
    }

    /// The header compiles on its own, without a warning.
    static func expectHeaderStandsAlone(as language: String) throws {
        let checked = try compiles(
            "#include \"deixis.h\"\nint main(void) { return deixis_version() == 0; }\n", as: language)
        #expect(checked.code == 0 && checked.errors.isEmpty, "\(checked.errors)")
        // What this test would see: a warning, and a declaration that the header lacks.
        #expect(
            try compiles("#include \"deixis.h\"\nint main(void) { int unused; return 0; }\n", as: language).code != 0)
        #expect(
            try compiles("#include \"deixis.h\"\nint main(void) { return deixis_none(); }\n", as: language).code != 0)
    }

    @Test func headerStandsAloneInC() throws { try Self.expectHeaderStandsAlone(as: "c") }

    static let hasCPlusPlus = (try? compiles("int main(void) { return 0; }\n", as: "c++").code == 0) ?? false
    @Test(.enabled(if: hasCPlusPlus, "the C compiler comes without C++")) func headerStandsAloneInCPlusPlus() throws {
        try Self.expectHeaderStandsAlone(as: "c++")
    }
}
