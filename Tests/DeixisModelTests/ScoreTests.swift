import DeixisGraph
import DeixisInput
import DeixisRuntime
import Testing
import TestSupport

@testable import DeixisModel

/// A second output that says what the box is worth.
@Suite struct ModelScoreTests {
    /// The tiny model with the box's first number as its score, [batch, 1] or [batch].
    private func path(flat: Bool = false, element: ElementType = .float32, last: Int = 1) throws -> String {
        try TinyModel.write { graph in
            let box = graph.outputs[0]
            let pick = graph.addConstant(
                "pick", Constant(.int64, flat ? [] : [last], [Int64](repeating: 0, count: last)))
            var score = graph.addNode("Gather", [box, pick], name: "picked", attributes: [("axis", .int(1))])
            if element == .int64 {
                score = graph.addNode("Cast", [score], name: "whole", attributes: [("to", .int(7))])
            }
            graph[score].name = "score"
            graph[score].type = TensorType(element, flat ? [.symbol("batch")] : [.symbol("batch"), .fixed(last)])
            graph.outputs.append(score)
        }
    }

    @Test(arguments: [false, true])
    func isReadWhereTheModelGivesOne(flat: Bool) throws {
        let model = try GroundingModel(path: try path(flat: flat)), picture = try GroundingModelTests.picture(40, 30)
        #expect(model.givesScores)
        let found = try model.ground(picture, "red mug")
        #expect(found.score == found.normalizedBox.centerX)
        #expect(try model.scene(picture).ground("red mug").score == found.score)
        let plain = try GroundingModel(path: try TinyModel.write())
        #expect(!plain.givesScores)
        #expect(try plain.ground(picture, "red mug").score == nil)
    }

    @Test func anotherFormIsRefused() throws {
        for (path, got) in [
            (try path(element: .int64), "expected float32, got int64"),
            (try path(last: 2), "expected shape [1, 1], got"),
        ] {
            do {
                _ = try GroundingModel(path: path)
                Issue.record("no error")
            } catch {
                #expect(error.description.contains("output 'score'") && error.description.contains(got), "\(error)")
            }
        }
    }
}
