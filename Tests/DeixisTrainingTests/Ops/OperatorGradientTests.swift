@testable import DeixisTraining
import Testing

@Suite struct OperatorGradientTests {
    private func store() -> ParameterStore<Double> { ParameterStore(seed: 5) }

    @Test(arguments: [Activation.none, .relu]) func linear(_ activation: Activation) {
        let store = store()
        let weight = store.root.parameter("weight", [5, 4], .normal(deviation: 1))
        let bias = store.root.parameter("bias", [5], .normal(deviation: 1))
        checkGradients(leaves: [[2, 3, 4]], store) { _, x in x[0].linear(weight, bias, activation: activation) }
    }

    /// One variable used twice, so that gradients add up.
    @Test func sharedInput() {
        let store = store()
        let weight = store.root.parameter("weight", [4, 4], .normal(deviation: 1))
        checkGradients(leaves: [[3, 4]], store) { _, x in
            Variable.concatenatedChannels([
                x[0].linear(weight, nil), x[0].relu(), x[0], x[0].linear(weight, nil, activation: .relu),
            ])
        }
    }

    @Test func activations() {
        checkGradients(leaves: [[3, 7]]) { _, x in x[0].gelu() }
        checkGradients(leaves: [[3, 7]]) { _, x in x[0].sigmoid() }
        checkGradients(leaves: [[3, 7]]) { _, x in x[0].relu() }
        checkGradients(leaves: [[3, 7]]) { _, x in x[0].dropout(0.4) }
    }

    @Test(arguments: [0, 0.3]) func layerNorm(_ rate: Double) {
        let store = store()
        let gamma = store.root.parameter("gamma", [6], .normal(deviation: 1))
        let beta = store.root.parameter("beta", [6], .normal(deviation: 1))
        checkGradients(leaves: [[2, 3, 6]], store) { _, x in x[0].layerNorm(gamma, beta, epsilon: 1e-5) }
        checkGradients(leaves: [[2, 3, 6], [2, 3, 6]], store) { _, x in
            x[0].layerNorm(adding: x[1], dropout: rate, gamma, beta, epsilon: 1e-5)
        }
    }

    @Test func attention() {
        let mask = KeyMask<Double>(batch: 2, length: 5, attends: [1, 1, 1, 0, 0, 1, 1, 1, 1, 1])
        checkGradients(leaves: [[2, 3, 8], [2, 5, 8], [2, 5, 8]]) { _, x in
            x[0].attention(keys: x[1], values: x[2], heads: 2, mask: mask)
        }
        checkGradients(leaves: [[2, 37, 4], [2, 3, 4]]) { _, x in x[0].attention(keys: x[1], values: x[1], heads: 1) }
        checkGradients(leaves: [[1, 6, 6]]) { _, x in x[0].attention(keys: x[0], values: x[0], heads: 3) }
    }

    @Test func embedding() {
        let store = store()
        let word = store.root.parameter("word", [7, 4], .normal(deviation: 1))
        let position = store.root.parameter("position", [5, 4], .normal(deviation: 1))
        let type = store.root.parameter("type", [2, 4], .normal(deviation: 1))
        let tokens = TokenBatch(batch: 2, length: 3, ids: [1, 6, 1, 2, 0, 0], mask: [1, 1, 1, 1, 0, 0])
        checkGradients(leaves: [], store) { tape, _ in
            tape.embedding(tokens, word: word, position: position, tokenType: type)
        }
    }

    @Test func arrangement() {
        let store = store()
        let table = store.root.parameter("table", [3, 4], .normal(deviation: 1))
        checkGradients(leaves: [[2, 3, 4]], store) { _, x in x[0].adding(positions: table) }
        checkGradients(leaves: [[2, 3, 4], [2, 3, 2]]) { _, x in Variable.concatenatedChannels(x) }
        checkGradients(leaves: [[2, 3, 4], [2, 1, 4]]) { _, x in Variable.concatenatedTokens(x) }
        checkGradients(leaves: [[2, 5, 3]]) { _, x in x[0].tokens(1..<4) }
        checkGradients(leaves: [[2, 5, 3]]) { _, x in x[0].firstToken() }
    }

    struct ConvolutionCase: Sendable, CustomTestStringConvertible {
        var size = 6, inputs = 3, outputs = 4, kernel = 3, stride = 1, padding = 1
        var testDescription: String {
            "\(size)x\(size)x\(inputs) to \(outputs), kernel \(kernel) stride \(stride) padding \(padding)"
        }
    }

