import CDeixisTensor
import DeixisGraph

extension FeatureMap {
    /// The maximum of each window of `kernel` x `kernel` channels apart; padding never wins; the first of equals gets
    /// the gradient.
    public func maxPool(kernel: Int, stride: Int, padding: Int = 0) -> FeatureMap {
        let x = variable.tensor, (batch, height, width, channels) = (self.batch, self.height, self.width, self.channels)
        let (outHeight, outWidth) = (
            (height + 2 * padding - kernel) / stride + 1, (width + 2 * padding - kernel) / stride + 1
        )
        let window = dxt_window(
            height: height, width: width, channels: channels, out_height: outHeight, out_width: outWidth,
            kernel_h: kernel,
            kernel_w: kernel, stride: stride, pad: padding)
        let (inSize, outSize) = (height * width * channels, outHeight * outWidth * channels)
        let y = Tensor<Scalar>(uninitialized: [batch, outHeight, outWidth, channels])
        let which = ByteBuffer(count: batch * outSize)
        withUnsafePointer(to: window) { window in
            parallelChunks(batch) {
                Scalar.kernels.pointee.max_pool(
                    y.pointer + $0 * outSize, which.pointer + $0 * outSize, x.pointer + $0 * inSize, window)
            }
        }
        let (tape, source, inShape) = (tape, variable.reference, x.shape)
        let result = tape.record(
            "MaxPool", inputs: [variable], y,
            pullback: { gradient in
                let dx = Tensor<Scalar>(uninitialized: inShape), g = gradient.pointer
                withUnsafePointer(to: window) { window in
                    parallelChunks(batch) {
                        Scalar.kernels.pointee.fill(dx.pointer + $0 * inSize, 0, inSize)
                        Scalar.kernels.pointee.max_pool_backward(
                            dx.pointer + $0 * inSize, g + $0 * outSize, which.pointer + $0 * outSize, window)
                    }
                }
                tape.accumulate(dx, into: source)
            },
            emission: { emitter, values in
                let pair = { (n: Int) in Attribute.ints([Int64(n), Int64(n)]) }
                let p = Int64(padding)
                return emitter.node(
                    "MaxPool", [values[0]],
                    attributes: [
                        (name: "kernel_shape", value: pair(kernel)), (name: "strides", value: pair(stride)),
                        (name: "pads", value: .ints([p, p, p, p])),
                    ])
            })
        return FeatureMap(variable: result)
    }

    /// Each position repeated `factor` times both ways (nearest neighbor).
    public func upsampled(by factor: Int) -> FeatureMap {
        let x = variable.tensor, (batch, height, width, channels) = (self.batch, self.height, self.width, self.channels)
        let y = Tensor<Scalar>(uninitialized: [batch, height * factor, width * factor, channels])
        let row = width * factor * channels
        parallelChunks(batch * height) { line in
            let target = y.pointer + line * factor * row
            for column in 0..<width {
                for copy in 0..<factor {
                    (target + (column * factor + copy) * channels).update(
                        from: x.pointer + (line * width + column) * channels, count: channels)
                }
            }
            for copy in 1..<factor { (target + copy * row).update(from: target, count: row) }
        }
        let (tape, source, inShape) = (tape, variable.reference, x.shape)
        let result = tape.record(
            "Upsample", inputs: [variable], y,
            pullback: { gradient in
                let dx = Tensor<Scalar>(zeros: inShape), g = gradient.pointer
                parallelChunks(batch * height) { line in
                    for copy in 0..<factor * factor {
                        for column in 0..<width {
                            let from =
                                (line * factor + copy / factor) * row + (column * factor + copy % factor) * channels
                            Scalar.kernels.pointee.axpy(
                                dx.pointer + (line * width + column) * channels, g + from, 1, channels)
                        }
                    }
                }
                tape.accumulate(dx, into: source)
            },
            emission: { emitter, values in
                emitter.node(
                    "Resize", [values[0], nil, emitter.floats([1, 1, Float(factor), Float(factor)])],
                    attributes: [
                        (name: "mode", value: .string("nearest")),
                        (name: "coordinate_transformation_mode", value: .string("asymmetric")),
                        (name: "nearest_mode", value: .string("floor")),
                    ])
            })
        return FeatureMap(variable: result)
    }

