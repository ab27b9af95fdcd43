/// real = scale (stored - zero)
public struct ActivationParameters: Sendable, Equatable {
    public var scale: Float
    public var zero: UInt8

    public init(scale: Float, zero: UInt8) {
        self.scale = scale
        self.zero = zero
    }

    /// 256 steps over low...high, which holds 0; zero falls on a step.
    public init(low: Float, high: Float) {
        let low = min(low, 0), high = max(high, 0)
        guard high > low else { self.init(scale: 1, zero: 0); return }
        let scale = max((high - low) / 255, .leastNormalMagnitude)
        self.init(scale: scale, zero: UInt8(max(0, min(255, (-low / scale).rounded(.toNearestOrEven)))))
    }

    public func quantized(_ x: Float) -> UInt8 {
        UInt8(max(0, min(255, (x / scale).rounded(.toNearestOrEven) + Float(zero))))
    }
    public func real(_ q: UInt8) -> Float { scale * Float(Int(q) - Int(zero)) }
}

/// Weights as int8, symmetric per output channel: real = scale[channel] stored.
public struct QuantizedWeights: Sendable {
    public var values: [Int8]
    public var scales: [Float]

    /// `weights` in any shape; `channel(i)` names element i's output channel.
    ///
    /// scale = max |w| / 127 (1 for a channel of zeros), stored = round(w / scale), ties to even.
    public init(_ weights: [Float], channels: Int, channel: (Int) -> Int) {
        var largest = [Float](repeating: 0, count: channels)
        for i in weights.indices { largest[channel(i)] = max(largest[channel(i)], abs(weights[i])) }
        scales = largest.map { $0 > 0 ? max($0 / 127, .leastNormalMagnitude) : 1 }
        values = [Int8](repeating: 0, count: weights.count)
        for i in weights.indices {
            values[i] = Int8(max(-127, min(127, (weights[i] / scales[channel(i)]).rounded(.toNearestOrEven))))
        }
    }
}
