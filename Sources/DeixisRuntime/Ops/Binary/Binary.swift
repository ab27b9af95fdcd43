import DeixisGraph

/// C = f(A, B), elementwise with multidirectional broadcasting; A, B and C share their element type.
enum Binary {
    static let add = definition("Add", AddFunction.self)
    static let sub = definition("Sub", SubFunction.self)
    static let mul = definition("Mul", MulFunction.self)
    static let div = definition("Div", DivFunction.self)

    protocol Function: SendableMetatype {
        static func apply<T: Number>(_ a: T, _ b: T) -> T
    }

    enum AddFunction: Function { static func apply<T: Number>(_ a: T, _ b: T) -> T { T.plus(a, b) } }
    enum SubFunction: Function { static func apply<T: Number>(_ a: T, _ b: T) -> T { T.minus(a, b) } }
    enum MulFunction: Function { static func apply<T: Number>(_ a: T, _ b: T) -> T { T.times(a, b) } }
    enum DivFunction: Function { static func apply<T: Number>(_ a: T, _ b: T) -> T { T.over(a, b) } }

    static func definition<F: Function>(_ name: Name, _: F.Type) -> OperatorDefinition {
        OperatorDefinition(
            name, inputs: 2...2, types: .numeric,
            infer: { (call: OperatorCall) throws(RuntimeError) in try infer(call) },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in try evaluate(call, F.self) })
    }

    static func infer(_ call: OperatorCall) throws(RuntimeError) -> [TensorSpec] {
        let a = try call.input(0), b = try call.input(1)
        guard a.element == b.element else {
            throw call.invalid("inputs have element types \(a.element.label) and \(b.element.label)")
        }
        guard let shape = broadcast(a.shape, b.shape) else {
            throw call.invalid("shapes \(spell(a.shape)) and \(spell(b.shape)) do not broadcast")
        }
        return [TensorSpec(a.element, shape)]
    }

    static func evaluate<F: Function>(_ call: OperatorCall, _: F.Type) throws(RuntimeError) -> Compute {
        switch try call.input(0).element {
        case .float32: return try loop(call, F.self, Float.self)
        case .float64: return try loop(call, F.self, Double.self)
        case .int8: return try loop(call, F.self, Int8.self)
        case .int16: return try loop(call, F.self, Int16.self)
        case .int32: return try loop(call, F.self, Int32.self)
        case .int64: return try loop(call, F.self, Int64.self)
        case .uint8: return try loop(call, F.self, UInt8.self)
        case .uint16: return try loop(call, F.self, UInt16.self)
        case .uint32: return try loop(call, F.self, UInt32.self)
        case .uint64: return try loop(call, F.self, UInt64.self)
        default: throw call.invalid("no arithmetic for this element type")
        }
    }

    private static func loop<F: Function, T: Number>(
        _ call: OperatorCall, _: F.Type, _: T.Type
    ) throws(RuntimeError) -> Compute {
        let target = call.output().shape
        let walk = StridedLoop(
            target, broadcastStrides(try call.input(0).shape, to: target), broadcastStrides(try call.input(1).shape, to: target))
        let (run, runs, sa, sb) = (walk.run, walk.runs, walk.runStrideA, walk.runStrideB)
        return { buffers in
            let a = buffers.input(0, T.self), b = buffers.input(1, T.self), c = buffers.output(0, T.self)
            walk.forEachRun(0..<runs) { index, oa, ob, _ in
                let to = c + index * run
                for i in 0..<run { to[i] = F.apply(a[oa + i * sa], b[ob + i * sb]) }
            }
        }
    }
}
