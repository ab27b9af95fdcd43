import DeixisGraph

/// What becomes of an element that an update meets: `reduction` none (the update, the last one wins), add, mul, max,
/// min.
enum ScatterReduction {
    /// target[to] = f(target[to], updates[from])
    typealias Step = (_ target: UnsafeMutableRawPointer, _ to: Int, _ updates: UnsafeRawPointer, _ from: Int) -> Void

    static func step(_ call: OperatorCall) throws(RuntimeError) -> Step {
        let element = try call.input(0).element, name = try call.string("reduction", default: "none")
        let size = element.byteCount ?? 0
        if name == "none" { return { ($0 + $1 * size).copyMemory(from: $2 + $3 * size, byteCount: size) } }
        let function: Binary.Function
        if name == "add" {
            function = .add
        } else if name == "mul" {
            function = .multiply
        } else if name == "max" {
            function = .greatest
        } else if name == "min" {
            function = .least
        } else {
            throw call.invalid("reduction '\(name)' is unknown")
        }
        guard element != .bool else { throw call.invalid("reduction '\(name)' is not for bool") }
        if element.isReal {
            let elements = RealElements(element), apply = function.real
            return { elements.store($0, $1, apply(elements.load($0, $1), elements.load($2, $3))) }
        }
        let elements = IntegerElements(element), apply = function.integer(for: element)
        return { elements.store($0, $1, apply(elements.load($0, $1), elements.load($2, $3))) }
    }

    static func checkUpdates(_ call: OperatorCall, shape: [Int]) throws(RuntimeError) {
        let x = try call.input(0), updates = try call.input(2)
        _ = try step(call)
        guard updates.element == x.element, updates.shape == shape else {
            throw call.invalid(
                "updates are \(updates.element.label) \(updates.shape), expected \(x.element.label) \(shape)")
        }
    }
}

/// Y = X, then Y[indices[i, j], j] = updates[i, j] for axis 0, and so on. Indices outside are an error.
enum ScatterElements {
    static let definition = OperatorDefinition(
        "ScatterElements", since: 11, inputs: 3...3, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            try ScatterReduction.checkUpdates(call, shape: try ElementIndices.read(call).0.shape)
            return [try call.input(0)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), (indices, axis) = try ElementIndices.read(call)
            let place = ElementIndices(x.shape, indices.shape, axis), step = try ScatterReduction.step(call)
            let copy = copyBytes(x.byteCount)
            return { buffers in
                copy(buffers)
                guard let updates = buffers.inputs[2], let y = buffers.outputs[0] else { return }
                for i in 0..<indices.count {
                    let to = place.offset(i, indices.load(buffers, i, place.extent))
                    if to >= 0 { step(y, to, updates, i) }
                }
            }
        })
}

/// Y = X, then Y[indices[i, :]] = updates[i]: the last axis of `indices` names an element or slice.
enum ScatterND {
    static let definition = OperatorDefinition(
        "ScatterND", since: 11, inputs: 3...3, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), tuples = try TupleIndices(call, batch: 0)
            try ScatterReduction.checkUpdates(call, shape: tuples.shape + Array(x.shape[tuples.inner...]))
            return [x]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), tuples = try TupleIndices(call, batch: 0), step = try ScatterReduction.step(call)
            let copy = copyBytes(x.byteCount)
            return { buffers in
                copy(buffers)
                guard let updates = buffers.inputs[2], let y = buffers.outputs[0] else { return }
                for i in 0..<tuples.count {
                    let to = tuples.offset(buffers, i)
                    if to < 0 { continue }
                    for j in 0..<tuples.block { step(y, to * tuples.block + j, updates, i * tuples.block + j) }
                }
            }
        })
}
