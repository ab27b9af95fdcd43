/// Random numbers that are a pure function of (seed, stream, counter): sample 1,000,000 is as cheap to reach as sample
/// 0, and every scene, batch and augmentation has a stream of its own whatever thread draws it.
///
///     key     = mix(seed + 0x9E37...15) xor mix(stream + 0xD1B5...35), mixed again
///     word(n) = mix(key + (n + 1) * 0x9E3779B97F4A7C15)
///
/// `mix` is the finalizer of SplitMix64 (Steele, Lea, Flood 2014). The ranges below are our own, not the standard
/// library's, so that a new toolchain cannot change what a seed means.
public struct CounterRandom: Sendable {
    private let key: UInt64
    private var counter: UInt64 = 0

    public init(seed: UInt64, stream: UInt64) {
        key = Self.mix(Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15) ^ Self.mix(stream &+ 0xD1B5_4A32_D192_ED35))
    }

    static func mix(_ word: UInt64) -> UInt64 {
        var z = word
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Word 0 of a stream: a seed derived from a seed.
    static func word(_ seed: UInt64, _ stream: UInt64) -> UInt64 {
        var random = CounterRandom(seed: seed, stream: stream)
        return random.next()
    }

    public mutating func next() -> UInt64 {
        counter &+= 1
        return Self.mix(key &+ counter &* 0x9E37_79B9_7F4A_7C15)
    }

    /// Uniform in [0, 1), 53 bits.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    public mutating func double(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

    /// Uniform in 0..<count by the multiply-high method; the bias is below count / 2^64.
    /// - Precondition: count > 0.
    public mutating func int(_ count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

    public mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// - Precondition: `values` is not empty.
    public mutating func pick<T>(_ values: [T]) -> T { values[int(values.count)] }

    /// An index drawn in proportion to `weights`; the last positive one if rounding runs past the end.
    /// - Precondition: some weight is positive, none negative.
    public mutating func index(weights: [Double]) -> Int {
        var left = unit() * weights.reduce(0, +)
        for (i, weight) in weights.enumerated() where weight > 0 {
            left -= weight
            if left < 0 { return i }
        }
        return weights.lastIndex { $0 > 0 } ?? 0
    }

    public mutating func shuffle<T>(_ values: inout [T]) {
        var i = values.count - 1
        while i > 0 {
            values.swapAt(i, int(i + 1))
            i -= 1
        }
    }
}
