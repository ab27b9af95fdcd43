/// Numbers that are the same for the same seed, everywhere (SplitMix64).
public struct Random: Sendable {
    private var state: UInt64

    public init(seed: UInt64, stream: UInt64 = 0) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 ^ stream &* 0xD1B5_4A32_D192_ED03
        for _ in 0..<2 { _ = bits() }
    }

    public mutating func bits() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// One of 0..<count.
    public mutating func below(_ count: Int) -> Int { count <= 1 ? 0 : Int(bits() >> 33) % count }
    public mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }
    public mutating func pick<T>(_ from: [T]) -> T { from[below(from.count)] }
    public mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    public mutating func uniform(_ low: Float, _ high: Float) -> Float {
        low + (high - low) * Float(bits() >> 40) / Float(1 << 24)
    }
}
