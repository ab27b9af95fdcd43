public import DeixisGraph
public import DeixisTraining

extension GroundingNetwork {
    /// The network as an ONNX graph (opset 17): inputs `image` uint8 [batch, side, side, 3], `token_ids` and
    /// `attention_mask` int64 [batch, length]; output `box` float32 [batch, 4].
    ///
    /// The initializers view the network's own weights: nothing is copied, and the graph is valid as long as they do
    /// not change.
    public func graph() throws(TrainingError) -> Graph {
        let (tape, box) = trace()
        // The pass's activations go back to the system before the file is written.
        BufferPool.trim()
        return try tape.graph(opset: 17, outputs: [(name: "box", variable: box, shape: [.symbol("batch"), .fixed(4)])])
    }

    /// One row per operator in the order of running, for one image and the longest expression: scope, result's shape
    /// (image-like results as batch, height, width, channels), parameters and multiply-adds.
    ///
    /// Of stages and blocks that take no part nothing is counted: the exported graph does without them.
    public func summary() -> [Tape<Scalar>.SummaryRow] {
        let (tape, box) = trace()
        return tape.summary(of: box)
    }

    private func trace() -> (tape: Tape<Scalar>, box: Variable<Scalar>) {
        let tape = Tape<Scalar>(.tracing)
        let side = configuration.imageSide, length = configuration.language.maximumLength
        let tokens = TokenBatch(
            batch: 1, length: length, ids: Array(repeating: 0, count: length), mask: Array(repeating: 1, count: length))
        return (tape, self(Array(repeating: 0, count: side * side * 3), tokens, on: tape))
    }
}
