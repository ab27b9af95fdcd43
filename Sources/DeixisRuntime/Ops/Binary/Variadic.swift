import DeixisGraph

/// Y = f(f(X0, X1), X2) ..., elementwise with multidirectional broadcasting over one or more inputs of one element
/// type.
enum Variadic {
    static let sum = definition("Sum", types: .reals, .add)
    static let mean = definition("Mean", types: .reals, .add, mean: true)
    static let min = definition("Min", types: .numeric, .least)
    static let max = definition("Max", types: .numeric, .greatest)

    /// - Parameter mean: divides by the number of inputs at the end.
    private static func definition(_ name: Name, types: [ElementType], _ function: Binary.Function, mean: Bool = false)
        -> OperatorDefinition
    {
        OperatorDefinition(
            name, inputs: 1...1024, types: types,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                var result = try call.input(0)
                for i in 1..<call.inputs.count {
                    let x = try call.input(i)
                    guard x.element == result.element else {
                        throw call.invalid("inputs have element types \(result.element) and \(x.element)")
                    }
                    guard let shape = broadcast(result.shape, x.shape) else {
                        throw call.invalid("shapes \(result.shape) and \(x.shape) do not broadcast")
                    }
                    result.shape = shape
                }
                return [result]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let element = call.output().element, count = call.inputs.count
                if element.isReal {
                    let elements = RealElements(element)
                    return try loop(call, elements.load, elements.store, function.real) {
                        mean ? $0 / Double(count) : $0
                    }
                }
                let elements = IntegerElements(element)
                return try loop(call, elements.load, elements.store, function.integer(for: element)) { $0 }
            })
    }

    private static func loop<T>(
        _ call: OperatorCall, _ load: @escaping (UnsafeRawPointer, Int) -> T,
        _ store: @escaping (UnsafeMutableRawPointer, Int, T) -> Void,
        _ function: @escaping (T, T) -> T, _ finish: @escaping (T) -> T
    ) throws(RuntimeError) -> Compute {
        let target = call.output(), inputs = call.inputs.count, rank = target.rank, count = target.count
        // All inputs' strides in one list; each element is summed over the inputs before it is rounded.
        var table: [Int] = []
        for i in 0..<inputs { table += broadcastStrides(try call.input(i).shape, to: target.shape) }
        let shape = target.shape, allStrides = table
        return { buffers in
            guard let y = buffers.outputs[0] else { return }
            for index in 0..<count {
                var total: T?
                for i in 0..<inputs {
                    guard let x = buffers.inputs[i] else { return }
                    var rest = index, offset = 0
                    for axis in 0..<rank {
                        let k = rank - 1 - axis
                        offset += rest % shape[k] * allStrides[i * rank + k]
                        rest /= shape[k]
                    }
                    let value = load(x, offset)
                    total = total.map { function($0, value) } ?? value
                }
                if let total { store(y, index, finish(total)) }
            }
        }
    }
}
