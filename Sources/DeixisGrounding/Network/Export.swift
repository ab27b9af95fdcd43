public import DeixisGraph
public import DeixisTraining

extension GroundingNetwork {
    /// The network as an ONNX graph (opset 17): inputs `image` uint8 [batch, side, side, 3], `token_ids` and
    /// `attention_mask` int64 [batch, length]; output `box` float32 [batch, 4], and `score` float32 [batch, 1] where
    /// the network has a score head.
    ///
    /// The initializers view the network's own weights: nothing is copied, and the graph is valid as long as they do
    /// not change.
    public func graph() throws(TrainingError) -> Graph { try emitted().graph }

    /// The graph, and which of its values each operator of a pass makes.
    func emitted() throws(TrainingError) -> (graph: Graph, results: [(op: String, value: Name?)]) {
        let (tape, box, score) = trace()
        // The pass's activations go back to the system before the file is written.
        BufferPool.trim()
        func output(_ name: String, _ variable: Variable<Scalar>, width: Int)
            -> (name: String, variable: Variable<Scalar>, shape: [Dimension])
        { (name, variable, [.symbol("batch"), .fixed(width)]) }
        return try tape.emitted(
            opset: 17, outputs: [output("box", box, width: 4)] + (score.map { [output("score", $0, width: 1)] } ?? []))
    }

    /// One row per operator in the order of running, for one image and the longest expression: scope, result's shape
    /// (image-like results as batch, height, width, channels), parameters and multiply-adds.
    ///
    /// Of stages and blocks that take no part nothing is counted: the exported graph does without them.
    public func summary() -> [Tape<Scalar>.SummaryRow] {
        let (tape, box, score) = trace()
        return tape.summary(of: [box] + (score.map { [$0] } ?? []))
    }

    private func trace() -> (tape: Tape<Scalar>, box: Variable<Scalar>, score: Variable<Scalar>?) {
        let tape = Tape<Scalar>(.tracing)
        let side = configuration.imageSide, length = configuration.language.maximumLength
        let tokens = TokenBatch(
            batch: 1, length: length, ids: Array(repeating: 0, count: length), mask: Array(repeating: 1, count: length))
        let row = row(Array(repeating: 0, count: side * side * 3), tokens, on: tape)
        return (tape, box(row), score.map { $0(row) })
    }
}