    static let convolutions = [
        ConvolutionCase(), ConvolutionCase(stride: 2), ConvolutionCase(kernel: 1, padding: 0),
        ConvolutionCase(kernel: 1, stride: 2, padding: 0), ConvolutionCase(size: 9, kernel: 7, stride: 2, padding: 3),
        ConvolutionCase(size: 5, inputs: 2, outputs: 2, kernel: 3, padding: 0),
    ]

    @Test(arguments: convolutions) func convolution(_ c: ConvolutionCase) {
        let store = store()
        let weight = store.root.parameter("weight", [c.outputs, c.inputs, c.kernel, c.kernel], .normal(deviation: 1))
        let bias = store.root.parameter("bias", [c.outputs], .normal(deviation: 1))
        let x = [2, c.size, c.size, c.inputs]
        checkGradients(leaves: [x], store) { _, x in
            FeatureMap(variable: x[0]).convolution(weight, bias: bias, stride: c.stride, padding: c.padding).variable
        }
        let out = (c.size + 2 * c.padding - c.kernel) / c.stride + 1
        let norm = FoldedNorm(
            gamma: store.root.parameter("gamma", [c.outputs], .normal(deviation: 1), trainable: false),
            beta: store.root.parameter("beta", [c.outputs], .normal(deviation: 1), trainable: false),
            mean: store.root.buffer("mean", [c.outputs], .normal(deviation: 1)),
            variance: store.root.buffer("variance", [c.outputs], .constant(0.7)), epsilon: 1e-5)
        checkGradients(leaves: [x, [2, out, out, c.outputs]], store) { _, x in
            FeatureMap(variable: x[0]).convolution(
                weight, norm: norm, residual: FeatureMap(variable: x[1]), activation: .relu, stride: c.stride,
                padding: c.padding
            ).variable
        }
    }

    @Test(arguments: [Activation.none, .relu], [false, true]) func batchNorm(_ activation: Activation, residual: Bool) {
        let store = store()
        let norm = FoldedNorm(
            gamma: store.root.parameter("gamma", [3], .normal(deviation: 1)),
            beta: store.root.parameter("beta", [3], .normal(deviation: 1)),
            mean: store.root.buffer("mean", [3], .zeros), variance: store.root.buffer("variance", [3], .ones),
            epsilon: 1e-5)
        checkGradients(leaves: [[2, 3, 2, 3], [2, 3, 2, 3]], store) { _, x in
            FeatureMap(variable: x[0]).batchNorm(
                norm, momentum: 0.1, residual: residual ? FeatureMap(variable: x[1]) : nil, activation: activation
            ).variable
        }
    }

    /// Two softmaxes of 3 and 2 classes beside each other, rows weighted, one not at all; the loss is scaled from
    /// above.
    @Test func softmaxCrossEntropy() {
        let labels: [Int32] = [2, 0, 0, 1, 1, 1, 2, 1]
        checkGradients(leaves: [[2, 2, 5]]) { _, x in
            x[0].softmaxCrossEntropy(classes: [3, 2], labels: labels, weights: [1, 0.25, 0, 2])
        }
        checkGradients(leaves: [[2, 2, 5]]) { _, x in
            x[0].relu().softmaxCrossEntropy(classes: [3, 2], labels: labels, weights: [0, 0, 0, 0])
        }
    }

    @Test func pooling() {
        checkGradients(leaves: [[2, 4, 6, 3]]) { _, x in
            FeatureMap(variable: x[0]).maxPool(kernel: 2, stride: 2).variable
        }
        checkGradients(leaves: [[2, 6, 5, 2]]) { _, x in
            FeatureMap(variable: x[0]).maxPool(kernel: 3, stride: 2, padding: 1).variable
        }
        checkGradients(leaves: [[2, 2, 3, 2]]) { _, x in FeatureMap(variable: x[0]).upsampled(by: 2).variable }
        checkGradients(leaves: [[2, 1, 3, 2]]) { _, x in FeatureMap(variable: x[0]).doubledBilinear().variable }
        checkGradients(leaves: [[2, 2, 3, 2]]) { _, x in FeatureMap(variable: x[0]).flattened() }
    }
}
