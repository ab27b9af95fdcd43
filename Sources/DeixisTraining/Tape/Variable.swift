/// A tensor and its place on a tape.
public struct Variable<Scalar: Real> {
    public let tensor: Tensor<Scalar>
    public let tape: Tape<Scalar>
    let node: Int

    public var shape: [Int] { tensor.shape }

    /// The place alone, for pullbacks: it does not keep the tensor alive.
    public struct Reference {
        let node: Int
    }

    public var reference: Reference { Reference(node: node) }
    public var needsGradient: Bool { tape.needsGradient(self) }
}

/// An image-like variable: NHWC in the trainer, NCHW in ONNX files. Only convolution, pooling, upsampling and
/// flattening know.
public struct FeatureMap<Scalar: Real> {
    /// Shape [batch, height, width, channels].
    public let variable: Variable<Scalar>

    public var tape: Tape<Scalar> { variable.tape }
    public var batch: Int { variable.shape[0] }
    public var height: Int { variable.shape[1] }
    public var width: Int { variable.shape[2] }
    public var channels: Int { variable.shape[3] }
}
