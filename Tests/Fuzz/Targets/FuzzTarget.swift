/// What reads bytes of strangers, one function a kind of bytes. `tools/fuzz` feeds each with libFuzzer; `ReplayTests`
/// with what fell before (`Tests/Fuzz/Inputs`).
public struct FuzzTarget: Sendable {
    public let name: String
    /// Small inputs to begin with, beside those that `tools/fuzz` finds in the folders of other tests.
    public let seeds: @Sendable () -> [[UInt8]]
    /// Takes anything; a trap, a report of a sanitizer or no end is a fault.
    public let run: @Sendable ([UInt8]) -> Void
    /// The same, of models: how far they came.
    public let reach: (@Sendable ([UInt8]) -> TriedModel.Reach)?
    /// Makes another input of one, in place of libFuzzer's own changes; those are given as `bytes`.
    public let mutate: Mutate?
    /// Makes another input of two; nil where they have nothing to give each other.
    public let cross: Cross?

    public typealias Mutate =
        @Sendable (_ input: [UInt8], _ random: inout Random, _ bytes: ([UInt8]) -> [UInt8]) -> [UInt8]
    public typealias Cross = @Sendable (_ first: [UInt8], _ second: [UInt8], _ random: inout Random) -> [UInt8]?

    init(
        _ name: String, seeds: @escaping @Sendable () -> [[UInt8]] = { [] }, run: @escaping @Sendable ([UInt8]) -> Void,
        mutate: Mutate? = nil
    ) {
        (self.name, self.seeds, self.run, self.mutate, reach, cross) = (name, seeds, run, mutate, nil, nil)
    }

    init(
        _ name: String, seeds: @escaping @Sendable () -> [[UInt8]] = { [] },
        reach: @escaping @Sendable ([UInt8]) -> TriedModel.Reach,
        mutate: Mutate? = nil, cross: Cross? = nil
    ) {
        (self.name, self.seeds, self.reach, self.mutate, self.cross) = (name, seeds, reach, mutate, cross)
        run = { _ = reach($0) }
    }

    public static let all = [
        onnx, graph, compiled, checkpoint, safetensors, pickle, annotations, numpy, manifest, image, sentence, metadata,
        profile,
    ]

    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// SplitMix64.
public struct Random: Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// - Precondition: `count` is above 0.
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
    public mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
}

/// Numbers that a stranger or an attacker might write.
enum Extremes {
    static let integers: [Int64] = [
        0, 1, 2, 3, 5, 7, 16, 100, 255, 256, 1000, 4096, 65536, 1 << 20, 1 << 31 - 1, 1 << 31, 1 << 32, 1 << 32 + 1,
        1 << 39, 1 << 40, 1 << 41,
        1 << 61, 1 << 62, .max, .max - 1, -1, -2, -3, -7, -1000, -1 << 31, -1 << 40, .min, .min + 1,
    ]
    static let floats: [Float] = [
        0, -0.0, 1, -1, 0.5, 0.1, 2, 0x1p-149, 1e-30, 1e9, 1e18, 1e30, 3.4e38, .nan, .infinity, -.infinity, 0x1p31,
        0x1p63, -0x1p63,
    ]
    static let words = [
        "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET", "reflect", "wrap", "edge", "constant", "linear", "cubic",
        "nearest", "align_corners",
        "asymmetric", "half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "tf_crop_and_resize", "not_larger",
        "not_smaller", "stretch",
        "floor", "ceil", "round_prefer_ceil", "add", "mul", "max", "min", "none", "CRD", "DCR", "tanh", "LEFT", "RIGHT",
        "", "bij,bjk->bik",
        "...i,...i->...", "ii->i", "i,i->", "ab,cd", "->", "a->a,b", "zzzzz",
    ]
}

/// Takes fuzz bytes for decisions: what ran out reads as 0.
struct Decisions {
    private let bytes: [UInt8]
    private var at = 0
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at >= bytes.count }

    mutating func byte() -> Int {
        guard at < bytes.count else { return 0 }
        at += 1
        return Int(bytes[at - 1])
    }

    mutating func below(_ count: Int) -> Int { byte() % max(count, 1) }
    mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

    /// Mostly small, sometimes extreme.
    mutating func integer() -> Int64 {
        let byte = byte()
        return byte < 210 ? Int64(byte % 14) - 4 : Extremes.integers[(byte - 210) % Extremes.integers.count]
    }

    mutating func float() -> Float {
        let byte = byte()
        return byte < 200 ? Float(byte - 100) / 16 : Extremes.floats[(byte - 200) % Extremes.floats.count]
    }
}
