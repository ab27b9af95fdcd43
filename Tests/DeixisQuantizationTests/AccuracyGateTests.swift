import Testing

@testable import DeixisQuantization

@Suite struct AccuracyGateTests {
    @Test func keepsAsFewAsTheGateNeeds() throws {
        let layers = (0..<37).map { "layer \($0)" }
        for needed in [0, 1, 2, 3, 5, 17, 36, 37] {
            var trials = 0
            let kept = AccuracyGate.fewest(of: layers) { names in
                trials += 1
                return names.count >= needed
            }
            #expect(kept == Array(layers.prefix(needed)))
            #expect(trials <= 14)
        }
    }

    @Test func saysWhenNothingSuffices() {
        #expect(AccuracyGate.fewest(of: ["a", "b", "c"]) { _ in false } == nil)
        #expect(AccuracyGate.fewest(of: [String]()) { _ in false } == nil)
    }

    @Test func limitsAreInclusive() {
        var float = BoxScore(), int8 = BoxScore()
        for i in 0..<200 {
            float.add(iou: 0.8, shift: 0)
            int8.add(iou: i == 0 ? 0.4 : 0.8, shift: 0.01)
        }
        #expect(float.accuracy == 1 && int8.accuracy == 0.995 && int8.hits == 199)
        #expect(abs(int8.meanShift - 0.01) < 1e-12 && int8.largestShift == 0.01)
        #expect(AccuracyGate().passes(int8, against: float))
        #expect(!AccuracyGate(accuracyLoss: 0.004).passes(int8, against: float))
        #expect(!AccuracyGate(meanIoULoss: 0.001).passes(int8, against: float))
    }

    @Test func notANumberIsNoBox() {
        var score = BoxScore()
        score.add(iou: .nan, shift: .nan)
        #expect(score.accuracy == 0 && score.meanIoU == 0 && score.largestShift == 1)
    }
}
