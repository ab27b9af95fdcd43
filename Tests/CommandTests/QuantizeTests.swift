import Foundation
import Testing

/// The way from a float file to a compiled int8 one, as a person goes it.
@Suite struct QuantizeTests {
    static let bundled = root.appendingPathComponent("Sources/DeixisModel/Bundled")

    struct Grounding: Decodable {
        struct Box: Decodable, Equatable { let x, y, width, height: Double }
        let box: Box
    }

    static func ground(_ model: String, isa: String? = nil) throws -> Grounding.Box {
        let sentence = try String(contentsOf: bundled.appendingPathComponent("scene.txt"), encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        let found = try launch(
            products.appendingPathComponent("deixis").path,
            ["ground", model, bundled.appendingPathComponent("scene.png").path, sentence, "--json"],
            environment: isa.map { ["DEIXIS_ISA": $0] } ?? [:])
        #expect(found.code == 0, "\(found.errors)")
        return try JSONDecoder().decode(Grounding.self, from: Data(found.output.utf8)).box
    }

    @Test func fromFloatToCompiled() throws {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appendingPathComponent("scenes").path,
            int8 = folder.appendingPathComponent("m.int8.onnx").path
        let page = folder.appendingPathComponent("report.html").path,
            compiled = folder.appendingPathComponent("m.deixis").path
        let float = Self.bundled.appendingPathComponent("small.onnx").path
        let scenes = try launch(
            products.appendingPathComponent("deixis-train").path,
            ["scenes", "--count", "60", "--seed", "77", "--out", data])
        #expect(scenes.code == 0, "\(scenes.errors)")
        let made = try deixis(
            "quantize", float, "--data", data, "--out", int8, "--calibration", "24", "--sensitivity", "2", "--report",
            page, "--accuracy-loss",
            "0.2", "--iou-loss", "0.1", "--json")
        #expect(made.code == 0, "\(made.errors)")
        struct Report: Decodable {
            struct Numbers: Decodable { let accuracy, mean_iou, mean_shift: Double }
            let passes: Bool
            let samples: Int
            let float, int8: Numbers
            let costs: [String: Double]
            let migrated_scales: [String]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(made.output.utf8))
        #expect(report.passes && report.samples == 36 && report.costs.count > 100)
        #expect(report.int8.mean_shift > 0 && report.int8.mean_shift < 0.05)
        func size(_ path: String) throws -> Int {
            try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        }
        #expect(try size(int8) * 5 < size(float) * 2)
        #expect(try size(int8) <= 4_000_000)
        let html = try String(contentsOfFile: page, encoding: .utf8)
        #expect(report.migrated_scales.allSatisfy { report.costs[$0] != nil })
        #expect(html.contains("Scale migration"))
        #expect(html.contains("The gate is met") && html.contains("<svg") && !html.contains("http"))

        // The same box on every instruction set, and from the compiled file.
        let box = try Self.ground(int8)
        for isa in ["scalar", "v128", "avx2"] { #expect(try Self.ground(int8, isa: isa) == box) }
        let compile = try deixis("compile", int8, "--out", compiled)
        #expect(compile.code == 0, "\(compile.errors)")
        #expect(try Self.ground(compiled) == box)
        let elsewhere = try launch(
            products.appendingPathComponent("deixis").path, ["inspect", compiled, "--stage", "plan"],
            environment: ["DEIXIS_ISA": "scalar"])
        #expect(elsewhere.code == 65 && elsewhere.errors.contains("compile the ONNX file on this machine"))
        let again = try deixis("quantize", int8, "--data", data, "--out", folder.appendingPathComponent("no.onnx").path)
        #expect(again.code == 65 && again.errors.contains("quantized already"))
    }

    @Test func badInputIsNamed() throws {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let float = Self.bundled.appendingPathComponent("small.onnx").path,
            out = folder.appendingPathComponent("x.onnx").path
        let missing = try deixis("quantize", "/nowhere.onnx", "--data", folder.path, "--out", out)
        #expect(missing.code == 65 && missing.errors.contains("/nowhere.onnx"))
        let empty = try deixis("quantize", float, "--data", folder.path, "--out", out)
        #expect(empty.code == 65 && empty.errors.contains("manifest.jsonl"))
        let wrong = try deixis("quantize", float, "--data", folder.path, "--out", out, "--calibration", "0")
        #expect(wrong.code == 64 && wrong.errors.contains("--calibration"))
        let migrate = try deixis("quantize", float, "--data", folder.path, "--out", out, "--migrate", "always")
        #expect(migrate.code == 64 && migrate.errors.contains("--migrate"))
        let help = try deixis("quantize", "--help")
        #expect(help.code == 0 && help.output.contains("held-out"))
        #expect(!FileManager.default.fileExists(atPath: out))
    }
}
