import DeixisTraining

/// ResNet v1.5 (He et al. 2016; the stride lies in the 3x3 convolution): image -> C3, C4, C5 at strides 8, 16, 32.
struct VisualEncoder<Scalar: Real> {
    let conv1: NormedConvolution<Scalar>
    /// layer1...layer4, at strides 4, 8, 16, 32.
    let layers: [[ResidualBlock<Scalar>]]

    init(_ scope: Scope<Scalar>, _ configuration: NetworkConfiguration.Visual) {
        conv1 = NormedConvolution(
            scope("conv1"), scope("bn1"), inputs: 3, outputs: configuration.stemChannels,
            kernel: configuration.stemKernel, stride: 2,
            frozen: configuration.frozenNorm)
        var channels = configuration.stemChannels
        layers = (0..<4).map { index in
            let width = configuration.widths[index]
            return (0..<configuration.blocks[index]).map { block in
                defer { channels = configuration.channels(stage: index + 2) }
                return ResidualBlock(
                    scope("layer\(index + 1)")(block), configuration.block, inputs: channels, width: width,
                    stride: block == 0 && index > 0 ? 2 : 1, frozen: configuration.frozenNorm)
            }
        }
    }

    /// [C3, C4, C5]
    func callAsFunction(_ image: FeatureMap<Scalar>) -> [FeatureMap<Scalar>] {
        var x = image.tape.scope("visual.maxpool") {
            conv1(image, activation: .relu).maxPool(kernel: 3, stride: 2, padding: 1)
        }
        // A stage is what a recomputing tape computes twice: its blocks' own outputs are most of what they keep.
        return layers.map { layer in
            x = x.recomputed(parameters: layer.flatMap(\.parameters)) { layer.reduce($0) { $1($0) } }
            return x
        }.suffix(3)
    }
}

/// y = ReLU(branch(x) + shortcut(x)).
struct ResidualBlock<Scalar: Real> {
    /// Two 3x3 (basic), or 1x1, 3x3, 1x1 with four times the width at the end (bottleneck).
    let branch: [NormedConvolution<Scalar>]
    /// A 1x1 convolution where shapes differ; else the identity.
    let downsample: NormedConvolution<Scalar>?

    init(
        _ scope: Scope<Scalar>, _ kind: NetworkConfiguration.Visual.Block, inputs: Int, width: Int, stride: Int,
        frozen: Bool
    ) {
        let outputs = kind == .bottleneck ? 4 * width : width
        let shapes: [(inputs: Int, outputs: Int, kernel: Int, stride: Int)] =
            switch kind {
            case .basic: [(inputs, width, 3, stride), (width, width, 3, 1)]
            case .bottleneck: [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
            }
        branch = shapes.enumerated().map { index, shape in
            NormedConvolution(
                scope("conv\(index + 1)"), scope("bn\(index + 1)"), inputs: shape.inputs, outputs: shape.outputs,
                kernel: shape.kernel,
                stride: shape.stride, frozen: frozen)
        }
        downsample =
            stride == 1 && inputs == outputs
            ? nil
            : NormedConvolution(
                scope("downsample")(0), scope("downsample")(1), inputs: inputs, outputs: outputs, kernel: 1,
                stride: stride, frozen: frozen)
    }

    var parameters: [Parameter<Scalar>] { (branch + (downsample.map { [$0] } ?? [])).flatMap(\.parameters) }

    func callAsFunction(_ x: FeatureMap<Scalar>) -> FeatureMap<Scalar> {
        let shortcut = downsample.map { $0(x, activation: .none) } ?? x
        var y = x
        for convolution in branch.dropLast() { y = convolution(y, activation: .relu) }
        return branch[branch.count - 1](y, adding: shortcut, activation: .relu)
    }
}
