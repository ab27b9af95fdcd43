import DeixisGraph

// Functions of one number that are no activation.
extension Unary {
    static let exp = real("Exp") { SystemMath.exp($0) }
    static let log = real("Log") { SystemMath.log($0) }
    static let sqrt = real("Sqrt") { $0.squareRoot() }
    static let reciprocal = real("Reciprocal") { 1 / $0 }
    static let erf = definition(
        "Erf", since: 9, types: .numeric, real: { (_: OperatorCall) throws(RuntimeError) in { SystemMath.erf($0) } })

    static let sin = real("Sin", since: 7) { SystemMath.sin($0) }
    static let cos = real("Cos", since: 7) { SystemMath.cos($0) }
    static let tan = real("Tan", since: 7) { SystemMath.tan($0) }
    static let asin = real("Asin", since: 7) { SystemMath.asin($0) }
    static let acos = real("Acos", since: 7) { SystemMath.acos($0) }
    static let atan = real("Atan", since: 7) { SystemMath.atan($0) }
    static let sinh = real("Sinh", since: 9) { SystemMath.sinh($0) }
    static let cosh = real("Cosh", since: 9) { SystemMath.cosh($0) }
    static let tanh = real("Tanh") { SystemMath.tanh($0) }
    static let asinh = real("Asinh", since: 9) { SystemMath.asinh($0) }
    static let acosh = real("Acosh", since: 9) { SystemMath.acosh($0) }
    static let atanh = real("Atanh", since: 9) { SystemMath.atanh($0) }

    /// |x|; the least signed integer stays itself.
    static let abs = number(
        "Abs", types: .numeric, real: { $0.magnitude }, integer: { $0 < 0 ? 0 &- $0 : $0 }, unsigned: { $0 })
    static let neg = number("Neg", types: .signed, real: { -$0 }, integer: { 0 &- $0 })
    /// -1, 0 or 1; NaN for NaN.
    static let sign = number(
        "Sign", types: .numeric, real: { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }, integer: { $0.signum() },
        unsigned: { $0 == 0 ? 0 : 1 })

    static let floor = real("Floor") { $0.rounded(.down) }
    static let ceil = real("Ceil") { $0.rounded(.up) }
    /// Ties to even.
    static let round = real("Round", since: 11) { $0.rounded(.toNearestOrEven) }

    static let not = number("Not", types: [.bool], real: { $0 }, integer: { $0 == 0 ? 1 : 0 })
    static let bitwiseNot = number("BitwiseNot", since: 18, types: .integers, real: { $0 }, integer: { ~$0 })

    /// X real, Y bool.
    static let isNaN = definition(
        "IsNaN", since: 9, types: .reals, to: .bool,
        real: { (_: OperatorCall) throws(RuntimeError) in { $0.isNaN ? 1 : 0 } })
    /// X real, Y bool; `detect_positive` and `detect_negative` (both 1) say which infinities count.
    static let isInf = definition(
        "IsInf", since: 10, types: .reals, to: .bool,
        real: { (call: OperatorCall) throws(RuntimeError) in
            let positive = try call.int("detect_positive", default: 1) != 0,
                negative = try call.int("detect_negative", default: 1) != 0
            return { $0.isInfinite && ($0 > 0 ? positive : negative) ? 1 : 0 }
        })
}
