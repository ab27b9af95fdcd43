import DeixisGraph

// Formulas as on the ONNX pages; NaN stays NaN, but where a page says "otherwise 0". A product of -infinity and a
// factor that vanishes there is its limit, 0.
extension Unary {
    /// max(x, 0)
    static let relu = number("Relu", types: .signed, real: { $0 < 0 ? 0 : $0 }, integer: { max($0, 0) })

    /// x < 0 ? alpha x : x
    static let leakyRelu = real(
        "LeakyRelu",
        parameters: { (call: OperatorCall) throws(RuntimeError) in
            let alpha = Double(try call.float("alpha", default: 0.01))
            return { $0 < 0 ? alpha * $0 : $0 }
        })

    /// x > alpha ? x : 0
    static let thresholdedRelu = real(
        "ThresholdedRelu",
        parameters: { (call: OperatorCall) throws(RuntimeError) in
            let alpha = Double(try call.float("alpha", default: 1))
            return { $0 > alpha ? $0 : 0 }
        })

    /// x < 0 ? alpha (e^x - 1) : x
    static let elu = real(
        "Elu",
        parameters: { (call: OperatorCall) throws(RuntimeError) in
            let alpha = Double(try call.float("alpha", default: 1))
            return { $0 < 0 ? alpha * SystemMath.expm1($0) : $0 }
        })

    /// max(x, 0) + min(alpha (e^(x / alpha) - 1), 0)
    static let celu = real(
        "Celu", since: 12,
        parameters: { (call: OperatorCall) throws(RuntimeError) in
            let alpha = Double(try call.float("alpha", default: 1))
            guard alpha != 0 else { throw call.invalid("alpha is 0") }
            return { x in
                let bent = alpha * SystemMath.expm1(x / alpha)
                return (x < 0 ? 0 : x) + (bent > 0 ? 0 : bent)
            }
        })

    /// gamma (x > 0 ? x : alpha (e^x - 1))
    static let selu = real(
        "Selu",
        parameters: { (call: OperatorCall) throws(RuntimeError) in
            let alpha = Double(try call.float("alpha", default: 1.67326319217681884765625))
            let gamma = Double(try call.float("gamma", default: 1.05070102214813232421875))
            return { gamma * ($0 > 0 ? $0 : alpha * SystemMath.expm1($0)) }
        })

    /// x < -lambd ? x + bias : x > lambd ? x - bias : 0
    static let shrink = definition(
        "Shrink", since: 9, types: .numeric,
        real: { (call: OperatorCall) throws(RuntimeError) in
            let lambda = Double(try call.float("lambd", default: 0.5)),
                bias = Double(try call.float("bias", default: 0))
            return { $0 < -lambda ? $0 + bias : $0 > lambda ? $0 - bias : 0 }
        })

    /// 1 / (1 + e^-x)
    static let sigmoid = real("Sigmoid") { 1 / (1 + SystemMath.exp(-$0)) }

    /// min(max(alpha x + beta, 0), 1)
    static let hardSigmoid = real(
        "HardSigmoid",
        parameters: { (call: OperatorCall) throws(RuntimeError) in
            let alpha = Double(try call.float("alpha", default: 0.2)),
                beta = Double(try call.float("beta", default: 0.5))
            return { unit(alpha * $0 + beta) }
        })

    /// x min(max(x / 6 + 1/2, 0), 1)
    static let hardSwish = real("HardSwish", since: 14) { product($0, unit($0 / 6 + 0.5)) }

    /// x sigmoid(alpha x)
    static let swish = real(
        "Swish", since: 24,
        parameters: { (call: OperatorCall) throws(RuntimeError) in
            let alpha = Double(try call.float("alpha", default: 1))
            return { product($0, 1 / (1 + SystemMath.exp(-alpha * $0))) }
        })

    /// log(1 + e^x)
    static let softplus = real("Softplus") { logOnePlusExp($0) }

    /// x / (1 + |x|)
    static let softsign = real("Softsign") { $0 / (1 + $0.magnitude) }

    /// x tanh(log(1 + e^x))
    static let mish = real("Mish", since: 18) { product($0, SystemMath.tanh(logOnePlusExp($0))) }

    /// x/2 (1 + erf(x / sqrt 2)), or with `approximate` = tanh x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
    static let gelu = real(
        "Gelu", since: 20,
        parameters: { (call: OperatorCall) throws(RuntimeError) in
            let approximate = try call.string("approximate", default: "none")
            if approximate == "none" { return { product(0.5 * $0, 1 + SystemMath.erf($0 * 0.5.squareRoot())) } }
            guard approximate == "tanh" else { throw call.invalid("approximate '\(approximate)' is unknown") }
            return {
                product(
                    0.5 * $0, 1 + SystemMath.tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
            }
        })

    private static func product(_ x: Double, _ factor: Double) -> Double { factor == 0 && !x.isNaN ? 0 : x * factor }

    private static func unit(_ x: Double) -> Double { x < 0 ? 0 : x > 1 ? 1 : x }

    private static func logOnePlusExp(_ x: Double) -> Double {
        x > 0 ? x + SystemMath.log1p(SystemMath.exp(-x)) : SystemMath.log1p(SystemMath.exp(x))
    }
}
