import DeixisTraining

/// What one of the recipe's patterns of names matched.
public struct PatternMatch: Sendable, Equatable {
    public enum Effect: Sendable, Equatable { case frozen, factor(Double) }

    public let pattern: String
    public let effect: Effect
    /// Names of the parameters that learned before, in order.
    public let names: [String]
    /// Their numbers together.
    public let count: Int

    /// "visual.layer1 x 0.1: 10 parameters, 215,808 numbers: visual.layer1.0.conv1.weight ... visual.layer1.2.bn3.bias"
    public var line: String {
        let what =
            switch effect {
            case .frozen: "frozen"
            case .factor(let factor): "rate x \(factor)"
            }
        let ends =
            names.count > 1 ? "\(names[0]) ... \(names[names.count - 1])" : names.first ?? "which learn nothing anyway"
        return
            "\(pattern): \(what), \(names.count) parameter\(names.count == 1 ? "" : "s") of \(count) numbers: \(ends)"
    }

    /// Freezes what the patterns say.
    ///
    /// - Returns: what each pattern matched, and the factor of each parameter whose rate is not the plain one.
    /// - Throws: `pattern` for one that matches nothing, or nothing that learns where it gives a rate, and where all
    ///   is frozen.
    static func apply<Scalar: Real>(
        freeze: [String], rates: RateFactors, to parameters: ParameterStore<Scalar>
    ) throws(GroundingError) -> (matches: [PatternMatch], factors: [String: Double]) {
        var matches: [PatternMatch] = [], factors: [String: Double] = [:]
        func match(_ pattern: String, _ option: String, _ effect: Effect) throws(GroundingError) -> [Parameter<Scalar>]
        {
            let found = parameters.matching(pattern)
            guard !found.isEmpty else {
                let examples = parameters.trainable.isEmpty ? "" : "; the first is \(parameters.trainable[0].name)"
                throw .pattern(option: option, pattern: pattern, reason: "matches no parameter's name\(examples)")
            }
            let learning = found.filter(\.isTrainable)
            matches.append(
                PatternMatch(
                    pattern: pattern, effect: effect, names: learning.map(\.name),
                    count: learning.reduce(0) { $0 + $1.count }))
            return learning
        }
        for pattern in freeze { parameters.freeze(try match(pattern, "--freeze", .frozen)) }
        if let last = freeze.last, parameters.trainable.isEmpty {
            throw .pattern(option: "--freeze", pattern: last, reason: "leaves nothing that learns")
        }
        for entry in rates.entries {
            let learning = try match(entry.pattern, "--rate", .factor(entry.factor))
            guard !learning.isEmpty else {
                throw .pattern(option: "--rate", pattern: entry.pattern, reason: "matches only what does not learn")
            }
            for parameter in learning { factors[parameter.name, default: 1] *= entry.factor }
        }
        return (matches, factors)
    }
}
