import DeixisTraining

/// BERT's first layers (Devlin et al. 2019): tokens -> the output of every second layer, [batch, length, width] each.
struct LanguageEncoder<Scalar: Real> {
    let word, position, tokenType: Parameter<Scalar>
    let norm: LayerNorm<Scalar>
    let layers: [LanguageLayer<Scalar>]
    let dropout: Double

    init(_ scope: Scope<Scalar>, _ configuration: NetworkConfiguration.Language, dropout: Double) {
        let embeddings = scope("embeddings"), width = configuration.width, start = Initializer.normal(deviation: 0.02)
        word = embeddings("word_embeddings").parameter("weight", [configuration.vocabulary, width], start)
        position = embeddings("position_embeddings").parameter("weight", [configuration.positions, width], start)
        tokenType = embeddings("token_type_embeddings").parameter("weight", [configuration.tokenTypes, width], start)
        norm = LayerNorm(embeddings("LayerNorm"), width, epsilon: 1e-12)
        layers = (0..<configuration.layers).map { LanguageLayer(scope("encoder")("layer")($0), configuration, dropout: dropout) }
        self.dropout = dropout
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

    init(_ scope: Scope<Scalar>, _ configuration: NetworkConfiguration.Language, dropout: Double) {
        let width = configuration.width, start = Initializer.xavier
        attention = MultiHeadAttention(
            scope("attention")("self"), output: scope("attention")("output")("dense"), width: width, heads: configuration.heads, start)
        attentionNorm = LayerNorm(scope("attention")("output")("LayerNorm"), width, epsilon: 1e-12)
        intermediate = Linear(scope("intermediate")("dense"), width, configuration.feedForward, start)
        output = Linear(scope("output")("dense"), configuration.feedForward, width, start)
        outputNorm = LayerNorm(scope("output")("LayerNorm"), width, epsilon: 1e-12)
        self.dropout = dropout
    }

    func callAsFunction(_ x: Variable<Scalar>, mask: KeyMask<Scalar>) -> Variable<Scalar> {
        let x = attentionNorm(x, adding: attention(x, over: x, mask: mask), dropout: dropout)
        let hidden = intermediate(x)
        return outputNorm(x, adding: output(x.tape.scope(intermediate.name) { hidden.gelu() }), dropout: dropout)
    }
}
