import DeixisGrounding
import DeixisImage
import DeixisInput
import DeixisModel
import DeixisRuntime
import Foundation
import Testing

/// The trained model that ships: it loads, is small, says where it comes from, and points at the right things.
@Suite struct BundledModelTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Sources/DeixisModel/Bundled").standardized
    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    @Test func fileIsSmallAndSaysWhereItComesFrom() throws {
        let size = try #require(
            try FileManager.default.attributesOfItem(atPath: Self.path("small.onnx"))[.size] as? Int)
        #expect(size <= 12_000_000)
        let model = try GroundingModel(path: Self.path("small.onnx"))
        let training = model.metadata.training.map { String(decoding: $0.key, as: UTF8.self) }
        #expect(training.contains("command") && training.contains("samples"))
    }

    @Test func findsWhatTheQuickstartAsksFor() throws {
        let model = try GroundingModel(path: Self.path("small.onnx"))
        let scene = try RGBImage(contentsOf: Self.path("scene.png"))
        let sentence = try String(contentsOfFile: Self.path("scene.txt"), encoding: .utf8).trimmingCharacters(
            in: .newlines)
        let numbers = try String(contentsOfFile: Self.path("scene.box"), encoding: .utf8).split(
            whereSeparator: \.isWhitespace)
        let box = try numbers.map { try #require(Double($0)) }
        let truth = PixelBox(x: box[0], y: box[1], width: box[2], height: box[3])
        #expect(try model.ground(scene, sentence).box.intersectionOverUnion(truth) > 0.5)
    }

    /// The quantized form: as small as promised, no step of it in float but the tokens' embeddings, their mask and the
    /// moving of bytes, near the float model's boxes.
    @Test func int8FormRunsInIntegers() throws {
        let size = try #require(
            try FileManager.default.attributesOfItem(atPath: Self.path("small.int8.onnx"))[.size] as? Int)
        #expect(size <= 4_000_000)
        let context = try Session(try Model.load(Self.path("small.int8.onnx"))).makeContext()
        try context.prepare(context.session.inputNames.map { "\($0)" == "image" ? [1, 128, 128, 3] : [1, 12] })
        for index in context.session.inputNames.indices {
            _ = try context.inputBuffer(index).initializeMemory(as: UInt8.self, repeating: 0)
        }
        var kernels: [String: Int] = [:]
        for step in try context.profile(runs: 1).steps { kernels["\(step.kernel)", default: 0] += 1 }
        let float = kernels.filter { !$0.key.hasSuffix("_s8") }
        #expect(float == ["concat": 3, "embedding": 1, "binary_f32": 2, "reference": 1], "\(kernels)")
        #expect(
            kernels["conv_s8"] == 16 && kernels["gemm_s8"] == 107 && kernels["attention_s8"] == 24
                && kernels["layernorm_s8"] == 48)
    }

    @Test func int8FormKeepsTheBoxes() throws {
        let float = try GroundingModel(path: Self.path("small.onnx")),
            int8 = try GroundingModel(path: Self.path("small.int8.onnx"))
        let source = SceneSource(seed: 1_000_003, longSide: nil)
        var overlap = 0.0
        for index in 0..<100 {
            let sample = source.sample(index)
            overlap +=
                try float.ground(sample.image, sample.sentence).box
                .intersectionOverUnion(int8.ground(sample.image, sample.sentence).box) / 100
        }
        #expect(overlap > 0.85, "mean IoU of the two models' boxes \(overlap)")
    }

    /// A floor well below what `deixis-train evaluate` measures on 2,000 scenes: a broken file or runtime falls through
    /// it.
    @Test func staysAboveTheFloorOnUnseenScenes() throws {
        let model = try GroundingModel(path: Self.path("small.onnx"))
        let source = SceneSource(seed: 1_000_002, longSide: nil)
        let hits = try (0..<150).reduce(0) { hits, index in
            let sample = source.sample(index)
            let found = try model.ground(sample.image, sample.sentence)
            return hits + (found.box.intersectionOverUnion(sample.box) > 0.5 ? 1 : 0)
        }
        #expect(hits >= 90, "\(hits) of 150")
    }
}
