/// libm, called by its C names: a C target of its own would hold nothing but these lines.
enum SystemMath {
    @_silgen_name("expf") static func exp(_ x: Float) -> Float
    @_silgen_name("exp") static func exp(_ x: Double) -> Double
}
