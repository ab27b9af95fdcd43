import DeixisGraph

/// Y = off everywhere but on where the position along the new `axis` (default the last) is the index; values (input 2)
/// = [off, on]. Indices (input 0, any number, truncated) from -depth; others make no element `on`. Depth: input 1, one
/// number.
enum OneHot {
    static let definition = OperatorDefinition(
        "OneHot", since: 9, inputs: 3...3, types: .movable, typedBy: 2,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let indices = try call.input(0), values = try call.input(2)
            guard values.shape == [2] else { throw call.invalid("values have shape \(values.shape), expected [2]") }
            guard [ElementType].numeric.contains(indices.element) else {
                throw call.invalid("indices are \(indices.element)")
            }
            var shape = indices.shape
            shape.insert(try depth(call), at: try axis(call))
            return [TensorSpec(values.element, shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let indices = try call.input(0), depth = try depth(call), axis = try axis(call)
            let outer = indices.shape[..<axis].reduce(1, *), inner = indices.shape[axis...].reduce(1, *)
            let load = RealElements(indices.element).load, size = call.output().element.byteCount ?? 0
            return { buffers in
                guard let k = buffers.inputs[0], let values = buffers.inputs[2], let y = buffers.outputs[0] else {
                    return
                }
                for o in 0..<outer {
                    for i in 0..<inner {
                        let given = load(k, o * inner + i).rounded(.towardZero)
                        let hot = given < 0 ? given + Double(depth) : given
                        for d in 0..<depth {
                            (y + ((o * depth + d) * inner + i) * size).copyMemory(
                                from: hot == Double(d) ? values + size : values, byteCount: size)
                        }
                    }
                }
            }
        })

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        try call.normalize(axis: try call.int("axis", default: -1), rank: try call.input(0).rank + 1)
    }

    private static func depth(_ call: OperatorCall) throws(RuntimeError) -> Int {
        guard try call.input(1).count == 1, let depth = try call.numbers(1).first, depth >= 0 else {
            throw call.invalid("depth is not one number >= 0")
        }
        return Int(clamping: depth)
    }
}
