internal import DeixisGraph
internal import DeixisInput
internal import DeixisQuantization
internal import DeixisRuntime
internal import DeixisTraining

extension Trainer {
    /// From now on values and weights are rounded as the quantizer would round them: it is given the network as it is
    /// now and samples from all over the training, without augmentation, and says which values it would store and over
    /// which ranges. Those ranges stay for the rest of the run; the weights' follow the weights. BatchNorm is frozen.
    ///
    /// Not rounded here, though the quantized model does: probabilities inside of attention, a convolution's result
    /// before a residual is added, biases, and the tables of word vectors.
    ///
    /// - Throws: `quantization`, and what the data has wrong.
    public func beginQuantizationAware() throws(GroundingError) {
        guard let count = recipe.int8Samples else { return }
        let (graph, results) = try emitted()
        let maker = BatchMaker(
            source: data.training, tokenizer: data.tokenizer, letterbox: data.letterbox, augmentation: .none, seed: 0,
            batchSize: 1, leftOut: data.broken?.training)
        do {
            var quantizer = try Quantizer(graph)
            // Of scenes, which a curriculum makes harder, as many of each stage as its share of the run.
            let all = max(1, data.training.count ?? recipe.samples), seen = min(count, all)
            for number in 0..<seen {
                let index = Int(Double(number) / Double(seen) * Double(all))
                let sample = try maker.plain(index..<index + 1)
                if sample.count > 0 { try quantizer.observe(sample.inputs) }
            }
            let stored = quantizer.storedValues(method: .minMax)
            var steps: [Int: FakeQuantization.Steps] = [:]
            for (place, result) in results.enumerated() {
                guard let value = result.value, let kept = stored[value] else { continue }
                steps[place] = .init(scale: Double(kept.scale), zero: Int(kept.zero))
            }
            // A node is named after its layer, as the layer's weight is.
            let weights = quantizer.computeNodes.map(\.description).compactMap { node in
                node.lastIndex(of: "/").map { "\(node[..<$0]).weight" }
            }
            let plan = FakeQuantization(
                operators: results.map(\.op), steps: steps, weights: weights.filter { network.parameters[$0] != nil })
            guard fits(plan) else {
                throw GroundingError.quantization(
                    "the network's operators in training are not those of the exported graph")
            }
            quantization = plan
        } catch let error as QuantizationError {
            throw .quantization(error.description)
        } catch let error as GroundingError {
            throw error
        } catch {
            throw .quantization("\(error)")
        }
    }

    func withRoundedWeights<R>(_ body: () throws(GroundingError) -> R) throws(GroundingError) -> R {
        guard let quantization else { return try body() }
        return try quantization.withRoundedWeights(in: network.parameters, body)
    }

    private func emitted() throws(GroundingError) -> (graph: Graph, results: [(op: String, value: Name?)]) {
        do throws(TrainingError) { return try network.emitted() } catch { throw .training(error) }
    }

    /// A pass in training must have the operators of the pass that was traced, or results would be rounded by the
    /// ranges of others.
    func fits(_ plan: FakeQuantization) -> Bool {
        let side = recipe.configuration.imageSide
        let tokens = TokenBatch(batch: 1, length: 2, ids: [0, 0], mask: [1, 1]), tape = Tape<Float>(.training(seed: 0))
        _ = network(Array(repeating: 0, count: side * side * 3), tokens, on: tape)
        defer { tape.discard() }
        return plan.fits(tape)
    }
}

extension GroundingBatch {
    /// As the exported graph takes them.
    fileprivate var inputs: [(name: Name, tensor: Constant)] {
        [
            (Name(stringLiteral: GroundingInput.image), Constant(.uint8, [count, side, side, 3], images)),
            (Name(stringLiteral: GroundingInput.tokens), Constant(.int64, [count, length], tokenIDs)),
            (Name(stringLiteral: GroundingInput.mask), Constant(.int64, [count, length], mask)),
        ]
    }
}
