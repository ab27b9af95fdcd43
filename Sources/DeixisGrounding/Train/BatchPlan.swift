/// How the samples of a step's batch are computed: this rank's share of them, in micro-batches.
///
/// The batch is always the global one. Rank r of N takes samples B r / N ..< B (r + 1) / N of it, and goes through
/// them in pieces of at most `microBatch`, as even as can be; gradients of all pieces of all ranks are summed before
/// the optimizer's step.
public struct BatchPlan: Sendable, Equatable {
    /// Samples of the global batch.
    public let batchSize: Int
    public let microBatch: Int
    public let rank: Int, ranks: Int

    public init(batchSize: Int, microBatch: Int? = nil, rank: Int = 0, ranks: Int = 1) {
        precondition(batchSize >= 1 && (0..<ranks).contains(rank), "rank \(rank) of \(ranks), batch \(batchSize)")
        (self.batchSize, self.rank, self.ranks) = (batchSize, rank, ranks)
        self.microBatch = min(max(1, microBatch ?? batchSize), batchSize)
    }

    /// This rank's samples, by their places in the global batch.
    public var share: Range<Int> { batchSize * rank / ranks..<batchSize * (rank + 1) / ranks }

    /// The share's micro-batches, in order; sizes differ by one at most.
    public var pieces: [Range<Int>] {
        let share = share, count = (share.count + microBatch - 1) / microBatch
        return (0..<count).map {
            share.lowerBound + share.count * $0 / count..<share.lowerBound + share.count * ($0 + 1) / count
        }
    }

    /// "batch 192 = 24 micro-batches of 8"
    public var line: String {
        let pieces = pieces, sizes = Set(pieces.map(\.count)).sorted()
        let part = sizes.map(String.init).joined(separator: " or ")
        return "batch \(batchSize)" + (ranks > 1 ? " on \(ranks) ranks, here" : pieces.count > 1 ? " =" : "")
            + (pieces.count > 1 || ranks > 1
                ? " \(pieces.count) micro-batch\(pieces.count == 1 ? "" : "es") of \(part)" : ", in one piece")
    }
}