    /// Twice as high and wide, linear between centers: y[2i] = x[i - 1] / 4 + 3 x[i] / 4, y[2i + 1] = 3 x[i] / 4 +
    /// x[i + 1] / 4 along each axis; beyond the border lie copies of it.
    public func doubledBilinear() -> FeatureMap {
        let x = variable.tensor, (batch, height, width, channels) = (self.batch, self.height, self.width, self.channels)
        let y = Tensor<Scalar>(uninitialized: [batch, 2 * height, 2 * width, channels])
        /// The two positions that one of twice as many is between, and their weights.
        func sources(_ at: Int, of extent: Int) -> [(at: Int, weight: Double)] {
            let near = at / 2, far = at % 2 == 0 ? near - 1 : near + 1
            return [(near, 0.75), (min(max(far, 0), extent - 1), 0.25)]
        }
        /// Calls `body` with offsets into y and x and the weight, for every pair of an image that has one.
        func pairs(_ image: Int, _ body: (_ y: Int, _ x: Int, _ weight: Double) -> Void) {
            for row in 0..<2 * height {
                for from in sources(row, of: height) {
                    for column in 0..<2 * width {
                        for source in sources(column, of: width) {
                            body(
                                ((image * 2 * height + row) * 2 * width + column) * channels,
                                ((image * height + from.at) * width + source.at) * channels,
                                from.weight * source.weight)
                        }
                    }
                }
            }
        }
        parallelChunks(batch) { image in
            let size = y.count / batch
            Scalar.kernels.pointee.fill(y.pointer + image * size, 0, size)
            pairs(image) { Scalar.kernels.pointee.axpy(y.pointer + $0, x.pointer + $1, $2, channels) }
        }
        let (tape, source, inShape) = (tape, variable.reference, x.shape)
        let result = tape.record(
            "Upsample", inputs: [variable], y,
            pullback: { gradient in
                let dx = Tensor<Scalar>(zeros: inShape), g = gradient.pointer
                parallelChunks(batch) { image in
                    pairs(image) { Scalar.kernels.pointee.axpy(dx.pointer + $1, g + $0, $2, channels) }
                }
                tape.accumulate(dx, into: source)
            },
            emission: { emitter, values in
                emitter.node(
                    "Resize", [values[0], nil, emitter.floats([1, 1, 2, 2])],
                    attributes: [
                        (name: "mode", value: .string("linear")),
                        (name: "coordinate_transformation_mode", value: .string("half_pixel")),
                    ])
            })
        return FeatureMap(variable: result)
    }

    /// Positions as tokens: [batch, height * width, channels], row by row.
    public func flattened() -> Variable<Scalar> {
        let (tape, source) = (tape, variable.reference)
        return tape.record(
            "Flatten", inputs: [variable], variable.tensor.reshaped([batch, height * width, channels]),
            pullback: { gradient in tape.accumulate(gradient, into: source) },
            emission: { [channels, count = height * width] emitter, values in
                let rows = emitter.node("Reshape", [values[0], emitter.integers([0, channels, count])])
                return emitter.node("Transpose", [rows], attributes: [(name: "perm", value: .ints([0, 2, 1]))])
            })
    }

    /// Joins along the channels.
    public static func concatenated(_ parts: [FeatureMap]) -> FeatureMap {
        FeatureMap(variable: Variable.concatenatedChannels(parts.map(\.variable), emittedAxis: 1))
    }
}

/// Bytes a pullback keeps.
final class ByteBuffer {
    let pointer: UnsafeMutablePointer<UInt8>
    private let bytes: Int

    init(count: Int) {
        bytes = BufferPool.roundedSize(count)
        pointer = BufferPool.take(bytes).assumingMemoryBound(to: UInt8.self)
    }

    deinit { BufferPool.give(pointer, bytes) }
}
