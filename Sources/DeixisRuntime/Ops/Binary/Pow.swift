import DeixisGraph

extension Binary {
    /// C = A^B, A and B of element types of their own, C of A's. Integers to integer powers wrap; to negative powers
    /// they are truncated.
    static let pow = OperatorDefinition(
        "Pow", since: 7, inputs: 2...2, types: .reals + [.int32, .int64],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let a = try call.input(0), b = try call.input(1)
            guard [ElementType].numeric.contains(b.element) else { throw call.invalid("the exponent is \(b.element)") }
            guard let shape = broadcast(a.shape, b.shape) else {
                throw call.invalid("shapes \(a.shape) and \(b.shape) do not broadcast")
            }
            return [TensorSpec(a.element, shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let a = try call.input(0).element, b = try call.input(1).element
            if a.isReal || b.isReal {
                return try loop(call, RealElements(a).load, RealElements(b).load, RealElements(a).store) {
                    SystemMath.pow($0, $1)
                }
            }
            return try loop(call, IntegerElements(a).load, IntegerElements(b).load, IntegerElements(a).store) {
                power($0, $1)
            }
        })

    private static func power(_ base: Int64, _ exponent: Int64) -> Int64 {
        if exponent < 0 { return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0 }
        var result: Int64 = 1, square = base, rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result = result &* square }
            square = square &* square
            rest >>= 1
        }
        return result
    }
}
