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
                guard x.rank == result.rank,
                    x.shape.indices.allSatisfy({ $0 == axis || x.shape[$0] == result.shape[$0] })
                else {
                    throw call.invalid(
                        "shapes \(try call.input(0).shape) and \(x.shape) do not join along axis \(axis)")
                }
                result.shape[axis] = result.shape[axis].addingClamped(x.shape[axis])
            }
            return [result]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let copy = try copying(call)
            return { buffers in copy.run(buffers, 0..<copy.rows) }
        },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
            let copy = try copying(call),
                tasks = lowering.tasks(copy.rows, grain: max(1, (64 << 10) / max(copy.row, 1)))
            var kernel = Kernel("concat", tasks: tasks) { buffers, task, _ in
                copy.run(buffers, Lowering.range(task, of: tasks, copy.rows))
            }
            kernel.unaligned = Array(copy.blocks.indices)
            return kernel
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

    /// Row r of Y is row r of every input, one after another; bytes.
    private struct Copying {
        var rows: Int, row: Int
        var blocks: [Int]

        func run(_ buffers: Buffers, _ range: Range<Int>) {
            guard let y = buffers.outputs[0] else { return }
            for r in range {
                var to = y + r * row
                for (i, block) in blocks.enumerated() {
                    if let x = buffers.inputs[i] { to.copyMemory(from: x + r * block, byteCount: block) }
                    to += block
                }
            }
        }
    }

    private static func copying(_ call: OperatorCall) throws(RuntimeError) -> Copying {
        let y = call.output(), axis = try axis(call)
        let inner = y.shape[(axis + 1)...].reduce(1, *) * (y.element.byteCount ?? 0)
        return Copying(
            rows: y.shape[..<axis].reduce(1, *), row: y.shape[axis] * inner,
            blocks: call.inputs.map { ($0?.shape[axis] ?? 0) * inner })
    }

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        guard call.attribute("axis") != nil else { throw call.invalid("attribute 'axis' is missing") }
        return try call.normalize(axis: try call.int("axis", default: 0), rank: try call.input(0).rank)
    }
}
