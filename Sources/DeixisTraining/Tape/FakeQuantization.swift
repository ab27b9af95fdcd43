import CDeixisTensor

/// What a quantized model will do to values, done to a pass in floats, so that learning takes it into account (Jacob et
/// al. 2018):
///
///     y = scale (q - zero),  q = x / scale + zero, rounded and held to 0...255      results that will be stored in 8 bits
///     w = s round(w / s),    s = max |w| / 127 per output channel                   weights
///
/// Gradients pass as if nothing had been rounded, and not at all where a result lay outside its range: rounding itself
/// has no slope to follow.
///
/// Results are found by their place among a pass's operators. That place is the same in training, inference and tracing
/// but for dropout, which does not count; `fits` says whether a pass really has these operators.
public struct FakeQuantization: Sendable, Codable, Equatable {
    /// real = scale (stored - zero)
    public struct Steps: Sendable, Codable, Equatable {
        public var scale: Double
        public var zero: Int
        public init(scale: Double, zero: Int) { (self.scale, self.zero) = (scale, zero) }
        /// Beyond these a result is held, not just rounded.
        var range: (low: Double, high: Double) { (scale * (-0.5 - Double(zero)), scale * (255.5 - Double(zero))) }
    }

    /// The operators of a pass, in order.
    public let operators: [String]
    /// Of the results that are stored, by place.
    public let steps: [Int: Steps]
    /// Parameters that are stored as int8, by name.
    public let weights: [String]

    public init(operators: [String], steps: [Int: Steps], weights: [String]) {
        (self.operators, self.steps, self.weights) = (operators, steps, weights)
    }

    /// What a file says need not be.
    public var isSound: Bool {
        steps.values.allSatisfy { Float($0.scale) > 0 && Float($0.scale).isFinite && (0...255).contains($0.zero) }
    }

    /// Whether the operators at the beginning of what `tape` recorded are these.
    public func fits<Scalar: Real>(_ tape: Tape<Scalar>) -> Bool {
        tape.nodes.lazy.map(\.op).filter { $0 != "Dropout" }.starts(with: operators)
    }

    /// Runs `body` with the weights rounded; they are as before afterwards.
    public func withRoundedWeights<Scalar: Real, R, E: Error>(
        in parameters: ParameterStore<Scalar>, _ body: () throws(E) -> R
    ) throws(E) -> R {
        let members = weights.compactMap { parameters[$0] }, before = members.map { $0.value.copy() }
        for parameter in members { Self.round(parameter.value) }
        defer {
            for (parameter, kept) in zip(members, before) {
                parameter.value.pointer.update(from: kept.pointer, count: kept.count)
            }
        }
        return try body()
    }

    /// Rounds the weights for good: of a network that is to be exported.
    public func roundWeights<Scalar: Real>(in parameters: ParameterStore<Scalar>) {
        for name in weights { if let parameter = parameters[name] { Self.round(parameter.value) } }
    }

    /// [output channels, ...], in place.
    private static func round<Scalar: Real>(_ weight: Tensor<Scalar>) {
        let rows = weight.shape.first ?? 0, columns = weight.count / max(rows, 1)
        let pointer = weight.pointer
        parallel(rows, grain: max(1, 16384 / max(columns, 1))) {
            Scalar.kernels.pointee.fake_quantize_rows(pointer + $0.lowerBound * columns, $0.count, columns)
        }
    }
}

extension Tape {
    /// A result as it will be stored, and the pullback that goes with it; those of operators that only move what is
    /// stored already stay.
    func fakeQuantized(
        _ op: String, _ result: Tensor<Scalar>, _ pullback: Pullback?
    ) -> (result: Tensor<Scalar>, pullback: Pullback?) {
        guard let quantization, op != "Dropout" else { return (result, pullback) }
        let place = operatorCount
        operatorCount += 1
        guard let steps = quantization.steps[place], !Self.moving.contains(op) else { return (result, pullback) }
        let rounded = Tensor<Scalar>(uninitialized: result.shape)
        parallel(result.count, grain: 1 << 14) {
            Scalar.kernels.pointee.fake_quantize(
                rounded.pointer + $0.lowerBound, result.pointer + $0.lowerBound, steps.scale, Int32(steps.zero),
                $0.count)
        }
        guard isTraining, let pullback else { return (rounded, pullback) }
        let (low, high) = steps.range
        return (
            rounded,
            { gradient in
                let passed = gradient.isUnique() ? gradient : Tensor(uninitialized: gradient.shape)
                let (from, x) = (gradient, result)
                parallel(x.count, grain: 1 << 14) {
                    Scalar.kernels.pointee.pass_between(
                        passed.pointer + $0.lowerBound, from.pointer + $0.lowerBound, x.pointer + $0.lowerBound, low,
                        high, $0.count)
                }
                gradient = passed
                pullback(&gradient)
            }
        )
    }

    private static var moving: Set<String> { ["Flatten", "Squeeze", "Concat", "MaxPool", "Slice"] }
}
