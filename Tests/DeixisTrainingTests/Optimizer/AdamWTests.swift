@testable import DeixisTraining
import Testing

@Suite struct AdamWTests {
    private func setGradient(_ parameter: Parameter<Double>, _ values: [Double]) {
        parameter.hasGradient = false
        parameter.accumulateGradient { target, _ in
            for (index, value) in values.enumerated() { target[index] = value }
        }
    }

    /// The formula, step by step, in plain numbers.
    @Test func followsTheFormula() {
        let store = ParameterStore<Double>(seed: 1)
        let parameter = store.root.parameter("w", [2, 2], .values([1, -2, 3, 0.5]))
        let optimizer = AdamW<Double>([.init(name: "all", learningRate: 0.1, [parameter])])
        var p = [1, -2, 3, 0.5], m = [0.0, 0, 0, 0], v = m
        for step in 1...5 {
            let g = (0..<4).map { Double(($0 + 1) * step % 3) - 0.7 }
            setGradient(parameter, g)
            optimizer.update(factor: 0.5)
            let rate = 0.05
            for i in 0..<4 {
                m[i] = 0.9 * m[i] + 0.1 * g[i]
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i]
                var first = 1.0, second = 1.0
                for _ in 0..<step {
                    first *= 0.9
                    second *= 0.999
                }
                p[i] -= rate * 1e-4 * p[i]
                p[i] -= rate * (m[i] / (1 - first)) / ((v[i] / (1 - second)).squareRoot() + 1e-8)
            }
            for (got, wanted) in zip(parameter.value.values, p) { #expect(abs(got - wanted) < 1e-12) }
        }
    }

    @Test func clipsAndRefusesWhatIsNotFinite() {
        let store = ParameterStore<Double>(seed: 1)
        let parameter = store.root.parameter("w", [1, 2], .values([1, 1]))
        var settings = AdamW<Double>.Settings()
        settings.maximumGradientNorm = 1
        settings.weightDecay = 0
        settings.beta1 = 0
        settings.beta2 = 0
        settings.epsilon = 1
        let optimizer = AdamW<Double>([.init(name: "all", learningRate: 1, [parameter])], settings)
        setGradient(parameter, [3, 4])
        #expect(optimizer.update() == 5)
        // g = (0.6, 0.8) after clipping, p = 1 - g / (|g| + 1)
        for (got, g) in zip(parameter.value.values, [0.6, 0.8]) { #expect(abs(got - (1 - g / (g + 1))) < 1e-12) }
        let before = parameter.value.values
        setGradient(parameter, [.nan, 1])
        #expect(!optimizer.update().isFinite)
        #expect(parameter.value.values == before)
        #expect(optimizer.step == 1)
    }

    @Test func averagesAndGivesBack() {
        let store = ParameterStore<Double>(seed: 1)
        let parameter = store.root.parameter("w", [1, 1], .values([0]))
        var settings = AdamW<Double>.Settings()
        settings.averageDecay = 0.5
        settings.weightDecay = 0
        let optimizer = AdamW<Double>([.init(name: "all", learningRate: 1, [parameter])], settings)
        setGradient(parameter, [-1])
        optimizer.update()
        let last = parameter.value.values[0]
        let decay = 2.0 / 11
        optimizer.withAveragedWeights { #expect(abs(parameter.value.values[0] - (1 - decay) * last) < 1e-12) }
        #expect(parameter.value.values[0] == last)
    }

    @Test func schedules() {
        let steps = Schedule(.milestones(epochs: [10, 80], factor: 0.1))
        #expect(steps.factor(step: 0, totalSteps: 1, epoch: 9) == 1)
        #expect(abs(steps.factor(step: 0, totalSteps: 1, epoch: 10) - 0.1) < 1e-12)
        #expect(abs(steps.factor(step: 0, totalSteps: 1, epoch: 119) - 0.01) < 1e-12)
        let cosine = Schedule(.cosine(final: 0.1), warmUpSteps: 10)
        #expect(cosine.factor(step: 0, totalSteps: 110, epoch: 0) == 0.1)
        #expect(cosine.factor(step: 9, totalSteps: 110, epoch: 0) == 1)
        #expect(abs(cosine.factor(step: 60, totalSteps: 110, epoch: 0) - 0.55) < 1e-12)
        #expect(abs(cosine.factor(step: 110, totalSteps: 110, epoch: 0) - 0.1) < 1e-12)
    }
}
