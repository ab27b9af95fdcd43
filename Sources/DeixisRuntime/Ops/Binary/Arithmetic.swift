import DeixisGraph

extension Binary.Function {
    static let add = Self(real: { $0 + $1 }, integer: { $0 &+ $1 })
    static let subtract = Self(real: { $0 - $1 }, integer: { $0 &- $1 })
    static let multiply = Self(real: { $0 * $1 }, integer: { $0 &* $1 })
    /// Integers are truncated towards zero; by zero gives 0, for a file must not be able to stop the program.
    static let divide = Self(
        real: { $0 / $1 }, integer: { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue },
        unsigned: { $1 == 0 ? 0 : $0 / $1 })
    /// NaN when either is NaN.
    static let least = Self(
        real: { $0.isNaN || $0 < $1 ? $0 : $1 }, integer: { Swift.min($0, $1) }, unsigned: { Swift.min($0, $1) })
    static let greatest = Self(
        real: { $0.isNaN || $0 > $1 ? $0 : $1 }, integer: { Swift.max($0, $1) }, unsigned: { Swift.max($0, $1) })
    /// The remainder has the divisor's sign, as Python's % has it; by zero gives 0.
    static let modulo = Self(
        real: { floorModulo($0, $1) },
        integer: { a, b in
            if b == 0 || b == -1 { return 0 }
            let rest = a % b
            return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
        }, unsigned: { $1 == 0 ? 0 : $0 % $1 })
    /// The remainder has the dividend's sign, as C's fmod and % have it.
    static let remainder = Self(
        real: { SystemMath.fmod($0, $1) }, integer: { $1 == 0 || $1 == -1 ? 0 : $0 % $1 },
        unsigned: { $1 == 0 ? 0 : $0 % $1 })

    private static func floorModulo(_ a: Double, _ b: Double) -> Double {
        let rest = SystemMath.fmod(a, b)
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }
}

extension Binary {
    static let add = definition("Add", .add)
    static let sub = definition("Sub", .subtract)
    static let mul = definition("Mul", .multiply)
    static let div = definition("Div", .divide)

    /// A mod B: `fmod` 0 (integers only) takes the sign of B, `fmod` 1 the sign of A.
    static let mod = definition(
        "Mod", since: 10,
        function: { (call: OperatorCall) throws(RuntimeError) in
            if try call.int("fmod", default: 0) != 0 { return .remainder }
            let element = try call.input(0).element
            if element.isReal { throw call.invalid("\(element) needs fmod = 1") }
            return .modulo
        })

    /// slope x where x < 0, else x; the slope broadcasts to X and not the other way.
    static let prelu = OperatorDefinition(
        "PRelu", since: 7, inputs: 2...2, types: .numeric,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let spec = try infer(call)[0]
            guard spec.shape == (try call.input(0).shape) else {
                throw call.invalid("slope \(try call.input(1).shape) does not broadcast to \(try call.input(0).shape)")
            }
            return [spec]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            try loop(
                call,
                Function(
                    real: { $0 < 0 ? $0 * $1 : $0 }, integer: { $0 < 0 ? $0 &* $1 : $0 }, unsigned: { a, _ in a }))
        })
}
