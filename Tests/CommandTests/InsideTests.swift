import DeixisFiles
import DeixisGraph
import DeixisImage
import DeixisInput
import Foundation
import TestSupport
import Testing

@testable import deixis

/// Values inside of a graph: `run --keep` and `ground --attention`.
@Suite struct InsideTests {
    private static let bundled = QuantizeTests.bundled.path
    private static let value = "fusion.2.language.attention/Softmax"

    private func inputs(_ folder: URL) throws -> [String] {
        func save(_ name: String, _ array: NumPyArray) throws -> [String] {
            let path = folder.appendingPathComponent(name + ".npy").path
            try Data(array.encoded()).write(to: URL(fileURLWithPath: path))
            return ["--input", "\(name)=\(path)"]
        }
        let ids: [Int64] = [2, 9, 10, 11, 3, 0], mask: [Int64] = [1, 1, 1, 1, 1, 0]
        let pixels = (0..<128 * 128 * 3).map { UInt8(truncatingIfNeeded: $0 * 13 + $0 / 3072 * 50) }
        return try save("image", NumPyArray(type: .uint8, shape: [1, 128, 128, 3], bytes: pixels))
            + save("token_ids", NumPyArray(type: .int64, shape: [1, 6], bytes: ids.withUnsafeBytes(Array.init)))
            + save("attention_mask", NumPyArray(type: .int64, shape: [1, 6], bytes: mask.withUnsafeBytes(Array.init)))
    }

    private func numbers(_ path: String) throws -> (shape: [Int], values: [Float]) {
        let array = try NumPyArray(file: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
        return (array.shape, array.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) })
    }

    /// The fast plan's kept value is the reference's, its rows sum to 1, and the answer stays what it was.
    @Test func runKeepsValues() throws {
        let folder = try makeFolder(), model = Self.bundled + "/small.onnx"
        defer { try? FileManager.default.removeItem(at: folder) }
        let inputs = try inputs(folder)
        func run(_ name: String, _ more: [String]) throws -> String {
            let out = folder.appendingPathComponent(name).path
            let done = try deixis(["run", model, "--output-dir", out] + inputs + more)
            #expect(done.code == 0, "\(done.errors)")
            return out
        }
        // Twice the same name, and an output of the model's own, change nothing.
        let plain = try run("plain", [])
        let fast = try run("fast", ["--keep", Self.value, "--keep", Self.value, "--keep", "box"])
        let slow = try run("slow", ["--keep", Self.value, "--reference"])
        let file = "/fusion.2.language.attention_Softmax.npy"
        let (a, b) = (try numbers(fast + file), try numbers(slow + file))
        #expect(a.shape == b.shape && a.shape.count == 4 && a.shape[2] == 6 && a.shape[3] == 64)
        #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) < 1e-5 })
        for row in stride(from: 0, to: a.values.count, by: 64) {
            #expect(abs(a.values[row..<row + 64].reduce(0, +) - 1) < 1e-4)
        }
        let boxes = (try numbers(plain + "/box.npy").values, try numbers(fast + "/box.npy").values)
        #expect(zip(boxes.0, boxes.1).allSatisfy { abs($0 - $1) < 1e-5 })
        // The box, its score, and the value that was asked for.
        #expect(try FileManager.default.contentsOfDirectory(atPath: fast).count == 3)
    }

    @Test func valuesThatAreNotThereAreSaid() throws {
        let folder = try makeFolder(), model = Self.bundled + "/small.onnx"
        defer { try? FileManager.default.removeItem(at: folder) }
        let inputs = try inputs(folder)
        func refused(_ model: String, _ name: String) throws -> String {
            let out = folder.appendingPathComponent("none").path
            let done = try deixis(["run", model, "--output-dir", out, "--keep", name] + inputs)
            #expect(done.code == 65 && !FileManager.default.fileExists(atPath: out))
            return done.errors
        }
        let near = try refused(model, "fusion.2.language.attention/softmex")
        #expect(
            near.contains("the graph has no value 'fusion.2.language.attention/softmex'; near it: '\(Self.value)'"),
            "\(near)")
        #expect(try refused(model, "zebra").contains("--stage read` lists them"))
        let compiled = folder.appendingPathComponent("m.deixis").path
        #expect(try deixis("compile", model, "--out", compiled).code == 0)
        #expect(try refused(compiled, Self.value).contains("a compiled file has no values inside"))
        let picture = Self.bundled + "/annotated.png", out = folder.appendingPathComponent("a.png").path
        let drawn = try deixis("ground", compiled, picture, "the star", "--attention", out)
        #expect(drawn.code == 65 && drawn.errors.contains("--attention: a compiled file has no values inside"))
        let tiny = try deixis("ground", try TinyModel.write(), picture, "red circle", "--attention", out)
        #expect(tiny.code == 65 && tiny.errors.contains("no value 'fusion.N.language.attention/Softmax'"))
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    /// One panel for the sentence and one for each word, from the float and the int8 model; the answer is the same.
    @Test(arguments: ["small.onnx", "small.int8.onnx"]) func groundDrawsAttention(_ file: String) throws {
        let folder = try makeFolder(), out = folder.appendingPathComponent("a.png").path
        defer { try? FileManager.default.removeItem(at: folder) }
        let model = Self.bundled + "/" + file, picture = Self.bundled + "/annotated.png"
        let plain = try deixis("ground", model, picture, "the black cross")
        let done = try deixis("ground", model, picture, "the black cross", "--attention", out)
        #expect(done.code == 0, "\(done.errors)")
        #expect(done.output.prefix(20) == plain.output.prefix(20))
        let image = try RGBImage(contentsOf: out), source = try RGBImage(contentsOf: picture)
        let panel = source.scaled(toLongSide: 288)
        // Four panels side by side: the sentence and three words.
        #expect(image.width == 4 * (panel.width + 8) + 8 && image.height == panel.height + 46)
        let refused = try deixis("ground", model, picture, "the cross", "--attention", picture)
        #expect(refused.code == 64 && refused.errors.contains("--attention"))
        let two = try deixis("ground", model, picture, "the cross", "the ring", "--attention", out)
        #expect(two.code == 64 && two.errors.contains("--attention is of one sentence"))
    }

    /// A file may give the value any shape.
    @Test func cellsMakeASquareOrAreRefused() {
        #expect([1, 64, 1024, 1 << 40].map(AttentionMaps.side) == [1, 8, 32, 1 << 20])
        #expect([0, -1, 2, 63, 65, Int.min].allSatisfy { AttentionMaps.side(ofSquare: $0) == nil })
    }

    @Test func nearNamesAreNear() {
        let names = ["layer1/Relu", "layer2/Relu", "layer2/Conv", "head"]
        #expect(nearNames(to: "layer2/relu", of: names).first == "layer2/Relu")
        #expect(nearNames(to: "Relu", of: names) == ["layer1/Relu", "layer2/Relu"])
        #expect(nearNames(to: "haad", of: names) == ["head"])
        #expect(nearNames(to: "something else", of: names).isEmpty && nearNames(to: "", of: names).isEmpty)
    }
}
