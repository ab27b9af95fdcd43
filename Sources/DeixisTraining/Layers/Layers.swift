/// y = x W^T + b, [..., in] -> [..., out].
public struct Linear<Scalar: Real> {
    public let weight: Parameter<Scalar>
    public let bias: Parameter<Scalar>

    public init(
        _ scope: Scope<Scalar>, _ inputs: Int, _ outputs: Int, gain: Double = 1, bias: Initializer = .zeros,
        trainable: Bool = true
    ) {
        weight = scope.parameter(
            "weight", [outputs, inputs], gain == 1 ? .xavier : .scaledXavier(gain: gain), trainable: trainable)
        self.bias = scope.parameter("bias", [outputs], bias, trainable: trainable)
    }

    /// The weight's name without its last part.
    public var name: String { scopeName(weight) }

    public func callAsFunction(_ x: Variable<Scalar>, activation: Activation = .none) -> Variable<Scalar> {
        x.tape.scope(name) { x.linear(weight, bias, activation: activation) }
    }
}

/// y = gamma (x + r - mean) / sqrt(variance + eps) + beta over the last axis.
public struct LayerNorm<Scalar: Real> {
    public let weight: Parameter<Scalar>
    public let bias: Parameter<Scalar>
    public let epsilon: Double

    public init(_ scope: Scope<Scalar>, _ width: Int, epsilon: Double) {
        weight = scope.parameter("weight", [width], .ones)
        bias = scope.parameter("bias", [width], .zeros)
        self.epsilon = epsilon
    }

    /// LN(x + dropout(residual)).
    public func callAsFunction(
        _ x: Variable<Scalar>, adding residual: Variable<Scalar>? = nil, dropout: Double = 0
    ) -> Variable<Scalar> {
        x.tape.scope(scopeName(weight)) {
            x.layerNorm(adding: residual, dropout: dropout, weight, bias, epsilon: epsilon)
        }
    }
}

/// Queries of one sequence attend to another: Softmax(Q K^T / sqrt(d)) V per head, then an output projection.
public struct MultiHeadAttention<Scalar: Real> {
    public let query, key, value, output: Linear<Scalar>
    public let heads: Int

    /// - Parameters:
    ///   - output: where the output projection's names lie, if not beside the others'.
    ///   - outputGain: of the output projection's initial weights.
    public init(_ scope: Scope<Scalar>, output: Scope<Scalar>? = nil, width: Int, heads: Int, outputGain: Double = 1) {
        query = Linear(scope("query"), width, width)
        key = Linear(scope("key"), width, width)
        value = Linear(scope("value"), width, width)
        self.output = Linear(output ?? scope("output"), width, width, gain: outputGain)
        self.heads = heads
    }

    /// - Parameters:
    ///   - x: asks, [batch, queries, width].
    ///   - source: is asked, [batch, keys, width].
    ///   - mask: which keys take part.
    public func callAsFunction(
        _ x: Variable<Scalar>, over source: Variable<Scalar>, mask: KeyMask<Scalar>?
    ) -> Variable<Scalar> {
        let (q, k, v) = (query(x), key(source), value(source))
        let name = scopeName(query.weight).split(separator: ".").dropLast().joined(separator: ".")
        return output(x.tape.scope(name) { q.attention(keys: k, values: v, heads: heads, mask: mask) })
    }
}

/// A convolution without bias followed by BatchNorm, under torchvision's two names (`conv1` and `bn1`).
public struct NormedConvolution<Scalar: Real> {
    public let weight: Parameter<Scalar>
    let norm: FoldedNorm<Scalar>
    let stride: Int
    let frozen: Bool
    let momentum: Double

    /// - Parameters:
    ///   - frozen: the norm keeps its statistics, scale and shift.
    ///   - zeroScale: gamma starts at 0, so that a residual branch starts as nothing (Goyal et al. 2017).
    public init(
        _ convolution: Scope<Scalar>, _ norm: Scope<Scalar>, inputs: Int, outputs: Int, kernel: Int, stride: Int,
        frozen: Bool,
        momentum: Double = 0.1, zeroScale: Bool = false
    ) {
        weight = convolution.parameter("weight", [outputs, inputs, kernel, kernel], .heFanOut)
        self.norm = FoldedNorm(
            gamma: norm.parameter("weight", [outputs], zeroScale ? .zeros : .ones, trainable: !frozen),
            beta: norm.parameter("bias", [outputs], .zeros, trainable: !frozen),
            mean: norm.buffer("running_mean", [outputs], .zeros),
            variance: norm.buffer("running_var", [outputs], .ones),
            epsilon: 1e-5)
        (self.stride, self.frozen, self.momentum) = (stride, frozen, momentum)
    }

    /// Its weights, buffers left out.
    public var parameters: [Parameter<Scalar>] { [weight, norm.gamma, norm.beta] }

    /// act(norm(conv(x)) + residual)
    public func callAsFunction(
        _ x: FeatureMap<Scalar>, adding residual: FeatureMap<Scalar>? = nil, activation: Activation
    ) -> FeatureMap<Scalar> {
        let padding = weight.shape[2] / 2
        return x.tape.scope(scopeName(weight)) {
            // A scale that does not learn belongs to statistics that do not move.
            guard x.tape.isTraining && !frozen && norm.gamma.isTrainable else {
                return x.convolution(
                    weight, norm: norm, residual: residual, activation: activation, stride: stride, padding: padding)
            }
            return x.convolution(weight, stride: stride, padding: padding)
                .batchNorm(norm, momentum: momentum, residual: residual, activation: activation)
        }
    }
}

/// A convolution with bias; zeros around it, so that a stride of 1 keeps height and width.
public struct Convolution<Scalar: Real> {
    public let weight, bias: Parameter<Scalar>
    let stride: Int

    public init(_ scope: Scope<Scalar>, inputs: Int, outputs: Int, kernel: Int = 1, stride: Int = 1) {
        weight = scope.parameter("weight", [outputs, inputs, kernel, kernel], .xavier)
        bias = scope.parameter("bias", [outputs], .zeros)
        self.stride = stride
    }

    public func callAsFunction(_ x: FeatureMap<Scalar>) -> FeatureMap<Scalar> {
        x.tape.scope(scopeName(weight)) {
            x.convolution(weight, bias: bias, stride: stride, padding: weight.shape[2] / 2)
        }
    }
}

/// The layer's name: its weight's without the last part.
func scopeName<Scalar: Real>(_ parameter: Parameter<Scalar>) -> String {
    String(parameter.name[..<(parameter.name.lastIndex(of: ".") ?? parameter.name.startIndex)])
}
