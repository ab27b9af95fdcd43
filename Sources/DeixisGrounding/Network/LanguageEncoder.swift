import DeixisTraining

/// BERT's first layers (Devlin et al. 2019): tokens -> the output of every second layer, [batch, length, width] each.
struct LanguageEncoder<Scalar: Real> {
    let word, position, tokenType: Parameter<Scalar>
    let norm: LayerNorm<Scalar>
    let layers: [LanguageLayer<Scalar>]
    let dropout: Double

    init(_ scope: Scope<Scalar>, _ whole: NetworkConfiguration) {
        let embeddings = scope("embeddings"), configuration = whole.language, width = configuration.width,
            start = whole.start
        func table(_ name: String, _ rows: Int, _ deviation: Double) -> Parameter<Scalar> {
            embeddings(name).parameter("weight", [rows, width], .normal(deviation: deviation))
        }
        word = table("word_embeddings", configuration.vocabulary, start.wordDeviation)
        position = table("position_embeddings", configuration.positions, start.positionDeviation)
        tokenType = table("token_type_embeddings", configuration.tokenTypes, start.tokenTypeDeviation)
        norm = LayerNorm(embeddings("LayerNorm"), width, epsilon: 1e-12)
        layers = (0..<configuration.layers).map { LanguageLayer(scope("encoder")("layer")($0), whole) }
        dropout = whole.dropout
    }

    func callAsFunction(_ tokens: TokenBatch, mask: KeyMask<Scalar>, on tape: Tape<Scalar>) -> [Variable<Scalar>] {
        var x = tape.scope("language.embeddings") {
            norm(tape.embedding(tokens, word: word, position: position, tokenType: tokenType)).dropout(dropout)
        }
        var blocks: [Variable<Scalar>] = []
        for (index, layer) in layers.enumerated() {
            x = layer(x, mask: mask)
            if index % 2 == 1 { blocks.append(x) }
        }
        return blocks
    }
}

/// x = LN(x + attention(x)); x = LN(x + W2 gelu(W1 x)).
struct LanguageLayer<Scalar: Real> {
    let attention: MultiHeadAttention<Scalar>
    let attentionNorm: LayerNorm<Scalar>
    let intermediate, output: Linear<Scalar>
    let outputNorm: LayerNorm<Scalar>
    let dropout: Double

    init(_ scope: Scope<Scalar>, _ whole: NetworkConfiguration) {
        let configuration = whole.language, width = configuration.width, gain = whole.start.residualGain
        attention = MultiHeadAttention(
            scope("attention")("self"), output: scope("attention")("output")("dense"), width: width,
            heads: configuration.heads,
            outputGain: gain)
        attentionNorm = LayerNorm(scope("attention")("output")("LayerNorm"), width, epsilon: 1e-12)
        intermediate = Linear(scope("intermediate")("dense"), width, configuration.feedForward)
        output = Linear(scope("output")("dense"), configuration.feedForward, width, gain: gain)
        outputNorm = LayerNorm(scope("output")("LayerNorm"), width, epsilon: 1e-12)
        dropout = whole.dropout
    }

    func callAsFunction(_ x: Variable<Scalar>, mask: KeyMask<Scalar>) -> Variable<Scalar> {
        let x = attentionNorm(x, adding: attention(x, over: x, mask: mask), dropout: dropout)
        let hidden = intermediate(x)
        return outputNorm(x, adding: output(x.tape.scope(intermediate.name) { hidden.gelu() }), dropout: dropout)
    }
}
