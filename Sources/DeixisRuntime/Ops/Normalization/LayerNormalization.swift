import DeixisGraph

/// Rows are X's elements from `axis` (default -1) on; scale and bias broadcast to that part of X's shape.
enum LayerNormalization {
    /// Outputs 1 and 2: mean and 1 / sqrt(variance + epsilon), float32, reduced axes kept as 1.
    static let layer = definition("LayerNormalization", since: 17, inputs: 2...3, outputs: 3, centered: true)
    /// y = x / sqrt(mean x^2 + epsilon) scale
    static let rms = definition("RMSNormalization", since: 23, inputs: 2...2, outputs: 1, centered: false)

    private static func definition(
        _ name: Name, since: Int, inputs: ClosedRange<Int>, outputs: Int, centered: Bool
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, since: since, inputs: inputs, types: .reals,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), axis = try axis(call)
                let normalized = Array(x.shape[axis...])
                for i in 1...2 { try RowNormalization.check(call, i, shape: normalized, broadcasts: true) }
                let reduced = TensorSpec(.float32, x.shape.indices.map { $0 < axis ? x.shape[$0] : 1 })
                return Array([x, reduced, reduced].prefix(outputs))
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), axis = try axis(call), normalized = Array(x.shape[axis...])
                // Where element i of a row finds its parameters, settled here; usually at i.
                let scale = try call.input(1).shape, bias = call.has(2) ? try call.input(2).shape : scale
                let table = scale == normalized ? nil : places(of: scale, in: normalized)
                let length = normalized.reduce(1, *)
                return try RowNormalization(
                    rows: x.shape[..<axis].reduce(1, *), length: length,
                    epsilon: Double(try call.float("epsilon", default: 1e-5)),
                    parameter: { _, i in table?[i] ?? i },
                    biasPlaces: bias == scale ? nil : places(of: bias, in: normalized), centered: centered
                ).compute(call)
            })
    }

    /// For each element of `shape`, the element of a tensor that broadcasts to it from `small`.
    private static func places(of small: [Int], in shape: [Int]) -> [Int] {
        let walk = broadcastStrides(small, to: shape)
        return (0..<shape.reduce(1, *)).map { i in
            var rest = i, at = 0
            for k in shape.indices.reversed() {
                at += rest % shape[k] * walk[k]
                rest /= shape[k]
            }
            return at
        }
    }

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        guard try call.int("stash_type", default: 1) == 1 else { throw call.invalid("only stash_type 1 is supported") }
        return try call.normalize(axis: try call.int("axis", default: -1), rank: try call.input(0).rank)
    }
}
