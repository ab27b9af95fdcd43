import Foundation
import Testing

/// What every step of the quantized models is: kernel, element type, operator and node, in order, as `Fixtures/*.steps`
/// say.
///
/// On AVX2, which is what most machines have in common. After a change that means to change them, `DEIXIS_RECORD=1
/// tools/test --built --filter PlanListing` writes them anew.
@Suite struct PlanListingTests {
    /// One line a step: `gemm_s8 uint8 deixis.Products "language.encoder.layer.0..."`.
    static func steps(_ model: String, length: Int) throws -> [String] {
        let listing = try launch(
            products.appendingPathComponent("deixis").path,
            ["inspect", model, "--stage", "plan", "--dim", "length=\(length)"],
            environment: ["DEIXIS_ISA": "avx2"])
        #expect(listing.code == 0, "\(listing.errors)")
        return listing.output.split(separator: "\n").compactMap { line in
            guard let made = line.range(of: " = "), let open = line[made.upperBound...].firstIndex(of: "("),
                line.contains(" MMAC  ")
            else { return nil }
            let type =
                line[..<made.lowerBound].split(separator: " ").first { $0.contains("[") }?.prefix { $0 != "[" } ?? "?"
            let name = line.split(separator: "\"").last ?? "", kernel = line.components(separatedBy: "  ")[0]
            return "\(kernel) \(type) \(line[made.upperBound..<open]) \"\(name)\""
        }
    }

    static func compare(_ steps: [String], with name: String) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Fixtures/\(name).steps")
        if ProcessInfo.processInfo.environment["DEIXIS_RECORD"] != nil {
            try (steps.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        }
        let pinned = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(steps.count == pinned.count)
        for (step, expected) in zip(steps, pinned) where step != expected {
            Issue.record("expected \(expected), got \(step)")
            break
        }
        // No layer falls back to float: what is left of it is the mask of the tokens.
        let layers = steps.filter {
            !$0.contains("_s8") && !$0.hasPrefix("embedding uint8") && !$0.hasPrefix("concat uint8 Concat")
        }
        #expect(layers.allSatisfy { $0.contains(".mask/") }, "\(layers)")
    }

    #if arch(x86_64)
        @Test func bundledModel() throws {
            try Self.compare(
                Self.steps(QuantizeTests.bundled.appendingPathComponent("small.int8.onnx").path, length: 12),
                with: "small.int8")
        }

        /// The network at its full size, untrained: its graph is that of a trained one.
        @Test func paperNetwork() throws {
            let folder = try makeFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let float = folder.appendingPathComponent("paper-r50.onnx").path,
                int8 = folder.appendingPathComponent("paper-r50.int8.onnx").path
            let data = folder.appendingPathComponent("scenes").path,
                trainer = products.appendingPathComponent("deixis-train").path
            for arguments in [
                ["scenes", "--count", "2", "--seed", "5", "--out", data],
                ["export", "--config", "paper-r50", "--out", float],
            ] {
                let made = try launch(trainer, arguments)
                #expect(made.code == 0, "\(made.errors)")
            }
            let made = try deixis(
                "quantize", float, "--data", data, "--out", int8, "--calibration", "1", "--evaluate", "1", "--no-gate")
            #expect(made.code == 0, "\(made.errors)")
            try Self.compare(Self.steps(int8, length: 10), with: "paper-r50.int8")
            // Products of few rows read the file's weights in place on AVX-512, packed copies elsewhere: the same box.
            let box = try QuantizeTests.ground(int8)
            #expect(try QuantizeTests.ground(int8, isa: "avx2") == box)
            let compiled = folder.appendingPathComponent("paper-r50.deixis").path,
                compile = try deixis("compile", int8, "--out", compiled)
            #expect(
                compile.code == 0 && compile.output.contains("38 sets of input shapes; checked"), "\(compile.errors)")
            #expect(try QuantizeTests.ground(compiled) == box)
        }
    #endif
}
