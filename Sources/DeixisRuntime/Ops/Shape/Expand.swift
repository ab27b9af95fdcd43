import DeixisGraph

/// Y = X broadcast together with a tensor of the shape that input 1 holds.
enum Expand {
    static let definition = OperatorDefinition(
        "Expand", since: 8, inputs: 2...2, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), asked = try call.integers(1)
            guard asked.allSatisfy({ $0 >= 0 }), let shape = broadcast(x.shape, asked) else {
                throw call.invalid("\(x.shape) does not expand to \(asked)")
            }
            return [TensorSpec(x.element, shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), target = call.output().shape
            return moveElements(
                StridedLoop(target, broadcastStrides(x.shape, to: target)), byteCount: x.element.byteCount ?? 0)
        },
        view: { call in
            guard let x = try? call.input(0), x.count == call.output().count else { return nil }
            return .outputsInside(input: 0, offsets: [0])
        })
}

/// Y = X laid side by side `repeats[k]` times along axis k (input 1).
enum Tile {
    static let definition = OperatorDefinition(
        "Tile", since: 6, inputs: 2...2, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), repeats = try call.integers(1)
            guard repeats.count == x.rank, repeats.allSatisfy({ $0 >= 0 }) else {
                throw call.invalid("repeats \(repeats) do not fit \(x.shape)")
            }
            return [TensorSpec(x.element, zip(x.shape, repeats).map { $0.multipliedClamped(by: $1) })]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            // Each axis is walked as often as it repeats: an axis of its own in front of it, by steps of 0.
            let x = try call.input(0), y = call.output(), from = strides(x.shape)
            let shape = x.shape.indices.flatMap { [x.shape[$0] == 0 ? 0 : y.shape[$0] / x.shape[$0], x.shape[$0]] }
            return moveElements(StridedLoop(shape, from.flatMap { [0, $0] }), byteCount: x.element.byteCount ?? 0)
        })
}
