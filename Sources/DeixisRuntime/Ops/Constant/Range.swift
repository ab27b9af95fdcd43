import DeixisGraph

/// Y = start, start + delta, ...: max(ceil((limit - start) / delta), 0) elements of the three scalars' type.
enum RangeOperator {
    static let definition = OperatorDefinition(
        "Range", since: 11, inputs: 3...3, types: [.float32, .float64, .int16, .int32, .int64],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let element = try call.input(0).element
            for i in 0..<3 {
                let x = try call.input(i)
                guard x.element == element, x.count == 1 else {
                    throw call.invalid("input \(i) is \(x.element) \(x.shape), expected one \(element)")
                }
            }
            return [TensorSpec(element, [element.isReal ? try realCount(call) : try integerCount(call)])]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let y = call.output(), count = y.count
            if y.element.isReal {
                let elements = RealElements(y.element)
                return { buffers in
                    guard let start = buffers.inputs[0], let delta = buffers.inputs[2], let y = buffers.outputs[0]
                    else { return }
                    for i in 0..<count {
                        elements.store(y, i, elements.load(start, 0) + Double(i) * elements.load(delta, 0))
                    }
                }
            }
            let elements = IntegerElements(y.element)
            return { buffers in
                guard let start = buffers.inputs[0], let delta = buffers.inputs[2], let y = buffers.outputs[0] else {
                    return
                }
                for i in 0..<count {
                    elements.store(y, i, elements.load(start, 0) &+ Int64(i) &* elements.load(delta, 0))
                }
            }
        })

    private static func realCount(_ call: OperatorCall) throws(RuntimeError) -> Int {
        let count = ((try call.numbers(1)[0] - call.numbers(0)[0]) / (try call.numbers(2)[0])).rounded(.up)
        guard !count.isNaN else { throw call.invalid("start, limit and delta make no finite range") }
        return max(Int(clamping: count), 0)
    }

    private static func integerCount(_ call: OperatorCall) throws(RuntimeError) -> Int {
        let start = try call.integers(0)[0], limit = try call.integers(1)[0], delta = try call.integers(2)[0]
        guard delta != 0 else { throw call.invalid("delta is 0") }
        let (way, overflow) = limit.subtractingReportingOverflow(start)
        guard !overflow, way != .min, delta != .min else {
            throw call.invalid("start, limit and delta make no finite range")
        }
        if way == 0 || (way < 0) != (delta < 0) { return 0 }
        return Int(clamping: (way.magnitude - 1) / delta.magnitude).addingClamped(1)
    }
}
