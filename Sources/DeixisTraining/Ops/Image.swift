import CDeixisTensor
import DeixisGraph

/// How bytes become activations: (byte - mean) / deviation for each of the three channels, in byte units.
public struct ImageNormalization: Sendable, Equatable {
    public var mean: [Double]
    public var deviation: [Double]

    public init(mean: [Double], deviation: [Double]) {
        self.mean = mean
        self.deviation = deviation
    }

    /// The statistics every torchvision ResNet was trained with.
    public static let imageNet = ImageNormalization(
        mean: [0.485, 0.456, 0.406].map { $0 * 255 }, deviation: [0.229, 0.224, 0.225].map { $0 * 255 })
}

extension Tape {
    /// Letterboxed RGB bytes, [batch, side, side, 3] interleaved, to a normalized map. No gradient flows to the image.
    ///
    /// - Precondition: `bytes` holds `batch * side * side * 3` entries.
    public func image(_ bytes: [UInt8], batch: Int, side: Int, _ normalization: ImageNormalization) -> FeatureMap<
        Scalar
    > {
        precondition(
            bytes.count == batch * side * side * 3, "\(bytes.count) bytes for \(batch) images of \(side) x \(side)")
        let y = Tensor<Scalar>(uninitialized: [batch, side, side, 3])
        bytes.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            parallel(batch * side * side, grain: 1 << 12) {
                Scalar.kernels.pointee.normalize_bytes(
                    y.pointer + 3 * $0.lowerBound, base + 3 * $0.lowerBound, normalization.mean,
                    normalization.deviation, $0.count)
            }
        }
        let result = record(
            "Image", inputs: [], y, pullback: nil,
            emission: { emitter, _ in
                let extent = Dimension.fixed(side)
                let image = emitter.input("image", .uint8, [.symbol("batch"), extent, extent, .fixed(3)])
                let numbers = emitter.node(
                    "Cast", [image], attributes: [(name: "to", value: .int(Scalar.isDouble ? 11 : 1))])
                let centered = emitter.node("Sub", [numbers, emitter.scalars("image/mean", [3], normalization.mean)])
                let scaled = emitter.node(
                    "Div", [centered, emitter.scalars("image/deviation", [3], normalization.deviation)])
                return emitter.node("Transpose", [scaled], attributes: [(name: "perm", value: .ints([0, 3, 1, 2]))])
            })
        return FeatureMap(variable: result)
    }
}
