import DeixisInput
import DeixisModel
import DeixisTraining
import Foundation
import Testing

@testable import DeixisGrounding

/// A run that begins with the weights of an exported file.
@Suite struct ExportedModelTests {
    private static let bundled = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "../../../Sources/DeixisModel/Bundled"
    ).standardized.path

    private static func trainer(_ name: String, _ model: ExportedModel) throws -> Trainer {
        var recipe = try TrainingRecipe.named(name)
        (recipe.samples, recipe.heldOut) = (32, 8)
        return try Trainer(recipe, data: TrainingData(recipe, vocabulary: model.vocabulary))
    }

    /// The network answers as the runtime does with the file.
    @Test func theNetworkAnswersAsTheFile() throws {
        let path = Self.bundled + "/small.onnx"
        let trainer = try Self.trainer("small", try ExportedModel(path))
        try trainer.loadWeights(of: try ExportedModel(path))
        let model = try GroundingModel(path: path), maker = trainer.data.heldOutMaker(trainer.recipe)
        for index in 0..<4 {
            let batch = try maker.plain(index..<index + 1)
            let box = trainer.network(batch.images, batch.tokens, on: Tape<Float>(.inference)).tensor.values
            let sample = try trainer.data.heldOut.sample(index)
            let found = try model.ground(sample.image, sample.sentence).normalizedBox
            for (a, b) in zip(box, [found.centerX, found.centerY, found.width, found.height]) {
                #expect(abs(a - b) < 1e-4)
            }
        }
    }

    @Test func whatDoesNotFitIsNamed() throws {
        let path = Self.bundled + "/small.onnx", model = try ExportedModel(path)
        let tiny = try Self.trainer("tiny", model), before = tiny.network.parameters.all.map { $0.value.values }
        #expect(throws: GroundingError.self) { try tiny.loadWeights(of: model) }
        #expect(zip(tiny.network.parameters.all, before).allSatisfy { $0.value.values == $1 })
        do { try tiny.loadWeights(of: model) } catch {
            #expect(
                "\(error)".contains("small.onnx: cannot begin with its weights: its pictures are letterboxed"),
                "\(error)")
        }
        let int8 = try ExportedModel(Self.bundled + "/small.int8.onnx")
        do {
            try Self.trainer("small", int8).loadWeights(of: int8)
            Issue.record("no error")
        } catch {
            #expect("\(error)".contains("tensor visual.conv1.weight is missing: it takes the float model"), "\(error)")
        }
        for file in ["scene.png", "none.onnx"] {
            do {
                _ = try ExportedModel(Self.bundled + "/" + file)
                Issue.record("no error")
            } catch { #expect("\(error)".contains("\(file): cannot begin with its weights: "), "\(error)") }
        }
    }
}
