@testable import DeixisTraining
import Foundation
import Testing

/// The operators' values against their formulas, computed the slow way in double.
@Suite struct ForwardTests {
    /// Against log sums written out; large logits do not overflow.
    @Test func softmaxCrossEntropy() {
        let tape = Tape<Double>(.inference)
        let x = tape.variable(Tensor([2, 5], [0, 1, 2, 0.5, -0.5, 1000, 0, 0, -800, 0]))
        let loss = x.softmaxCrossEntropy(classes: [3, 2], labels: [2, 0, 0, 0], weights: [1, 3])
        let first = log(1 + exp(1.0) + exp(2.0)) - 2 + log(exp(0.5) + exp(-0.5)) - 0.5
        #expect(abs(loss.tensor.values[0] - (first + 3 * 800) / 4) < 1e-10)
    }

    @Test(arguments: [(3, 1, 1), (3, 2, 1), (1, 2, 0), (7, 2, 3), (3, 1, 0)])
    func convolution(kernel: Int, stride: Int, padding: Int) {
        let store = ParameterStore<Double>(seed: 2)
        let weight = store.root.parameter("weight", [5, 3, kernel, kernel], .normal(deviation: 1))
        let bias = store.root.parameter("bias", [5], .normal(deviation: 1))
        let (height, width) = (9, 11)
        let x = Tensor<Double>(uninitialized: [2, height, width, 3])
        Initializer.normal(deviation: 1).fill(x, seed: 8)
        let tape = Tape<Double>(.inference)
        let y = FeatureMap(variable: tape.variable(x)).convolution(weight, bias: bias, stride: stride, padding: padding)
        let (xs, ws, ys) = (x.values, weight.value.values, y.variable.tensor.values)
        var index = 0
        for image in 0..<2 {
            for oy in 0..<(height + 2 * padding - kernel) / stride + 1 {
                for ox in 0..<(width + 2 * padding - kernel) / stride + 1 {
                    for o in 0..<5 {
                        var sum = bias.value.values[o]
                        for i in 0..<3 {
                            for ky in 0..<kernel {
                                for kx in 0..<kernel {
                                    let (iy, ix) = (oy * stride + ky - padding, ox * stride + kx - padding)
                                    guard (0..<height).contains(iy), (0..<width).contains(ix) else { continue }
                                    sum +=
                                        xs[((image * height + iy) * width + ix) * 3 + i]
                                        * ws[((o * 3 + i) * kernel + ky) * kernel + kx]
                                }
                            }
                        }
                        #expect(abs(ys[index] - sum) < 1e-10)
                        index += 1
                    }
                }
            }
        }
        #expect(index == ys.count)
    }

    @Test func poolingAndUpsampling() {
        let tape = Tape<Float>(.inference)
        let x = FeatureMap(variable: tape.variable(Tensor([1, 2, 4, 1], [1, -2, 3, 4, -5, 6, -7, 8])))
        #expect(x.maxPool(kernel: 2, stride: 2).variable.tensor.values == [6, 8])
        #expect(x.maxPool(kernel: 3, stride: 2, padding: 1).variable.tensor.values == [6, 8])
        let up = x.maxPool(kernel: 2, stride: 2).upsampled(by: 2).variable
        #expect(up.shape == [1, 2, 4, 1])
        #expect(up.tensor.values == [6, 6, 8, 8, 6, 6, 8, 8])
        // torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        let column = FeatureMap(variable: tape.variable(Tensor([1, 2, 1, 1], [4, 8])))
        #expect(column.doubledBilinear().variable.tensor.values == [4, 4, 5, 5, 7, 7, 8, 8])
    }

    /// torch.nn.BatchNorm2d: batch variance over n for the result, over n - 1 for the running one.
    @Test func batchNormStatistics() {
        let store = ParameterStore<Double>(seed: 2)
        let norm = FoldedNorm(
            gamma: store.root.parameter("gamma", [1], .constant(2)),
            beta: store.root.parameter("beta", [1], .constant(1)),
            mean: store.root.buffer("mean", [1], .zeros), variance: store.root.buffer("variance", [1], .ones),
            epsilon: 0)
        let tape = Tape<Double>(.training(seed: 0))
        let x = FeatureMap(variable: tape.variable(Tensor([1, 2, 2, 1], [1, 3, 5, 7])))
        let y = x.batchNorm(norm, momentum: 0.1, activation: .none).variable.tensor.values
        let rstd = 1 / Double(5).squareRoot()
        for (got, wanted) in zip(y, [-3, -1, 1, 3].map { 2 * $0 * rstd + 1 }) { #expect(abs(got - wanted) < 1e-12) }
        #expect(norm.mean.value.values[0] == 0, "nothing moves before the step is taken")
        x.tape.commit()
        #expect(norm.mean.value.values[0] == 0, "nor when one pass of several is done")
        store.moveStatistics()
        #expect(abs(norm.mean.value.values[0] - 0.4) < 1e-12)
        #expect(abs(norm.variance.value.values[0] - (0.9 + 0.1 * 20 / 3)) < 1e-12)
    }

    @Test func dropoutAndBatchNormRestAtInference() {
        let tape = Tape<Float>(.inference)
        let x = tape.variable(Tensor([2, 2], [1, 2, 3, 4]))
        #expect(x.dropout(0.5).tensor.values == [1, 2, 3, 4])
        #expect(tape.nodes.isEmpty)
    }
}
