import DeixisGraph

/// Rows are the planes of X [batch, channels, spatial...]; scale and bias [channels].
enum InstanceNormalization {
    static let definition = OperatorDefinition(
        "InstanceNormalization", since: 6, inputs: 3...3, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            guard x.rank >= 3 else { throw call.invalid("input \(x.shape) has no spatial axis") }
            for i in 1..<3 { try RowNormalization.check(call, i, shape: [x.shape[1]]) }
            return [x]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0).shape, channels = x[1]
            return try RowNormalization(
                rows: x[0] * channels, length: x[2...].reduce(1, *),
                epsilon: Double(try call.float("epsilon", default: 1e-5)),
                parameter: { row, _ in row % channels }
            ).compute(call)
        })
}

/// Rows are the `num_groups` groups of channels of X [batch, channels, spatial...]; scale and bias [channels], or
/// [num_groups].
enum GroupNormalization {
    static let definition = OperatorDefinition(
        "GroupNormalization", since: 18, inputs: 3...3, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), groups = try groups(call)
            // One number for a group is what the operator had before opset 21; the shape tells.
            let isPerGroup = try call.input(1).shape == [groups]
            for i in 1..<3 { try RowNormalization.check(call, i, shape: [isPerGroup ? groups : x.shape[1]]) }
            guard try call.int("stash_type", default: 1) == 1 else {
                throw call.invalid("only stash_type 1 is supported")
            }
            return [x]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0).shape, groups = try groups(call), perGroup = x[1] / groups
            let plane = x[2...].reduce(1, *), perChannel = try call.input(1).shape == [x[1]]
            return try RowNormalization(
                rows: x[0] * groups, length: perGroup * plane,
                epsilon: Double(try call.float("epsilon", default: 1e-5)),
                parameter: { row, i in perChannel ? row % groups * perGroup + i / plane : row % groups }
            ).compute(call)
        })

    private static func groups(_ call: OperatorCall) throws(RuntimeError) -> Int {
        let x = try call.input(0), groups = try call.int("num_groups", default: 0)
        guard x.rank >= 2, groups > 0, x.shape[1] % groups == 0 else {
            throw call.invalid("input \(x.shape) does not divide into \(groups) groups")
        }
        return groups
    }
}
