import DeixisGrounding
import DeixisImage
import DeixisInput
import DeixisModel
import Foundation
import Testing

/// The trained model that ships: it loads, is small, says where it comes from, and points at the right things.
@Suite struct BundledModelTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Sources/DeixisModel/Bundled").standardized
    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    @Test func fileIsSmallAndSaysWhereItComesFrom() throws {
        let size = try #require(try FileManager.default.attributesOfItem(atPath: Self.path("small.onnx"))[.size] as? Int)
        #expect(size <= 12_000_000)
        let model = try GroundingModel(path: Self.path("small.onnx"))
        let training = model.metadata.training.map { String(decoding: $0.key, as: UTF8.self) }
        #expect(training.contains("command") && training.contains("samples"))
    }

    @Test func findsWhatTheQuickstartAsksFor() throws {
        let model = try GroundingModel(path: Self.path("small.onnx"))
        let scene = try RGBImage(contentsOf: Self.path("scene.png"))
        let sentence = try String(contentsOfFile: Self.path("scene.txt"), encoding: .utf8).trimmingCharacters(in: .newlines)
        let numbers = try String(contentsOfFile: Self.path("scene.box"), encoding: .utf8).split(whereSeparator: \.isWhitespace)
        let box = try numbers.map { try #require(Double($0)) }
        let truth = PixelBox(x: box[0], y: box[1], width: box[2], height: box[3])
        #expect(try model.ground(scene, sentence).box.intersectionOverUnion(truth) > 0.5)
    }

    /// A floor well below what `deixis-train evaluate` measures on 2,000 scenes: a broken file or runtime falls through it.
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
