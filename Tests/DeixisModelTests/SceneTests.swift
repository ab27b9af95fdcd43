import DeixisGraph
import DeixisInput
import Testing
import TestSupport

@testable import DeixisModel

/// A picture looked at once answers as `ground` does, to the bit.
@Suite struct SceneTests {
    static let sentences = [
        "the red star", "the blue ring left of the red star on the right", "circle", "the red star",
        "the largest green square",
    ]

    static func check(
        _ model: GroundingModel, _ reference: GroundingModel, _ pictures: [RGBImage], _ sentences: [String]
    ) throws {
        func same(_ a: Grounding, _ b: Grounding) -> Bool {
            a.box == b.box && a.normalizedBox == b.normalizedBox && a.tokenCount == b.tokenCount
                && a.droppedTokenCount == b.droppedTokenCount
        }
        let scenes = try pictures.map { try model.scene($0) }
        // One scene after the other, then in turns, with other pictures between.
        for (scene, picture) in zip(scenes, pictures) {
            for sentence in sentences {
                #expect(same(try scene.ground(sentence), try reference.ground(picture, sentence)))
            }
        }
        for sentence in sentences {
            for (scene, picture) in zip(scenes, pictures) {
                #expect(same(try scene.ground(sentence), try reference.ground(picture, sentence)))
            }
            #expect(same(try model.ground(pictures[1], sentence), try reference.ground(pictures[1], sentence)))
            _ = try model.scene(pictures[0])
        }
        #expect(throws: ModelError.self) { try scenes[0].ground(" ") }
        #expect(same(try scenes[0].ground(sentences[0]), try reference.ground(pictures[0], sentences[0])))
        #expect(scenes[0].width == pictures[0].width && scenes[0].model === model)
    }

    @Test func bundledModelAnswersTheSame() throws {
        let path = BundledModelTests.path("small.onnx")
        let pictures = try [
            GroundingModelTests.picture(128, 128), GroundingModelTests.picture(90, 200),
            RGBImage(width: 10, height: 10, color: RGB(9, 90, 200)),
        ]
        try Self.check(GroundingModel(path: path), GroundingModel(path: path), pictures, Self.sentences)
    }

    /// A picture or a sentence given up half way is gone on from in full.
    @Test func deadlinesLeaveScenesUsable() throws {
        let path = BundledModelTests.path("small.onnx"), model = try GroundingModel(path: path)
        let picture = try GroundingModelTests.picture(128, 128),
            expected = try GroundingModel(path: path).ground(picture, "the red star").box
        let scene = try model.scene(picture)
        for _ in 0..<2 {
            #expect(throws: ModelError.self) { try scene.ground("the red star", deadline: 0) }
            #expect(throws: ModelError.self) { try model.scene(picture, deadline: 0) }
            #expect(throws: ModelError.self) { try model.ground(picture, "a", deadline: 0) }
            #expect(try scene.ground("the red star", deadline: 1e6).box == expected)
        }
    }

    @Test func handMadeModelAnswersTheSame() throws {
        let pictures = try [GroundingModelTests.picture(40, 30), GroundingModelTests.picture(31, 90)]
        let path = try TinyModel.write()
        try Self.check(
            GroundingModel(path: path), GroundingModel(path: path), pictures, ["mug", "red mug", "red mugs", "mug"])
        let fixed = try TinyModel.write { graph in
            for id in graph.inputs.dropFirst() { graph[id].type = TensorType(.int64, [.fixed(1), .fixed(9)]) }
        }
        // A fixed length is no reason to compute padding: the sum over real tokens does not see it.
        try Self.check(
            GroundingModel(path: fixed), GroundingModel(path: path), pictures, ["mug", "red mug", "red mugs", "mug"])
    }
}
