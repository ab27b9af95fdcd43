import DeixisGraph

/// C = f(A, B), elementwise with multidirectional broadcasting; A and B share their element type.
enum Binary {
    /// f on each kind of number. Integers pass as Int64 and their results keep the low bits.
    struct Function: Sendable {
        var real: @Sendable (Double, Double) -> Double
        var integer: @Sendable (Int64, Int64) -> Int64
        /// Where the bit patterns of uint64 need another function; nil: `integer` serves them too.
        var unsigned: (@Sendable (UInt64, UInt64) -> UInt64)? = nil

        func integer(for element: ElementType) -> (Int64, Int64) -> Int64 {
            guard let unsigned, element == .uint64 else { return integer }
            return { Int64(bitPattern: unsigned(UInt64(bitPattern: $0), UInt64(bitPattern: $1))) }
        }
    }

    /// - Parameter element: the output's element type, nil for that of the inputs.
    static func definition(
        _ name: Name, since: Int = 1, types: [ElementType] = .numeric, to element: ElementType? = nil,
        function: @escaping @Sendable (OperatorCall) throws(RuntimeError) -> Function
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, since: since, inputs: 2...2, types: types,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                _ = try function(call)
                let c = try infer(call)[0]
                return [TensorSpec(element ?? c.element, c.shape)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in try loop(call, try function(call)) })
    }

    static func definition(
        _ name: Name, since: Int = 1, types: [ElementType] = .numeric, to element: ElementType? = nil,
        _ function: Function
    ) -> OperatorDefinition {
        definition(
            name, since: since, types: types, to: element,
            function: { (_: OperatorCall) throws(RuntimeError) in function })
    }

    static func infer(_ call: OperatorCall) throws(RuntimeError) -> [TensorSpec] {
        let a = try call.input(0), b = try call.input(1)
        guard a.element == b.element else {
            throw call.invalid("inputs have element types \(a.element) and \(b.element)")
        }
        guard let shape = broadcast(a.shape, b.shape) else {
            throw call.invalid("shapes \(a.shape) and \(b.shape) do not broadcast")
        }
        return [TensorSpec(a.element, shape)]
    }

    static func loop(_ call: OperatorCall, _ function: Function) throws(RuntimeError) -> Compute {
        let a = try call.input(0).element, b = try call.input(1).element, c = call.output().element
        if a.isReal {
            return try loop(call, RealElements(a).load, RealElements(b).load, RealElements(c).store, function.real)
        }
        return try loop(
            call, IntegerElements(a).load, IntegerElements(b).load, IntegerElements(c).store, function.integer(for: a))
    }

    static func loop<T>(
        _ call: OperatorCall, _ loadA: @escaping (UnsafeRawPointer, Int) -> T,
        _ loadB: @escaping (UnsafeRawPointer, Int) -> T,
        _ store: @escaping (UnsafeMutableRawPointer, Int, T) -> Void, _ function: @escaping (T, T) -> T
    ) throws(RuntimeError) -> Compute {
        let target = call.output().shape
        let walk = StridedLoop(
            target, broadcastStrides(try call.input(0).shape, to: target),
            broadcastStrides(try call.input(1).shape, to: target))
        let (run, runs, sa, sb) = (walk.run, walk.runs, walk.runStrideA, walk.runStrideB)
        return { buffers in
            guard let a = buffers.inputs[0], let b = buffers.inputs[1], let c = buffers.outputs[0] else { return }
            walk.forEachRun(0..<runs) { index, oa, ob, _ in
                for i in 0..<run { store(c, index * run + i, function(loadA(a, oa + i * sa), loadB(b, ob + i * sb))) }
            }
        }
    }
}
