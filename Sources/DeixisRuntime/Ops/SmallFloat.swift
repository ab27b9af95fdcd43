/// IEEE-like formats of 16 bits, by arithmetic alone: `Float16` is no type of every platform the runtime is built for.
struct SmallFloat: Sendable {
    let exponentBits: Int
    let mantissaBits: Int

    static let float16 = SmallFloat(exponentBits: 5, mantissaBits: 10)
    static let bfloat16 = SmallFloat(exponentBits: 8, mantissaBits: 7)

    private var bias: Int { 1 << (exponentBits - 1) - 1 }
    /// Exponent all ones: infinity with a zero mantissa, NaN otherwise.
    private var infinity: UInt64 { UInt64(1 << exponentBits - 1) << UInt64(mantissaBits) }

    func decode(_ bits: UInt16) -> Double {
        let magnitude = UInt64(bits & 0x7FFF)
        let mantissa = magnitude & (1 << UInt64(mantissaBits) - 1)
        let exponent = Int(magnitude >> UInt64(mantissaBits))
        let sign: FloatingPointSign = bits >> 15 == 0 ? .plus : .minus
        if magnitude >= infinity { return mantissa == 0 ? (sign == .plus ? .infinity : -.infinity) : .nan }
        let significand = exponent == 0 ? mantissa : mantissa + 1 << UInt64(mantissaBits)
        return Double(sign: sign, exponent: max(exponent, 1) - bias - mantissaBits, significand: Double(significand))
    }

    /// Nearest, ties to even, in one rounding; too large gives infinity.
    func encode(_ x: Double) -> UInt16 {
        let sign: UInt16 = x.sign == .plus ? 0 : 0x8000
        if x.isNaN { return sign | UInt16(infinity | 1 << UInt64(mantissaBits - 1)) }
        if x.isInfinite { return sign | UInt16(infinity) }
        if x == 0 { return sign }
        let exponent = max(Int(x.exponent), 1 - bias)
        if exponent > bias { return sign | UInt16(infinity) }
        // Units of the last place; the carry of a mantissa that rounds up runs into the exponent, up to infinity.
        let units = Double(sign: .plus, exponent: mantissaBits - exponent, significand: x.magnitude).rounded(
            .toNearestOrEven)
        return sign | UInt16(UInt64(exponent + bias - 1) << UInt64(mantissaBits) + UInt64(units))
    }
}
