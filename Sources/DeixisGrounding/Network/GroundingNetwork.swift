public import DeixisTraining

/// The network, the figure on one page: one image and one sentence in, one box out.
///
///     image -> ResNet -> C3, C4, C5 -> F_v^0 --+--> group 1: CA2M x 2 --+
///                                              +--> group 2: CA2M x 2 --+--> concat -> CA2M x 3 -> [CLS] row -> MLP -> box
///     tokens -> BERT -> F_l,1  F_l,2  F_l,3 ---+--> group 3: CA2M x 2 --+
public final class GroundingNetwork<Scalar: Real> {
    public let configuration: NetworkConfiguration
    /// Every weight and running statistic, sigma included, in the order of their making.
    public let parameters: ParameterStore<Scalar>
    /// One for each term of the loss; part of training, not of the exported network.
    public let sigma: Parameter<Scalar>

    let visual: VisualEncoder<Scalar>
    let neck: Neck<Scalar>
    let language: LanguageEncoder<Scalar>
    let groups: [InteractionGroup<Scalar>]
    let fusion: [CrossModalLayer<Scalar>]
    let head: [Linear<Scalar>]
    /// Beside the box; nil until one is attached.
    public private(set) var score: ScoreHead<Scalar>?

    /// - Parameter seed: of the initial weights.
    public init(_ configuration: NetworkConfiguration, seed: UInt64) throws(NetworkError) {
        try configuration.validate()
        self.configuration = configuration
        parameters = ParameterStore(seed: seed)
        let root = parameters.root, width = configuration.fusionWidth
        visual = VisualEncoder(root("visual"), configuration.visual)
        neck = Neck(root("neck"), configuration)
        language = LanguageEncoder(root("language"), configuration)
        groups = configuration.language.blocks.indices.reduce(into: []) { groups, index in
            groups.append(
                InteractionGroup(
                    root("groups")(index), configuration, sharing: configuration.sharesProjections ? groups.first : nil)
            )
        }
        fusion = (0..<configuration.fusion.layers).map {
            CrossModalLayer(root("fusion")($0), width: width, configuration.fusion, configuration)
        }
        let start = configuration.start
        let last = configuration.headLayers - 1
        head =
            (0..<last).map { Linear(root("head")($0), width, width) } + [
                Linear(root("head")(last), width, 4, gain: start.headGain, bias: .values(start.box.map { logit($0) }))
            ]
        sigma = root("loss").parameter(
            "sigma", [SelfPacedLoss.terms.count], .values(configuration.loss.initialSigma.values),
            trainable: configuration.loss.learnsSigma)
    }

    /// Gives the network a score head, its parameters `score.0.weight` and so on; they are not for the optimizer.
    /// - Precondition: it has none.
    func attachScore(hidden: Int) {
        precondition(score == nil, "two score heads")
        score = ScoreHead(
            parameters.root("score"), width: configuration.fusionWidth, hidden: hidden, trainable: false)
    }

    /// Boxes [batch, 4]: center x, center y, width, height in 0...1 of the letterboxed square.
    ///
    /// - Parameters:
    ///   - images: letterboxed RGB bytes, [batch, side, side, 3].
    ///   - tape: decides between training, inference and tracing.
    public func callAsFunction(_ images: [UInt8], _ tokens: TokenBatch, on tape: Tape<Scalar>) -> Variable<Scalar> {
        box(row(images, tokens, on: tape))
    }

    /// The [CLS] row behind the fusion, [batch, fusion width]: all that box and score are made from.
    func row(_ images: [UInt8], _ tokens: TokenBatch, on tape: Tape<Scalar>) -> Variable<Scalar> {
        let mask = LanguageMask<Scalar>(tokens, visualTokens: configuration.gridSide * configuration.gridSide)
        let image = tape.scope("image") {
            tape.image(images, batch: tokens.batch, side: configuration.imageSide, configuration.normalization)
        }
        let vision = neck(visual(image))
        let blocks = language(tokens, mask: mask.language, on: tape)
        let grouped = zip(groups, configuration.language.blocks).enumerated().map { index, pair in
            tape.scope("groups.\(index)") { pair.0(vision, blocks[pair.1 - 1], mask: mask) }
        }
        let joined = tape.scope("fusion") {
            (Variable.concatenatedChannels(grouped.map(\.0)), Variable.concatenatedChannels(grouped.map(\.1)))
        }
        let fused = fusion.reduce(joined) { features, layer in
            tape.scope("fusion") { layer(features.0, features.1, mask: mask) }
        }
        return tape.scope("head") { fused.1.firstToken() }
    }

    func box(_ row: Variable<Scalar>) -> Variable<Scalar> {
        let x = head.dropLast().reduce(row) { x, layer in layer(x, activation: .relu) }
        return row.tape.scope("head") { head[head.count - 1](x).sigmoid() }
    }
}

extension NetworkConfiguration {
    /// In byte units, as the graph subtracts and divides.
    var normalization: ImageNormalization {
        ImageNormalization(mean: imageMean.map { $0 * 255 }, deviation: imageDeviation.map { $0 * 255 })
    }
}

/// The inverse of the sigmoid, for 0 < p < 1.
private func logit(_ p: Double) -> Double { -logarithm(1 / p - 1) }
