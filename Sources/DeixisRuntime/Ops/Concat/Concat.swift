import DeixisGraph

/// Y = X0, X1, ... behind each other along `axis`; all other extents agree.
enum Concat {
    static let definition = OperatorDefinition(
        "Concat", since: 4, inputs: 1...4096, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            var result = try call.input(0)
            let axis = try axis(call)
            for i in 1..<call.inputs.count {
                let x = try call.input(i)
                guard x.element == result.element else {
                    throw call.invalid("inputs have element types \(result.element) and \(x.element)")
                }
                guard x.rank == result.rank, x.shape.indices.allSatisfy({ $0 == axis || x.shape[$0] == result.shape[$0] }) else {
                    throw call.invalid("shapes \(try call.input(0).shape) and \(x.shape) do not join along axis \(axis)")
                }
                result.shape[axis] += x.shape[axis]
            }
            return [result]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let y = call.output(), axis = try axis(call)
            let outer = y.shape[..<axis].reduce(1, *), size = y.element.byteCount ?? 0
            let inner = y.shape[(axis + 1)...].reduce(1, *) * size
            let blocks = call.inputs.map { ($0?.shape[axis] ?? 0) * inner }, row = y.shape[axis] * inner
            return { buffers in
                guard let y = buffers.outputs[0] else { return }
                var at = 0
                for (i, block) in blocks.enumerated() {
                    guard let x = buffers.inputs[i] else { continue }
                    for o in 0..<outer { (y + o * row + at).copyMemory(from: x + o * block, byteCount: block) }
                    at += block
                }
            }
        },
        view: { call in
            guard let axis = try? axis(call), call.output().shape[..<axis].allSatisfy({ $0 == 1 }) else { return nil }
            var offsets: [Int] = [], at = 0
            for x in call.inputs {
                offsets.append(at)
                at += x?.byteCount ?? 0
            }
            return .inputsInsideOutput(offsets: offsets)
        })

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        guard call.attribute("axis") != nil else { throw call.invalid("attribute 'axis' is missing") }
        return try call.normalize(axis: try call.int("axis", default: 0), rank: try call.input(0).rank)
    }
}
