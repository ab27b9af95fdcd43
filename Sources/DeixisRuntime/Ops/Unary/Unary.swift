import DeixisGraph

/// Y = f(X), elementwise; Y has X's shape and element type.
enum Unary {
    /// max(x, 0); NaN stays NaN.
    static let relu = definition("Relu", types: .signed, ReluFunction.self)

    protocol Function: SendableMetatype {
        static func apply<T: Number>(_ x: T, zero: T) -> T
    }

    enum ReluFunction: Function { static func apply<T: Number>(_ x: T, zero: T) -> T { x < zero ? zero : x } }

    static func definition<F: Function>(_ name: Name, types: [ElementType], _: F.Type) -> OperatorDefinition {
        OperatorDefinition(
            name, inputs: 1...1, types: types,
            infer: { (call: OperatorCall) throws(RuntimeError) in [try call.input(0)] },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let count = try call.input(0).count
                switch try call.input(0).element {
                case .float32: return loop(count, F.self, zero: Float(0))
                case .float64: return loop(count, F.self, zero: Double(0))
                case .int8: return loop(count, F.self, zero: Int8(0))
                case .int16: return loop(count, F.self, zero: Int16(0))
                case .int32: return loop(count, F.self, zero: Int32(0))
                case .int64: return loop(count, F.self, zero: Int64(0))
                default: throw call.invalid("no arithmetic for this element type")
                }
            })
    }

    private static func loop<F: Function, T: Number>(_ count: Int, _: F.Type, zero: T) -> Compute {
        { buffers in
            let x = buffers.input(0, T.self), y = buffers.output(0, T.self)
            for i in 0..<count { y[i] = F.apply(x[i], zero: zero) }
        }
    }
}
