import DeixisGraph
import DeixisInput
import DeixisTraining
import Foundation
import Testing

@testable import DeixisGrounding

/// The score beside a box: what it is fitted to, and how it is judged.
@Suite struct ScoreTests {
    @Test func calibrationByHand() {
        // Two bins: 0.2s and 0.9s; one tie between a hit and a miss.
        let samples: [(score: Double, iou: Double)] = [(0.25, 0.1), (0.25, 0.6), (0.9, 0.8), (0.95, 0.9), (1, 0.4)]
        let calibration = ScoreCalibration(samples)
        #expect(calibration.count == 5 && calibration.bins.map(\.count) == [2, 3])
        #expect(calibration.bins.map(\.range) == [0.2..<0.3, 0.9..<1.0])
        #expect(abs(calibration.bins[1].meanScore - 0.95) < 1e-12 && abs(calibration.bins[1].meanIoU - 0.7) < 1e-12)
        #expect(abs(calibration.bins[1].accuracy - 2 / 3.0) < 1e-12)
        // (2 * |0.25 - 0.35| + 3 * |0.95 - 0.7|) / 5
        #expect(abs(calibration.error - 0.19) < 1e-12)
        // Hits 0.25, 0.9, 0.95; misses 0.25, 1: pairs above 0.5 + 0, 1 + 0, 1 + 0 of 6.
        #expect(abs((calibration.discrimination ?? 0) - 2.5 / 6) < 1e-12)
        let kept = calibration.kept(0.9)
        #expect(abs(kept.share - 0.6) < 1e-12 && abs(kept.accuracy - 2 / 3.0) < 1e-12)
        #expect(calibration.kept(1.01).share == 0 && calibration.kept(1.01).accuracy == 0)
        let acceptance = calibration.acceptance()
        #expect(acceptance.count == 1 && acceptance[0].share == 1 && abs(acceptance[0].accuracy - 0.6) < 1e-12)
    }

    @Test func nothingAndOneSide() {
        let nothing = ScoreCalibration([])
        #expect(nothing.bins.isEmpty && nothing.error == 0 && nothing.discrimination == nil)
        #expect(nothing.kept(0.5).share == 0 && nothing.acceptance().isEmpty)
        #expect(ScoreCalibration([(0.5, 0.9), (0.7, 0.8)]).discrimination == nil)
    }

    /// Logits that are too far apart and off come back: their targets are what another scale and shift make of them.
    @Test func plattFindsScaleAndShift() {
        let logits = stride(from: -6.0, through: 6, by: 0.05).map { $0 }
        let targets = logits.map { ScoreFit.sigmoid($0 * 0.4 - 0.7) }
        let (scale, shift) = ScoreFit.platt(logits, targets)
        #expect(abs(scale - 0.4) < 1e-4 && abs(shift + 0.7) < 1e-4)
        // What would turn the order around, or says nothing, is left alone.
        #expect(ScoreFit.platt([-1, 1], [1, 0]) == (1, 0))
        let flat = ScoreFit.platt([2, 2, 2], [0.3, 0.5, 0.4])
        #expect(abs(ScoreFit.sigmoid(2 * flat.scale + flat.shift) - 0.4) < 1e-3)
    }

    private func rows(_ count: Int, width: Int, noise: Double) -> ScoreFit.Rows {
        var random = CounterRandom(seed: 3, stream: 1), rows = ScoreFit.Rows(width: width)
        for _ in 0..<count {
            let row = (0..<width).map { _ in random.double(-1, 1) }
            rows.values += row.map { Float($0) }
            // An expected IoU that the row decides, and what comes out around it.
            let expected = ScoreFit.sigmoid(3 * row[0] - 2 * row[1] * row[1] + 1)
            rows.ious.append(min(1, max(0, expected + random.double(-noise, noise))))
        }
        return rows
    }

    @Test func aFitIsCalibratedAndLeavesTheBoxAlone() throws {
        try Backend.load()
        let network = try GroundingNetwork<Float>(.tiny, seed: 1)
        let width = network.configuration.fusionWidth
        let before = network.parameters.all.map { $0.value.values }
        let outcome = try ScoreFit().attach(to: network, rows(4000, width: width, noise: 0.2))
        #expect(outcome.learned == 2400 && outcome.moved == 800 && outcome.calibration.count == 800)
        #expect(outcome.calibration.error < 0.04, "\(outcome.calibration.error)")
        #expect((outcome.calibration.discrimination ?? 0) > 0.85)
        #expect(abs(outcome.calibration.meanScore - outcome.calibration.meanIoU) < 0.02)
        // Nothing that was there has moved; what came is not the optimizer's.
        #expect(zip(network.parameters.all, before).allSatisfy { $0.value.values == $1 })
        let added = network.parameters.all.dropFirst(before.count)
        #expect(added.map(\.name) == ["score.0.weight", "score.0.bias", "score.1.weight", "score.1.bias"])
        #expect(added.allSatisfy { !$0.isTrainable })
        let graph = try network.graph()
        #expect(graph.outputs.map { graph[$0].name.description } == ["box", "score"])
        #expect(graph[graph.outputs[1]].type?.shape?.last == .fixed(1))
    }

    /// Scores that are none, or far outside, are counted and crash nothing.
    @Test func scoresThatCannotBe() {
        let calibration = ScoreCalibration([(1e30, 0.9), (-.infinity, 0.1), (.nan, 0.2), (.infinity, 0.8)])
        #expect(calibration.bins.map(\.count) == [2, 2] && calibration.meanScore == 0.5)
    }

    @Test func rowsThatAreNoNumbersAreRefused() throws {
        try Backend.load()
        let network = try GroundingNetwork<Float>(.tiny, seed: 1)
        var rows = rows(400, width: network.configuration.fusionWidth, noise: 0)
        rows.values[7] = .infinity
        do {
            _ = try ScoreFit().attach(to: network, rows)
            Issue.record("no error")
        } catch { #expect("\(error)".contains("cannot fit a score to it"), "\(error)") }
        #expect(network.score == nil)
    }

    @Test func tooFewSamplesAreSaid() throws {
        try Backend.load()
        let network = try GroundingNetwork<Float>(.tiny, seed: 1)
        let few = rows(ScoreFit.fewest - 1, width: network.configuration.fusionWidth, noise: 0)
        do {
            _ = try ScoreFit().attach(to: network, few)
            Issue.record("no error")
        } catch {
            #expect("\(error)" == "samples is 199, but must be at least 200 for a score")
        }
        #expect(network.score == nil)
    }
}
