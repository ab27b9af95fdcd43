import DeixisTraining

/// One half of a CA2M, and the body of a Transformer encoder layer:
///
///     x* = LN(x + MHA(x, s));  x' = LN(x* + W2 act(W1 x*)),  act: ReLU or GELU
///
/// s is the other modality for a CA2M, x itself for the encoder layer.
struct AttentionHalf<Scalar: Real> {
    let attention: MultiHeadAttention<Scalar>
    let norm1, norm2: LayerNorm<Scalar>
    let linear1, linear2: Linear<Scalar>
    let activation: NetworkConfiguration.Interaction.Nonlinearity
    let dropout: Double

    init(
        _ scope: Scope<Scalar>, width: Int, _ configuration: NetworkConfiguration.Interaction,
        _ whole: NetworkConfiguration
    ) {
        let gain = whole.start.residualGain
        attention = MultiHeadAttention(scope("attention"), width: width, heads: configuration.heads, outputGain: gain)
        norm1 = LayerNorm(scope("norm1"), width, epsilon: whole.normEpsilon)
        linear1 = Linear(scope("linear1"), width, configuration.feedForward)
        linear2 = Linear(scope("linear2"), configuration.feedForward, width, gain: gain)
        norm2 = LayerNorm(scope("norm2"), width, epsilon: whole.normEpsilon)
        activation = configuration.activation
        dropout = whole.dropout
    }

    func callAsFunction(_ x: Variable<Scalar>, over source: Variable<Scalar>, mask: KeyMask<Scalar>?) -> Variable<
        Scalar
    > {
        let x = norm1(x, adding: attention(x, over: source, mask: mask), dropout: dropout)
        let hidden =
            switch activation {
            case .relu: linear1(x, activation: .relu)
            case .gelu: x.tape.scope(linear1.name) { linear1(x).gelu() }
            }
        return norm2(x, adding: linear2(hidden), dropout: dropout)
    }
}

/// One cross-modal layer: (F_v, F_l) -> (F_v', F_l').
enum CrossModalLayer<Scalar: Real> {
    /// CA2M: vision first, then language attends to the updated vision; no self-attention.
    case alternate(visual: AttentionHalf<Scalar>, language: AttentionHalf<Scalar>)
    /// The ablation: self-attention over the concatenated tokens, vision first.
    case transformer(AttentionHalf<Scalar>)

    init(
        _ scope: Scope<Scalar>, width: Int, _ configuration: NetworkConfiguration.Interaction,
        _ whole: NetworkConfiguration
    ) {
        func half(_ name: String) -> AttentionHalf<Scalar> {
            AttentionHalf(scope(name), width: width, configuration, whole)
        }
        self =
            switch configuration.kind {
            case .alternate: .alternate(visual: half("visual"), language: half("language"))
            case .transformer: .transformer(half("joint"))
            }
    }

    func callAsFunction(
        _ vision: Variable<Scalar>, _ language: Variable<Scalar>, mask: LanguageMask<Scalar>
    ) -> (Variable<Scalar>, Variable<Scalar>) {
        switch self {
        case .alternate(let visual, let linguistic):
            let vision = visual(vision, over: language, mask: mask.language)
            return (vision, linguistic(language, over: vision, mask: nil))
        case .transformer(let joint):
            let count = vision.shape[1], total = count + language.shape[1]
            let tokens = Variable.concatenatedTokens([vision, language])
            let result = joint(tokens, over: tokens, mask: mask.joint)
            return (result.tokens(0..<count), result.tokens(count..<total))
        }
    }
}

/// Padded language positions never serve as keys; visual tokens always do.
struct LanguageMask<Scalar: Real> {
    let language: KeyMask<Scalar>
    /// Over the concatenated tokens, vision first.
    let joint: KeyMask<Scalar>

    init(_ tokens: TokenBatch, visualTokens: Int) {
        language = KeyMask(batch: tokens.batch, length: tokens.length, attends: tokens.mask)
        joint = KeyMask(batch: tokens.batch, length: tokens.length, attends: tokens.mask, leading: visualTokens)
    }
}

/// One group: projections to C0, then CA2Ms.
struct InteractionGroup<Scalar: Real> {
    let visualProjection, languageProjection: Linear<Scalar>
    let layers: [CrossModalLayer<Scalar>]

    /// - Parameter other: the group whose projections it shares; nil: it has its own.
    init(_ scope: Scope<Scalar>, _ configuration: NetworkConfiguration, sharing other: InteractionGroup? = nil) {
        visualProjection =
            other?.visualProjection
            ?? Linear(scope("visual_projection"), configuration.visualWidth, configuration.channels)
        languageProjection =
            other?.languageProjection
            ?? Linear(scope("language_projection"), configuration.language.width, configuration.channels)
        layers = (0..<configuration.groups.layers).map {
            CrossModalLayer(scope("layers")($0), width: configuration.channels, configuration.groups, configuration)
        }
    }

    func callAsFunction(
        _ vision: Variable<Scalar>, _ language: Variable<Scalar>, mask: LanguageMask<Scalar>
    ) -> (Variable<Scalar>, Variable<Scalar>) {
        layers.reduce((visualProjection(vision), languageProjection(language))) { $1($0.0, $0.1, mask: mask) }
    }
}
