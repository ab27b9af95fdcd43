import CDeixisTensor
import DeixisGraph

/// Padded token ids of a batch of sentences, and which positions are real.
public struct TokenBatch: Sendable {
    public let batch: Int
    public let length: Int
    /// Row by row, `batch * length`.
    public let ids: [Int32]
    /// 1 real, 0 padding.
    public let mask: [Int32]

    /// - Precondition: `ids` and `mask` hold `batch * length` entries.
    public init(batch: Int, length: Int, ids: [Int32], mask: [Int32]) {
        precondition(
            ids.count == batch * length && mask.count == ids.count, "\(ids.count) ids, \(mask.count) mask entries")
        self.batch = batch
        self.length = length
        self.ids = ids
        self.mask = mask
    }
}

extension Tape {
    /// word[id] + position[place] + tokenType[0]: [batch, length, width].
    ///
    /// - Precondition: ids lie in the word table, the length in the position table.
    public func embedding(
        _ tokens: TokenBatch, word: Parameter<Scalar>, position: Parameter<Scalar>, tokenType: Parameter<Scalar>
    ) -> Variable<Scalar> {
        let width = word.shape[1], (batch, length) = (tokens.batch, tokens.length)
        precondition(length <= position.shape[0], "\(length) tokens, \(position.shape[0]) positions")
        precondition(tokens.ids.allSatisfy { 0 <= $0 && Int($0) < word.shape[0] }, "token id outside the vocabulary")

        // Forward
        let y = Tensor<Scalar>(uninitialized: [batch, length, width])
        let kernels = Scalar.kernels
        for index in 0..<batch * length {
            let row = y.pointer + index * width
            kernels.pointee.add(
                row, word.value.pointer + Int(tokens.ids[index]) * width,
                position.value.pointer + index % length * width, width)
            kernels.pointee.axpy(row, tokenType.value.pointer, 1, width)
        }

        // Pullback: each row's gradient is added to its three table rows
        return record(
            "Embedding", inputs: [], parameters: [word, position, tokenType], y,
            pullback: { gradient in
                let g = gradient.pointer
                func scatter(_ table: Parameter<Scalar>, _ row: (Int) -> Int) {
                    guard table.isTrainable else { return }
                    table.accumulateGradient { target, beta in
                        if beta == 0 {
                            parallel(table.count, grain: 1 << 16) {
                                kernels.pointee.fill(target + $0.lowerBound, 0, $0.count)
                            }
                        }
                        for index in 0..<batch * length {
                            kernels.pointee.axpy(target + row(index) * width, g + index * width, 1, width)
                        }
                    }
                }
                scatter(word) { Int(tokens.ids[$0]) }
                scatter(position) { $0 % length }
                scatter(tokenType) { _ in 0 }
            },
            emission: { emitter, _ in
                let ids = emitter.input("token_ids", .int64, [.symbol("batch"), .symbol("length")])
                let words = emitter.node("Gather", [emitter.parameter(word), ids], within: "words")
                let shape = emitter.node("Shape", [ids], within: "length")
                let end = emitter.node(
                    "Slice", [shape, emitter.integers([1]), emitter.integers([2]), emitter.integers([0])],
                    within: "length")
                let places = emitter.node(
                    "Slice", [emitter.parameter(position), emitter.integers([0]), end, emitter.integers([0])],
                    within: "positions")
                let type = emitter.node(
                    "Gather", [emitter.parameter(tokenType), emitter.integers([0], scalar: true)], within: "type")
                let sum = emitter.node("Add", [words, places], within: "positions")
                return emitter.node("Add", [sum, type], within: "type")
            })
    }
}
