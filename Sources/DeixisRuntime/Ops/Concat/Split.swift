import DeixisGraph

/// X cut along `axis` (default 0) into outputs of the extents `split` (input 1), or into equal parts, the last of which
/// may be smaller (`num_outputs`, since opset 18).
enum Split {
    static let definition = OperatorDefinition(
        "Split", since: 13, inputs: 1...2, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), axis = try axis(call)
            return try parts(call).map { part in
                var shape = x.shape
                shape[axis] = part
                return TensorSpec(x.element, shape)
            }
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), axis = try axis(call)
            let outer = x.shape[..<axis].reduce(1, *),
                inner = x.shape[(axis + 1)...].reduce(1, *) * (x.element.byteCount ?? 0)
            let blocks = try parts(call).map { $0 * inner }, row = x.shape[axis] * inner
            return { buffers in
                guard let x = buffers.inputs[0] else { return }
                var at = 0
                for (i, block) in blocks.enumerated() {
                    if i < buffers.outputs.count, let y = buffers.outputs[i] {
                        for o in 0..<outer { (y + o * block).copyMemory(from: x + o * row + at, byteCount: block) }
                    }
                    at += block
                }
            }
        },
        view: { call in
            guard let x = try? call.input(0), let axis = try? axis(call), x.shape[..<axis].allSatisfy({ $0 == 1 }),
                let parts = try? parts(call)
            else { return nil }
            let inner = x.shape[(axis + 1)...].reduce(1, *) * (x.element.byteCount ?? 0)
            var offsets: [Int] = [], at = 0
            for part in parts {
                offsets.append(at)
                at += part * inner
            }
            return .outputsInside(input: 0, offsets: offsets)
        })

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        try call.normalize(axis: try call.int("axis", default: 0), rank: try call.input(0).rank)
    }

    private static func parts(_ call: OperatorCall) throws(RuntimeError) -> [Int] {
        let extent = try call.input(0).shape[try axis(call)], outputs = call.node.outputs.count
        if call.has(1) {
            let parts = try call.integers(1)
            guard parts.count == outputs, parts.allSatisfy({ $0 >= 0 && $0 <= extent }), parts.reduce(0, +) == extent
            else {
                throw call.invalid("split \(parts) does not cut an extent of \(extent) into \(outputs) outputs")
            }
            return parts
        }
        let count = try call.int("num_outputs", default: outputs)
        guard count == outputs, count > 0 else {
            throw call.invalid("num_outputs is \(count), the node has \(outputs) outputs")
        }
        let part = (extent + count - 1) / count
        guard call.attribute("num_outputs") != nil || extent % count == 0, part * (count - 1) <= extent else {
            throw call.invalid("an extent of \(extent) does not split into \(count) equal parts")
        }
        return (0..<count).map { min(part, extent - part * $0) }
    }
}
