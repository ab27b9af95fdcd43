import Foundation
import Testing

/// What the programs people deploy weigh and need. Sizes are printed on every run; limits are what must never creep in.
@Suite struct BudgetTests {
    struct Binary {
        let path: String
        let needed: [String]
        let symbols: String

        init(_ path: String) throws {
            self.path = path
            let dynamic = try launch(try #require(find("readelf")), ["-d", path])
            try #require(dynamic.code == 0, "\(dynamic.errors)")
            needed = dynamic.output.split(separator: "\n").filter { $0.contains("(NEEDED)") }
                .compactMap { $0.split(separator: "[").last?.split(separator: "]").first.map(String.init) }
            let nm = try #require(find("nm"))
            symbols = try launch(nm, [path]).output + (try launch(nm, ["-D", path]).output)
        }

        func strippedSize() throws -> Int {
            let folder = try makeFolder()
            let copy = folder.appendingPathComponent("stripped").path
            let stripped = try launch(try #require(find("strip")), ["--strip-all", "-o", copy, path])
            try #require(stripped.code == 0, "\(stripped.errors)")
            return try #require(FileManager.default.attributesOfItem(atPath: copy)[.size] as? Int)
        }
    }

    /// Shared objects whose names begin so, and symbols that hold these words, are of the training side.
    static let foreignLibraries = [
        "libopenblas", "libblas", "libcblas", "libprotobuf", "lib_FoundationICU", "libFoundation.so",
        "libFoundationInternationalization", "libicu",
    ]
    static let foreignSymbols = [
        "cblas_", "protobuf_c_", "onnx__model_proto", "14DeixisTraining", "15DeixisGrounding", "12DeixisExport",
        "13CDeixisTensor", "ucol_open", "u_charType",
    ]

    @Test func deixisHasNoTrainingSide() throws {
        let binary = try Binary(products.appendingPathComponent("deixis").path)
        #expect(binary.symbols.contains("13DeixisRuntime"), "the symbol table is gone: this test would see nothing")
        for library in Self.foreignLibraries {
            #expect(!binary.needed.contains { $0.hasPrefix(library) }, "deixis needs \(library)")
        }
        for symbol in Self.foreignSymbols { #expect(!binary.symbols.contains(symbol), "deixis holds \(symbol)") }
        print("deixis: \(try binary.strippedSize()) bytes stripped; needs \(binary.needed.joined(separator: " "))")
    }

    @Test func theCheckSeesWhatItLooksFor() throws {
        let trainer = try Binary(products.appendingPathComponent("deixis-train").path)
        #expect(trainer.needed.contains { $0.hasPrefix("libprotobuf-c") } || trainer.symbols.contains("protobuf_c_"))
        #expect(trainer.symbols.contains("14DeixisTraining"))
    }

    @Test(.enabled(if: LibraryTests.isBuilt, "run tools/build-libdeixis first")) func libdeixisNeedsLibcAlone() throws {
        let binary = try Binary(LibraryTests.library)
        for library in binary.needed {
            #expect(
                ["libc.so", "libm.so", "ld-linux"].contains { library.hasPrefix($0) }, "libdeixis needs \(library)")
        }
        let size = try binary.strippedSize()
        #expect(size <= 1_500_000)
        print("libdeixis: \(size) bytes stripped; needs \(binary.needed.joined(separator: " "))")

        // It lets out the functions of deixis.h, all of them and no other.
        let header = try String(
            contentsOf: root.appendingPathComponent("Sources/CDeixis/include/deixis.h"), encoding: .utf8)
        let declared = header.split(separator: "\n").filter {
            ($0.hasSuffix(");") || $0.hasSuffix("(")) && !$0.hasPrefix(" ") && !$0.hasPrefix("/")
        }
        .compactMap { line in line.prefix { $0 != "(" }.split { $0 == " " || $0 == "*" }.last.map(String.init) }
        let exported = try launch(try #require(find("nm")), ["-D", "--defined-only", LibraryTests.library]).output
            .split(separator: "\n").compactMap { line -> String? in
                let parts = line.split(separator: " ")
                return parts.count == 3 && parts[1] == parts[1].uppercased() ? String(parts[2]) : nil
            }
        #expect(Set(exported) == Set(declared))
        #expect(declared.count == 8)
    }
}
