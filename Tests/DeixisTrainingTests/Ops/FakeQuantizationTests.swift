@testable import DeixisTraining
import Testing

/// Results and weights rounded on the way through a pass.
@Suite struct FakeQuantizationTests {
    private let steps = FakeQuantization.Steps(scale: 0.5, zero: 4)

    /// By hand: y = w x is stored in steps of 0.5 between -2 and 125.5; the gradient passes where it lay there.
    @Test func roundsResultsAndHoldsGradients() throws {
        let store = ParameterStore<Float>(seed: 1)
        let weight = store.root.parameter("weight", [1, 1], .values([1]))
        let plan = FakeQuantization(operators: ["leaf", "Linear"], steps: [1: steps], weights: [])
        for mode in [Tape<Float>.Mode.inference, .training(seed: 1), .tracing] {
            let tape = Tape<Float>(mode, quantization: plan)
            let x = tape.variable(Tensor([4, 1], [0.3, 1.3, -5, 200]), needsGradient: true)
            let y = x.linear(weight, nil)
            #expect(y.tensor.values == [0.5, 1.5, -2, 125.5])
            guard case .training = mode else { continue }
            #expect(plan.fits(tape))
            store.clearGradients()
            tape.backward(y, seed: Tensor([4, 1], [1, 10, 100, 1000]))
            #expect(tape.gradient(of: x)?.values == [1, 10, 0, 0])
            // dw = sum of g x over what lay inside.
            #expect(abs((weight.gradient?.values[0] ?? 0) - 13.3) < 1e-5)
        }
    }

    @Test func weightsComeBack() {
        let store = ParameterStore<Float>(seed: 1)
        let weight = store.root.parameter("weight", [2, 3], .values([1.27, -0.004, 0.006, 254, -100.9, 3]))
        let other = store.root.parameter("other", [2], .values([0.1, 0.2]))
        let before = weight.value.values
        let plan = FakeQuantization(operators: [], steps: [:], weights: ["weight", "of another network"])
        let within: [Float] = plan.withRoundedWeights(in: store) { weight.value.values }
        #expect(within != before && abs(within[4] + 100) < 1e-4 && within[1] == 0)
        #expect(weight.value.values == before && other.value.values == [0.1, 0.2])
        plan.roundWeights(in: store)
        #expect(weight.value.values == within)
        // What lies on the steps stays there.
        plan.roundWeights(in: store)
        #expect(zip(weight.value.values, within).allSatisfy { abs($0 - $1) <= abs($1) * 1e-6 })
    }

    @Test func aPassOfOtherOperatorsDoesNotFit() {
        let tape = Tape<Float>(.training(seed: 1))
        _ = tape.variable(Tensor([1, 2], [1, 2])).relu()
        #expect(FakeQuantization(operators: ["leaf", "Relu"], steps: [:], weights: []).fits(tape))
        #expect(!FakeQuantization(operators: ["leaf", "Gelu"], steps: [:], weights: []).fits(tape))
        #expect(!FakeQuantization(operators: ["leaf", "Relu", "Relu"], steps: [:], weights: []).fits(tape))
        #expect(!FakeQuantization(operators: [], steps: [3: .init(scale: 0, zero: 0)], weights: []).isSound)
        #expect(!FakeQuantization(operators: [], steps: [3: .init(scale: 1, zero: 256)], weights: []).isSound)
    }
}
