import DeixisGraph

/// Y = running sums of X along `axis` (input 1, one integer); `exclusive`: without the element itself; `reverse`: from
/// the end.
enum CumSum {
    static let definition = running("CumSum", since: 11, types: .numeric, (0, 0), .add)
    /// Running products.
    static let product = running("CumProd", since: 26, types: .numeric, (1, 1), .multiply)

    private static func running(
        _ name: Name, since: Int, types: [ElementType], _ start: (real: Double, integer: Int64),
        _ function: Binary.Function
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, since: since, inputs: 2...2, types: types,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                _ = try axis(call)
                return [try call.input(0)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let element = try call.input(0).element
                if element.isReal {
                    let elements = RealElements(element)
                    return try loop(call, elements.load, elements.store, start.real, function.real)
                }
                let elements = IntegerElements(element)
                return try loop(call, elements.load, elements.store, start.integer, function.integer(for: element))
            })
    }

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        guard try call.input(1).count == 1, let axis = try call.integers(1).first else {
            throw call.invalid("axis is not one integer")
        }
        return try call.normalize(axis: axis, rank: try call.input(0).rank)
    }

    private static func loop<T>(
        _ call: OperatorCall, _ load: @escaping (UnsafeRawPointer, Int) -> T,
        _ store: @escaping (UnsafeMutableRawPointer, Int, T) -> Void,
        _ zero: T, _ plus: @escaping (T, T) -> T
    ) throws(RuntimeError) -> Compute {
        let x = try call.input(0), axis = try axis(call), extent = x.shape[axis]
        let outer = x.shape[..<axis].reduce(1, *), inner = x.shape[(axis + 1)...].reduce(1, *)
        let exclusive = try call.int("exclusive", default: 0) != 0, reverse = try call.int("reverse", default: 0) != 0
        return { buffers in
            guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
            for o in 0..<outer {
                for i in 0..<inner {
                    var sum = zero
                    for step in 0..<extent {
                        let at = (o * extent + (reverse ? extent - 1 - step : step)) * inner + i
                        let next = plus(sum, load(x, at))
                        store(y, at, exclusive ? sum : next)
                        sum = next
                    }
                }
            }
        }
    }
}
