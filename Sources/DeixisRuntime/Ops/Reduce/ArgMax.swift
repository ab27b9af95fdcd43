import DeixisGraph

/// Y = where along `axis` (default 0) X is greatest or least, int64; the first such place, or the last with
/// `select_last_index`. NaN counts as both greatest and least, as numpy has it.
enum ArgMax {
    static let argMax = definition("ArgMax", greatest: true)
    static let argMin = definition("ArgMin", greatest: false)

    private static func definition(_ name: Name, greatest: Bool) -> OperatorDefinition {
        OperatorDefinition(
            name, inputs: 1...1, types: .numeric,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                var shape = try call.input(0).shape
                let axis = try axis(call)
                guard shape[axis] > 0 else { throw call.invalid("axis \(axis) of \(shape) is empty") }
                if try call.int("keepdims", default: 1) != 0 { shape[axis] = 1 } else { shape.remove(at: axis) }
                return [TensorSpec(.int64, shape)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), axis = try axis(call), extent = x.shape[axis]
                let outer = x.shape[..<axis].reduce(1, *), inner = x.shape[(axis + 1)...].reduce(1, *)
                let last = try call.int("select_last_index", default: 0) != 0
                let load = SortKey(x.element, nan: greatest ? .max : .min).load
                return { buffers in
                    guard let x = buffers.inputs[0] else { return }
                    let y = buffers.output(0, Int64.self)
                    for o in 0..<outer {
                        for i in 0..<inner {
                            var best = 0, bestKey = load(x, o * extent * inner + i)
                            for k in 1..<extent {
                                let key = load(x, (o * extent + k) * inner + i)
                                if (greatest ? key > bestKey : key < bestKey) || last && key == bestKey {
                                    (best, bestKey) = (k, key)
                                }
                            }
                            y[o * inner + i] = Int64(best)
                        }
                    }
                }
            })
    }

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        try call.normalize(axis: try call.int("axis", default: 0), rank: try call.input(0).rank)
    }
}
