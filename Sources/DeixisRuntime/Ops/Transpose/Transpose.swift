import DeixisGraph

/// Y[i_0, ..., i_n] = X[...], axis k of Y being axis `perm[k]` of X; without `perm` the axes are reversed.
enum Transpose {
    static let definition = OperatorDefinition(
        "Transpose", inputs: 1...1, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), order = try permutation(call)
            return [TensorSpec(x.element, order.map { x.shape[$0] })]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            let from = strides(x.shape)
            let walk = StridedLoop(call.output().shape, try permutation(call).map { from[$0] })
            return moveElements(walk, byteCount: x.element.byteCount ?? 0)
        },
        view: { call in
            // Moving only axes of extent 1 moves nothing.
            guard let x = try? call.input(0), let order = try? permutation(call) else { return nil }
            let moved = order.filter { x.shape[$0] != 1 }
            return moved == moved.sorted(by: { $0 < $1 }) ? .outputsInside(input: 0, offsets: [0]) : nil
        })

    /// `perm`, checked.
    static func permutation(_ call: OperatorCall) throws(RuntimeError) -> [Int] {
        let rank = try call.input(0).rank
        let order = try call.ints("perm") ?? Array((0..<rank).reversed())
        guard order.sorted(by: { $0 < $1 }) == Array(0..<rank) else {
            throw call.invalid("perm \(order) is no permutation of rank \(rank)")
        }
        return order
    }
}
