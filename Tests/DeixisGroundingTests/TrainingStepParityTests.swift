import DeixisGrounding
import DeixisTraining
import Foundation
import Testing

/// One whole training step of `tiny` against PyTorch: tools/oracles/training_step.py wrote the expected values, fill.py
/// there documents the formula that fills parameters and batch with the same bits in both languages.
@Suite struct TrainingStepParityTests {
    struct Summary: Decodable {
        let count: Int
        let sum, norm: Double
        let index: [Int]
        let value: [Double]
    }

    struct Expectation: Decodable {
        let loss, l1, giou: Double
        let boxes: [Double]
        let gradients, after: [String: Summary]
    }

    static func expectation() throws -> Expectation {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "Fixtures/training_step_tiny.json")
        return try JSONDecoder().decode(Expectation.self, from: Data(contentsOf: file))
    }

    /// s' = 1664525 s + 1013904223 mod 2^32.
    struct Filler {
        var state: UInt32 = 1

        mutating func next() -> UInt32 {
            state = state &* 1_664_525 &+ 1_013_904_223
            return state
        }

        mutating func fill<Scalar: Real>(_ parameter: Parameter<Scalar>) {
            let (name, shape) = (parameter.name, parameter.shape)
            let fanIn = Double(shape.dropFirst().reduce(1, *))
            parameter.value.withUnsafeMutableBufferPointer { target in
                for index in target.indices {
                    let u = Double(next()) / 4_294_967_296
                    let value =
                        if name.hasSuffix("running_var") {
                            0.5 + u
                        } else if shape.count == 1 && name.hasSuffix("weight") {
                            0.75 + 0.5 * u
                        } else if shape.count == 1 {
                            0.2 * (u - 0.5)
                        } else if name.contains("embeddings") || name == "neck.position" { 2 * (u - 0.5) } else {
                            2 * (u - 0.5) * (3 / fanIn).squareRoot()
                        }
                    target[index] = Scalar(Double(Float(value)))
                }
            }
        }
    }

    /// Double keeps 8 digits of PyTorch's double; Float is what training runs in, with its own rounding.
    @Test func doubleAgreesWithPyTorch() throws { try compare(Double.self, tolerance: 1e-8, afterUpdate: true) }
    @Test func floatAgreesWithPyTorch() throws { try compare(Float.self, tolerance: 2e-4, afterUpdate: false) }

    func compare<Scalar: Real>(_: Scalar.Type, tolerance: Double, afterUpdate: Bool) throws {
        let expected = try Self.expectation()
        let configuration = NetworkConfiguration.tiny
        let network = try GroundingNetwork<Scalar>(configuration, seed: 0)
        var filler = Filler()
        let filled = network.parameters.all.filter { $0.name != "loss.sigma" }
        for parameter in filled.sorted(by: { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }) {
            filler.fill(parameter)
        }

        let (batch, length, side) = (3, 7, configuration.imageSide)
        let images = (0..<batch * side * side * 3).map { _ in UInt8(filler.next() >> 24) }
        let drawn = (0..<batch * length).map { _ in
            1 + Int32((filler.next() >> 16) % UInt32(configuration.language.vocabulary - 1))
        }
        let mask = [7, 5, 4].flatMap { real in (0..<length).map { $0 < real ? Int32(1) : 0 } }
        let tokens = TokenBatch(batch: batch, length: length, ids: zip(drawn, mask).map { $0 * $1 }, mask: mask)
        let truth: [Scalar] = [0.5, 0.5, 0.4, 0.3, 0.3, 0.6, 0.2, 0.5, 0.7, 0.35, 0.35, 0.25]

        let tape = Tape<Scalar>(.training(seed: 0))
        let boxes = network(images, tokens, on: tape)
        let loss = SelfPacedLoss(configuration.loss)(boxes, truth: truth, sigma: network.sigma)
        for (got, want) in zip(boxes.tensor.values, expected.boxes) { #expect(abs(Double(got) - want) <= tolerance) }
        #expect(abs(Double(loss.total.tensor.values[0]) - expected.loss) <= tolerance)
        #expect(abs(loss.terms[0] - expected.l1) <= tolerance)
        #expect(abs(loss.terms[1] - expected.giou) <= tolerance)

        tape.backward(loss.total)
        #expect(Set(network.parameters.trainable.map(\.name)) == Set(expected.gradients.keys))
        for parameter in network.parameters.trainable {
            let want = try #require(expected.gradients[parameter.name])
            let got = try #require(parameter.gradient, "no gradient reached \(parameter.name)")
            compare(got.values.map { Double($0) }, want, "gradient of \(parameter.name)", tolerance)
        }

        // Where a gradient is zero but for rounding (key biases), Adam makes a step of that rounding: only Double can
        // agree.
        guard afterUpdate else { return }
        var settings = AdamW<Scalar>.Settings()
        settings.weightDecay = 1e-2
        settings.decaysVectors = true
        let weights = network.parameters.trainable.filter { $0.name != "loss.sigma" }
        let optimizer = AdamW<Scalar>(
            [
                .init(name: "weights", learningRate: 1e-3, weights),
                .init(name: "sigma", learningRate: 1e-3, decays: false, [network.sigma]),
            ],
            settings)
        optimizer.update()
        tape.commit()
        network.parameters.moveStatistics()
        #expect(Set(network.parameters.all.map(\.name)) == Set(expected.after.keys))
        for parameter in network.parameters.all {
            let want = try #require(expected.after[parameter.name])
            compare(parameter.value.values.map { Double($0) }, want, "\(parameter.name) after the step", tolerance)
        }
    }

    /// Sum, norm and sampled entries, relative to the tensor's norm.
    func compare(_ got: [Double], _ want: Summary, _ what: String, _ tolerance: Double) {
        #expect(got.count == want.count, "\(what)")
        let allowed = tolerance * (1 + want.norm)
        let norm = got.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(norm - want.norm) <= allowed, "\(what): norm \(norm), expected \(want.norm)")
        let sum = got.reduce(0, +)
        #expect(
            abs(sum - want.sum) <= allowed * Double(got.count).squareRoot(), "\(what): sum \(sum), expected \(want.sum)"
        )
        for (index, value) in zip(want.index, want.value) {
            #expect(abs(got[index] - value) <= allowed, "\(what)[\(index)]: \(got[index]), expected \(value)")
        }
    }
}
