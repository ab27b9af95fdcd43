import CDeixisTensor

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019):
///
///     m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
///     p = p - lr decay p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
///
/// in one pass over each parameter, gradient clipping and the average of weights included.
public final class AdamW<Scalar: Real> {
    public struct Settings: Sendable, Equatable {
        public var beta1 = 0.9
        public var beta2 = 0.999
        public var epsilon = 1e-8
        public var weightDecay = 1e-4
        /// Weight decay also on biases and norms, as in torch without parameter groups.
        public var decaysVectors = false
        /// The gradient of all parameters together is scaled down to this norm; nil: as it is.
        public var maximumGradientNorm: Double?
        /// Keep an exponential moving average of the weights with this decay; nil: none.
        public var averageDecay: Double?

        public init() {}
    }

    /// Parameters that share a learning rate.
    public struct Group {
        public let name: String
        public var learningRate: Double
        public let decays: Bool
        public let parameters: [Parameter<Scalar>]

        public init(name: String, learningRate: Double, decays: Bool = true, _ parameters: [Parameter<Scalar>]) {
            (self.name, self.learningRate, self.decays, self.parameters) = (name, learningRate, decays, parameters)
        }
    }

    final class Moments {
        let first, second: Tensor<Scalar>
        var average: Tensor<Scalar>?
        var steps = 0

        init(_ parameter: Parameter<Scalar>, averages: Bool) {
            first = Tensor(zeros: parameter.shape)
            second = Tensor(zeros: parameter.shape)
            average = averages ? parameter.value.copy() : nil
        }
    }

    public let settings: Settings
    /// Learning rates before `factor`.
    public let groups: [Group]
    /// Steps taken.
    public internal(set) var step = 0
    var moments: [String: Moments] = [:]

    public init(_ groups: [Group], _ settings: Settings = Settings()) {
        self.groups = groups
        self.settings = settings
        for group in groups {
            for parameter in group.parameters where parameter.isTrainable {
                moments[parameter.name] = Moments(parameter, averages: settings.averageDecay != nil)
            }
        }
    }

    /// Changes every parameter that has a gradient.
    ///
    /// - Parameter factor: what schedule and warm-up multiply the learning rates by.
    /// - Returns: the norm of the whole gradient, before clipping. If it is not finite, nothing is changed.
    @discardableResult
    public func update(factor: Double = 1) -> Double {
        let norm = gradientNorm()
        guard norm.isFinite else { return norm }
        step += 1
        var gradientScale = 1.0
        if let limit = settings.maximumGradientNorm, norm > limit { gradientScale = limit / norm }
        // The average starts as a plain mean, so that it forgets the initial weights sooner.
        let averageDecay = settings.averageDecay.map { min($0, Double(1 + step) / Double(10 + step)) } ?? 0
        for group in groups {
            let rate = group.learningRate * factor
            for parameter in group.parameters {
                guard let gradient = parameter.gradient, let moments = moments[parameter.name] else { continue }
                moments.steps += 1
                let first = 1 - power(settings.beta1, moments.steps), second = 1 - power(settings.beta2, moments.steps)
                let decays = group.decays && (parameter.decays || settings.decaysVectors)
                let decay = decays ? rate * settings.weightDecay : 0
                let (p, g, m, v) = (
                    parameter.value.pointer, gradient.pointer, moments.first.pointer, moments.second.pointer
                )
                parallel(parameter.count, grain: 1 << 14) {
                    let at = $0.lowerBound
                    Scalar.kernels.pointee.adamw(
                        p + at, g + at, m + at, v + at, moments.average.map { $0.pointer + at }, decay, rate / first,
                        1 / second.squareRoot(), self.settings.beta1, self.settings.beta2, self.settings.epsilon,
                        gradientScale,
                        averageDecay, $0.count)
                }
            }
        }
        return norm
    }

    /// Runs `body` with the averaged weights in place of the last ones (as they are if no average is kept).
    public func withAveragedWeights<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        exchangeAverages()
        defer { exchangeAverages() }
        return try body()
    }

    /// The averages begin anew at the present weights: after these were read from elsewhere.
    public func restartAverages() {
        for group in groups {
            for parameter in group.parameters {
                guard let moments = moments[parameter.name], moments.average != nil else { continue }
                moments.average = parameter.value.copy()
            }
        }
    }

    private func exchangeAverages() {
        for group in groups {
            for parameter in group.parameters {
                guard let average = moments[parameter.name]?.average else { continue }
                let (a, b) = (parameter.value.pointer, average.pointer)
                for index in 0..<parameter.count { (a[index], b[index]) = (b[index], a[index]) }
            }
        }
    }

    /// The Euclidean norm of all gradients together.
    public func gradientNorm() -> Double {
        var total = 0.0
        for group in groups {
            for parameter in group.parameters {
                guard let gradient = parameter.gradient else { continue }
                let step = 1 << 16, parts = (gradient.count + step - 1) / step
                var sums = Array(repeating: 0.0, count: parts)
                sums.withUnsafeMutableBufferPointer { sums in
                    let base = sums.baseAddress
                    parallelChunks(parts) {
                        base?[$0] = Scalar.kernels.pointee.sum_squares(
                            gradient.pointer + $0 * step, min(step, gradient.count - $0 * step))
                    }
                }
                total += sums.reduce(0, +)
            }
        }
        return total.squareRoot()
    }
}

/// base^exponent by squaring; exponent >= 0.
private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, base, exponent) = (1.0, base, exponent)
    while exponent > 0 {
        if exponent & 1 == 1 { result *= base }
        base *= base
        exponent >>= 1
    }
    return result
}
