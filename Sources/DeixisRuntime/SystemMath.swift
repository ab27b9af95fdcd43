/// libm, called by its C names: a C target of its own would hold nothing but these lines.
enum SystemMath {
    @_silgen_name("expf") static func exp(_ x: Float) -> Float
    @_silgen_name("exp") static func exp(_ x: Double) -> Double
    @_silgen_name("expm1") static func expm1(_ x: Double) -> Double
    @_silgen_name("log") static func log(_ x: Double) -> Double
    @_silgen_name("log1p") static func log1p(_ x: Double) -> Double
    @_silgen_name("pow") static func pow(_ x: Double, _ y: Double) -> Double
    @_silgen_name("fmod") static func fmod(_ x: Double, _ y: Double) -> Double
    @_silgen_name("erf") static func erf(_ x: Double) -> Double
    @_silgen_name("tanh") static func tanh(_ x: Double) -> Double
    @_silgen_name("sin") static func sin(_ x: Double) -> Double
    @_silgen_name("cos") static func cos(_ x: Double) -> Double
    @_silgen_name("tan") static func tan(_ x: Double) -> Double
    @_silgen_name("asin") static func asin(_ x: Double) -> Double
    @_silgen_name("acos") static func acos(_ x: Double) -> Double
    @_silgen_name("atan") static func atan(_ x: Double) -> Double
    @_silgen_name("sinh") static func sinh(_ x: Double) -> Double
    @_silgen_name("cosh") static func cosh(_ x: Double) -> Double
    @_silgen_name("asinh") static func asinh(_ x: Double) -> Double
    @_silgen_name("acosh") static func acosh(_ x: Double) -> Double
    @_silgen_name("atanh") static func atanh(_ x: Double) -> Double
}
