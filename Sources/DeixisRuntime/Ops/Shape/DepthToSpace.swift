import DeixisGraph

// X [batch, channels, height, width]; blocks of b x b pixels become channels and back.
enum DepthToSpace {
    /// Y [n, c / b^2, h b, w b]. `mode` DCR: channel index is (row in block, column in block, c); CRD: (c, row,
    /// column).
    static let depthToSpace = definition("DepthToSpace", since: 11) {
        (call: OperatorCall, x: [Int], b: Int) throws(RuntimeError) in
        guard x[1] % (b * b) == 0 else { throw call.invalid("\(x[1]) channels are no multiple of \(b * b)") }
        let mode = try call.string("mode", default: "DCR"), c = x[1] / (b * b)
        guard mode == "DCR" || mode == "CRD" else { throw call.invalid("mode '\(mode)' is unknown") }
        return mode == "DCR"
            ? Move(
                [x[0], b, b, c, x[2], x[3]], [0, 3, 4, 1, 5, 2],
                [x[0], c, x[2].multipliedClamped(by: b), x[3].multipliedClamped(by: b)])
            : Move(
                [x[0], c, b, b, x[2], x[3]], [0, 1, 4, 2, 5, 3],
                [x[0], c, x[2].multipliedClamped(by: b), x[3].multipliedClamped(by: b)])
    }

    /// Y [n, c b^2, h / b, w / b]. `mode` (opset 28) DCR: the channel index is (row in block, column in block, c); CRD:
    /// (c, row, column).
    static let spaceToDepth = definition("SpaceToDepth", since: 1) {
        (call: OperatorCall, x: [Int], b: Int) throws(RuntimeError) in
        guard x[2] % b == 0, x[3] % b == 0 else { throw call.invalid("\(x) does not divide into blocks of \(b)") }
        let mode = try call.string("mode", default: "DCR")
        guard mode == "DCR" || mode == "CRD" else { throw call.invalid("mode '\(mode)' is unknown") }
        return Move(
            [x[0], x[1], x[2] / b, b, x[3] / b, b], mode == "DCR" ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4],
            [x[0], x[1].multipliedClamped(by: b * b), x[2] / b, x[3] / b])
    }

    /// Reshape to `split`, transpose by `order`, reshape to `result`.
    private struct Move {
        var split: [Int], order: [Int], result: [Int]
        init(_ split: [Int], _ order: [Int], _ result: [Int]) {
            (self.split, self.order, self.result) = (split, order, result)
        }
    }

    private static func definition(
        _ name: Name, since: Int, _ move: @escaping @Sendable (OperatorCall, [Int], Int) throws(RuntimeError) -> Move
    ) -> OperatorDefinition {
        @Sendable func checked(_ call: OperatorCall) throws(RuntimeError) -> Move {
            let x = try call.input(0), block = try call.int("blocksize", default: 0)
            guard x.rank == 4, block > 0, block < 1 << 15 else {
                throw call.invalid("input \(x.shape) and blocksize \(block) do not fit")
            }
            return try move(call, x.shape, block)
        }
        return OperatorDefinition(
            name, since: since, inputs: 1...1, types: .movable,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                [TensorSpec(try call.input(0).element, try checked(call).result)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let move = try checked(call), from = strides(move.split)
                let walk = StridedLoop(move.order.map { move.split[$0] }, move.order.map { from[$0] })
                return moveElements(walk, byteCount: try call.input(0).element.byteCount ?? 0)
            })
    }
}
