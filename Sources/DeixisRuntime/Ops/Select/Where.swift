import DeixisGraph

/// Y = C ? A : B, elementwise; C bool, all three broadcast together.
enum Where {
    static let definition = OperatorDefinition(
        "Where", since: 9, inputs: 3...3, types: .movable, typedBy: 1,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let c = try call.input(0), a = try call.input(1), b = try call.input(2)
            guard c.element == .bool, a.element == b.element else {
                throw call.invalid("inputs have element types \(c.element), \(a.element) and \(b.element)")
            }
            guard let pair = broadcast(a.shape, b.shape), let shape = broadcast(c.shape, pair) else {
                throw call.invalid("shapes \(c.shape), \(a.shape) and \(b.shape) do not broadcast")
            }
            return [TensorSpec(a.element, shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            switch call.output().element.byteCount {
            case 1: return try loop(call, UInt8.self)
            case 2: return try loop(call, UInt16.self)
            case 4: return try loop(call, UInt32.self)
            default: return try loop(call, UInt64.self)
            }
        })

    private static func loop<T: BitwiseCopyable>(_ call: OperatorCall, _: T.Type) throws(RuntimeError) -> Compute {
        let target = call.output().shape
        let walk = StridedLoop(
            target, broadcastStrides(try call.input(0).shape, to: target),
            broadcastStrides(try call.input(1).shape, to: target),
            broadcastStrides(try call.input(2).shape, to: target))
        let (run, runs, sc, sa, sb) = (walk.run, walk.runs, walk.runStrideA, walk.runStrideB, walk.runStrideC)
        return { buffers in
            let c = buffers.input(0, UInt8.self), a = buffers.input(1, T.self), b = buffers.input(2, T.self)
            let y = buffers.output(0, T.self)
            walk.forEachRun(0..<runs) { index, oc, oa, ob in
                let to = y + index * run
                for i in 0..<run { to[i] = c[oc + i * sc] != 0 ? a[oa + i * sa] : b[ob + i * sb] }
            }
        }
    }
}
