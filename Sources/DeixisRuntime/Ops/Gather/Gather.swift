import DeixisGraph

/// Y = X's slices that `indices` (input 1) name along `axis` (default 0); negative indices count from the end.
///
/// An index outside the axis is an error: of planning where that knows it, else of the run.
enum Gather {
    static let definition = OperatorDefinition(
        "Gather", inputs: 2...2, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), indices = try Indices(call, input: 1), axis = try axis(call)
            try indices.check(call, extents: [x.shape[axis]])
            return [TensorSpec(x.element, Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...]))]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), indices = try Indices(call, input: 1), axis = try axis(call)
            let outer = x.shape[..<axis].reduce(1, *), extent = x.shape[axis]
            let block = x.shape[(axis + 1)...].reduce(1, *) * (x.element.byteCount ?? 0)
            return { buffers in
                guard let x = buffers.inputs[0], var y = buffers.outputs[0] else { return }
                for o in 0..<outer {
                    for i in 0..<indices.count {
                        let index = indices.load(buffers, i, extent)
                        if index < 0 {
                            y.initializeMemory(as: UInt8.self, repeating: 0, count: block)
                        } else {
                            y.copyMemory(from: x + (o * extent + index) * block, byteCount: block)
                        }
                        y += block
                    }
                }
            }
        })

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        try call.normalize(axis: try call.int("axis", default: 0), rank: try call.input(0).rank)
    }
}

/// Y[i, j, k] = X[indices[i, j, k], j, k] for axis 0, and so on; Y has the shape of `indices`.
enum GatherElements {
    static let definition = OperatorDefinition(
        "GatherElements", since: 11, inputs: 2...2, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            [TensorSpec(try call.input(0).element, try ElementIndices.read(call).0.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), (indices, axis) = try ElementIndices.read(call)
            let size = x.element.byteCount ?? 0, place = ElementIndices(x.shape, indices.shape, axis)
            return { buffers in
                guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                for i in 0..<indices.count {
                    let from = place.offset(i, indices.load(buffers, i, place.extent))
                    if from < 0 {
                        (y + i * size).initializeMemory(as: UInt8.self, repeating: 0, count: size)
                    } else {
                        (y + i * size).copyMemory(from: x + from * size, byteCount: size)
                    }
                }
            }
        })
}

/// Y[b, i] = X[b][indices[b, i, :]]: the last axis of `indices` names an element or slice of X, behind `batch_dims`
/// shared axes.
enum GatherND {
    static let definition = OperatorDefinition(
        "GatherND", since: 11, inputs: 2...2, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), tuples = try TupleIndices(call, batch: try call.int("batch_dims", default: 0))
            return [TensorSpec(x.element, tuples.shape + Array(x.shape[tuples.inner...]))]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), tuples = try TupleIndices(call, batch: try call.int("batch_dims", default: 0))
            let block = tuples.block * (x.element.byteCount ?? 0)
            return { buffers in
                guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                for i in 0..<tuples.count {
                    let from = tuples.offset(buffers, i)
                    if from < 0 {
                        (y + i * block).initializeMemory(as: UInt8.self, repeating: 0, count: block)
                    } else {
                        (y + i * block).copyMemory(from: x + from * block, byteCount: block)
                    }
                }
            }
        })
}
