import Testing

@testable import DeixisQuantization

@Suite struct RangeTests {
    static func histogram(_ values: [Float]) -> Histogram {
        var histogram = Histogram()
        let added = values.withUnsafeBufferPointer { histogram.add($0) }
        #expect(added)
        return histogram
    }

    @Test func countsEverythingWhileGrowing() {
        var histogram = Histogram()
        for values: [Float] in [[0, 0], [0.5, -0.25], [3], [-100, 7]] {
            _ = values.withUnsafeBufferPointer { histogram.add($0) }
        }
        #expect(histogram.bins.reduce(0, +) == 7 && histogram.count == 7)
        #expect(histogram.least == -100 && histogram.greatest == 7)
        #expect(abs(histogram.mean - (-89.75 / 7)) < 1e-6)
        // Each value lies in a bin that touches it.
        let step = histogram.limit / Float(Histogram.binCount / 2)
        for x: Float in [-100, 0.5, 3, 7] {
            let near = (0..<Histogram.binCount).filter { abs(histogram.center($0) - x) <= step / 2 }
            #expect(!near.isEmpty && near.contains { histogram.bins[$0] > 0 }, "\(x)")
        }
    }

    @Test func refusesWhatIsNotFinite() {
        var histogram = Histogram()
        let added = [Float](arrayLiteral: 1, .nan).withUnsafeBufferPointer { histogram.add($0) }
        #expect(!added && histogram.isEmpty)
    }

    /// 10,000 values evenly over 0...1 and one at 100.
    static let outlier = histogram((0..<10_000).map { Float($0) / 10_000 } + [100])

    @Test func methodsDifferOnOutliers() {
        #expect(RangeMethod.minMax.range(of: Self.outlier) == (0, 100))
        #expect(RangeMethod.percentile(0.999).range(of: Self.outlier).high < 1.5)
        // Clipping 100 to h costs (100 - h)^2 once; 10,000 steps of h / 255 cost 10,000 (h / 255)^2 / 12: least at h =
        // 100 / (1 + 0.0128).
        let high = RangeMethod.meanSquaredError.range(of: Self.outlier).high
        #expect((97...100).contains(high), "\(high)")
        #expect(RangeMethod.entropy.range(of: Self.outlier).high <= 100)
    }

    @Test func entropyCutsLongTails() {
        // A bell and a far tail that carries almost nothing.
        var values: [Float] = []
        for i in -500...500 { values += Array(repeating: Float(i) / 500, count: 501 - abs(i)) }
        values += [20, -20]
        let range = RangeMethod.entropy.range(of: Self.histogram(values))
        #expect(range.high < 10 && range.low > -10, "\(range)")
    }

    @Test(arguments: [RangeMethod.minMax, .percentile(0.9999), .meanSquaredError, .entropy])
    func alwaysHoldsZero(method: RangeMethod) {
        for values: [Float] in [[0, 0], [3, 4, 5], [-5, -4], [1e-30], []] {
            let range = method.range(of: Self.histogram(values))
            #expect(range.low <= 0 && range.high >= 0)
            let p = ActivationParameters(low: range.low, high: range.high)
            #expect(p.scale > 0 && p.real(p.zero) == 0)
        }
    }

    @Test func parametersCoverTheRange() {
        let p = ActivationParameters(low: -1, high: 3)
        #expect(p.scale == 4 / 255 && p.zero == 64)
        #expect(p.quantized(-1) == 0 && p.quantized(3) == 255 && p.quantized(99) == 255)
        for x: Float in [-0.9, -0.3, 0.01, 1.7, 2.9] { #expect(abs(p.real(p.quantized(x)) - x) <= p.scale / 2 * 1.001) }
    }

    @Test func weightsAreSymmetricPerChannel() {
        let w = QuantizedWeights([1, -2, 0.5, 0, 0, 0], channels: 2) { $0 / 3 }
        #expect(w.scales == [2 / 127, 1])
        #expect(w.values == [64, -127, 32, 0, 0, 0])
    }
}
