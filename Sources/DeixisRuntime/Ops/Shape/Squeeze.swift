import DeixisGraph

// Y holds X's elements in the same order; only the shape differs.
enum Squeeze {
    /// Drops `axes` (input 1, of extent 1), or without them every axis of extent 1.
    static let squeeze = definition("Squeeze", since: 13, inputs: 1...2) { (call: OperatorCall) throws(RuntimeError) in
        let shape = try call.input(0).shape
        guard call.has(1) else { return shape.filter { $0 != 1 } }
        let axes = try call.normalize(axes: try call.integers(1), rank: shape.count)
        for axis in axes where shape[axis] != 1 { throw call.invalid("axis \(axis) of \(shape) has not extent 1") }
        return shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
    }

    /// Inserts axes of extent 1 that have the numbers `axes` (input 1) in Y.
    static let unsqueeze = definition("Unsqueeze", since: 13, inputs: 2...2) {
        (call: OperatorCall) throws(RuntimeError) in
        let shape = try call.input(0).shape, given = try call.integers(1)
        let rank = shape.count + given.count
        try call.check(.rank, rank, limit: call.limits.rank)
        let axes = try call.normalize(axes: given, rank: rank)
        var rest = shape.makeIterator(), result: [Int] = []
        for axis in 0..<rank { result.append(axes.contains(axis) ? 1 : rest.next() ?? 1) }
        return result
    }

    /// [product of the extents before `axis` (default 1), product of the others]
    static let flatten = definition("Flatten", since: 1, inputs: 1...1) { (call: OperatorCall) throws(RuntimeError) in
        let shape = try call.input(0).shape, given = try call.int("axis", default: 1)
        let axis = given == shape.count ? given : try call.normalize(axis: given, rank: shape.count)
        return [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]
    }

    private static func definition(
        _ name: Name, since: Int, inputs: ClosedRange<Int>,
        shape: @escaping @Sendable (OperatorCall) throws(RuntimeError) -> [Int]
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, since: since, inputs: inputs, types: .movable,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                [TensorSpec(try call.input(0).element, try shape(call))]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in copyBytes(try call.input(0).byteCount) },
            view: OperatorDefinition.bytesOf(input: 0))
    }
}
