import DeixisGraph

/// Y = min(max(X, low), high); `min` and `max` are scalars (inputs 1 and 2), each optional. NaN stays NaN; low > high
/// gives high.
enum Clip {
    static let definition = OperatorDefinition(
        "Clip", since: 11, inputs: 1...3, types: .numeric,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            for i in 1..<3 where call.has(i) {
                let bound = try call.input(i)
                guard bound.element == x.element, bound.count == 1 else {
                    throw call.invalid("input \(i) is \(bound.element) \(bound.shape), expected one \(x.element)")
                }
            }
            return [x]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            if x.element.isReal {
                let elements = RealElements(x.element)
                return loop(
                    x.count, call, elements.load, elements.store, Binary.Function.greatest.real,
                    Binary.Function.least.real)
            }
            let elements = IntegerElements(x.element)
            return loop(
                x.count, call, elements.load, elements.store, Binary.Function.greatest.integer(for: x.element),
                Binary.Function.least.integer(for: x.element))
        })

    private static func loop<T>(
        _ count: Int, _ call: OperatorCall, _ load: @escaping (UnsafeRawPointer, Int) -> T,
        _ store: @escaping (UnsafeMutableRawPointer, Int, T) -> Void, _ greatest: @escaping (T, T) -> T,
        _ least: @escaping (T, T) -> T
    ) -> Compute {
        let (hasLow, hasHigh) = (call.has(1), call.has(2))
        return { buffers in
            guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
            let low = hasLow ? buffers.inputs[1].map { load($0, 0) } : nil,
                high = hasHigh ? buffers.inputs[2].map { load($0, 0) } : nil
            for i in 0..<count {
                var value = load(x, i)
                if let low { value = greatest(value, low) }
                if let high { value = least(value, high) }
                store(y, i, value)
            }
        }
    }
}
