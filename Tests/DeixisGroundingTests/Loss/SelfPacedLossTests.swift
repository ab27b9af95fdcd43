@testable import DeixisGrounding
@testable import DeixisTraining
import Testing

@Suite struct SelfPacedLossTests {
    private func evaluate(
        _ boxes: [Double], _ truth: [Double], sigma: [Double], _ configuration: NetworkConfiguration.Loss = .init()
    ) -> (value: Double, boxGradient: [Double], sigmaGradient: [Double]) {
        let store = ParameterStore<Double>(seed: 1)
        let parameter = store.root.parameter("sigma", [2], .values(sigma))
        let tape = Tape<Double>(.training(seed: 0))
        let variable = tape.variable(Tensor([boxes.count / 4, 4], boxes), needsGradient: true)
        let loss = SelfPacedLoss(configuration)(variable, truth: truth, sigma: parameter)
        tape.backward(loss.total)
        return (
            loss.total.tensor.values[0], tape.gradient(of: variable)?.values ?? [], parameter.gradient?.values ?? []
        )
    }

    /// Two boxes side by side, by hand: L_l1 = 0.5, no overlap, union 0.08, hull 0.14.
    @Test func knownValue() {
        let (value, _, _) = evaluate([0.2, 0.5, 0.2, 0.2], [0.7, 0.5, 0.2, 0.2], sigma: [2.5, 2.5])
        let l1 = 0.5, giou = 1 + (0.14 - 0.08) / 0.14
        func part(_ loss: Double) -> Double { exponential(loss * loss / 6.25) * (loss - 0.75) }
        #expect(abs(value - part(l1) - part(giou)) < 1e-12)
    }

    /// Overlapping, nested, apart, equal in one edge excepted (there the loss has a corner).
    @Test(arguments: [
        [0.42, 0.47, 0.31, 0.28], [0.5, 0.5, 0.1, 0.1], [0.1, 0.15, 0.11, 0.2], [0.52, 0.49, 0.8, 0.9],
        [0.9, 0.5, 0.2, 0.05],
    ])
    func gradients(_ box: [Double]) {
        let truth = [0.45, 0.52, 0.35, 0.22]
        var moved = NetworkConfiguration.Loss()
        moved.mu = [0.3, 0.6]
        for (sigma, loss) in [
            ([2.5, 2.5], NetworkConfiguration.Loss()), ([0.9, 1.4], .init()), ([-1.1, 0.7], .init()),
            ([0.9, 1.4], moved),
        ] {
            let (_, boxGradient, sigmaGradient) = evaluate(box, truth, sigma: sigma, loss)
            let h = 1e-6
            for axis in 0..<4 {
                func value(_ amount: Double) -> Double {
                    var moved = box
                    moved[axis] += amount
                    return evaluate(moved, truth, sigma: sigma, loss).value
                }
                let expected = (value(h) - value(-h)) / (2 * h)
                #expect(abs(boxGradient[axis] - expected) <= 1e-6 * max(1, abs(expected)))
            }
            for index in 0..<2 {
                func value(_ amount: Double) -> Double {
                    var moved = sigma
                    moved[index] += amount
                    return evaluate(box, truth, sigma: moved, loss).value
                }
                let expected = (value(h) - value(-h)) / (2 * h)
                #expect(abs(sigmaGradient[index] - expected) <= 1e-6 * max(1, abs(expected)))
            }
        }
    }

    /// Finite value and gradients for every finite box and any sigma, infinite ones included.
    @Test func staysFinite() {
        let coordinates = [0, 1e-300, 1e-9, 0.5, 1]
        let sigmas = [0, -0.0, 1e-300, 1e-6, 0.05, -0.05, 0.3, 2.5, 1e30, .infinity, -.infinity]
        for sigma in sigmas {
            for x in coordinates {
                for w in coordinates {
                    for truth in [[0.5, 0.5, 0.2, 0.2], [0, 0, 1e-12, 1e-12], [1, 1, 0, 0]] {
                        let (value, box, slope) = evaluate([x, 1 - x, w, 1 - w], truth, sigma: [sigma, sigma])
                        #expect(
                            value.isFinite && box.allSatisfy(\.isFinite) && slope.allSatisfy(\.isFinite),
                            "x \(x) w \(w) sigma \(sigma)")
                    }
                }
            }
        }
    }

    @Test func switches() {
        var plain = NetworkConfiguration.Loss()
        plain.isSelfPaced = false
        let (value, _, slope) = evaluate([0.2, 0.5, 0.2, 0.2], [0.7, 0.5, 0.2, 0.2], sigma: [2.5, 2.5], plain)
        #expect(abs(value - 0.5 - 1 - 0.06 / 0.14) < 1e-12)
        #expect(slope == [0, 0])
        // At the limit d is exp(8) whatever sigma.
        let loss = SelfPacedLoss(.init())
        #expect(loss.pace(2, sigma: 0.1).weight == exponential(8))
        #expect(loss.pace(2, sigma: 0.1).slope == exponential(8))
        #expect(loss.pace(2, sigma: 0.1).sigmaSlope == 0)
    }
}
