import DeixisGraph

/// Y = f(X), elementwise; Y has X's shape and, unless said otherwise, its element type.
enum Unary {
    /// What a file's attributes make of the function.
    typealias Maker<T> = @Sendable (OperatorCall) throws(RuntimeError) -> (T) -> T

    /// f on real numbers, rounded once to the element type.
    static func real(_ name: Name, since: Int = 1, _ function: @escaping @Sendable (Double) -> Double)
        -> OperatorDefinition
    {
        definition(name, since: since, types: .reals, real: { (_: OperatorCall) throws(RuntimeError) in function })
    }

    /// The same with attributes.
    static func real(_ name: Name, since: Int = 1, parameters make: @escaping Maker<Double>) -> OperatorDefinition {
        definition(name, since: since, types: .reals, real: make)
    }

    /// f on real numbers and on integers, whose results keep the low bits; `unsigned` where uint64 needs another
    /// function.
    static func number(
        _ name: Name, since: Int = 1, types: [ElementType], real: @escaping @Sendable (Double) -> Double,
        integer: @escaping @Sendable (Int64) -> Int64, unsigned: (@Sendable (Int64) -> Int64)? = nil
    ) -> OperatorDefinition {
        definition(
            name, since: since, types: types, real: { (_: OperatorCall) throws(RuntimeError) in real },
            integer: { (call: OperatorCall) throws(RuntimeError) in
                if let unsigned, try call.input(0).element == .uint64 { return unsigned }
                return integer
            })
    }

    /// - Parameter element: the output's element type, nil for the input's.
    static func definition(
        _ name: Name, since: Int, types: [ElementType], to element: ElementType? = nil, real: @escaping Maker<Double>,
        integer: Maker<Int64>? = nil
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, since: since, inputs: 1...1, types: types,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                _ = try real(call)
                let x = try call.input(0)
                return [TensorSpec(element ?? x.element, x.shape)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), target = element ?? x.element
                if let integer, !x.element.isReal { return loop(x, target, try integer(call)) }
                return loop(x, target, try real(call))
            })
    }

    static func loop(_ x: TensorSpec, _ target: ElementType, _ function: @escaping (Double) -> Double) -> Compute {
        let count = x.count
        let (load, store) = (RealElements(x.element).load, RealElements(target).store)
        return { buffers in
            guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
            for i in 0..<count { store(y, i, function(load(x, i))) }
        }
    }

    static func loop(_ x: TensorSpec, _ target: ElementType, _ function: @escaping (Int64) -> Int64) -> Compute {
        let count = x.count
        let (load, store) = (IntegerElements(x.element).load, IntegerElements(target).store)
        return { buffers in
            guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
            for i in 0..<count { store(y, i, function(load(x, i))) }
        }
    }
}
