import Foundation

/// Makes batches on a thread of its own, `depth` ahead of the training step, in order.
public final class BatchQueue<Batch: Sendable>: @unchecked Sendable {
    // Everything mutable is guarded by `condition`.
    private let condition = NSCondition()
    private var ready: [Result<Batch, GroundingError>] = []
    private var stopped = false

    /// - Parameter make: batch number t; called on the queue's thread with `first`, `first` + 1, and so on.
    public init(from first: Int, depth: Int = 2, _ make: @escaping @Sendable (Int) throws(GroundingError) -> Batch) {
        let thread = Thread { [weak self] in
            var number = first
            while let self, self.hasRoom(depth) {
                let result: Result<Batch, GroundingError>
                do throws(GroundingError) {
                    result = .success(try make(number))
                } catch {
                    result = .failure(error)
                }
                self.append(result)
                if case .failure = result { return }
                number += 1
            }
        }
        thread.name = "batches"
        thread.stackSize = 1 << 21
        thread.start()
    }

    /// Waits for room; false once nobody wants batches any more.
    private func hasRoom(_ depth: Int) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while ready.count >= depth, !stopped { condition.wait() }
        return !stopped
    }

    private func append(_ result: Result<Batch, GroundingError>) {
        condition.lock()
        defer { condition.unlock() }
        ready.append(result)
        condition.broadcast()
    }

    /// The next batch in order; waits until it is made.
    /// - Throws: what making it threw; `stopped` after `stop`, also when it is called during the wait.
    public func next() throws(GroundingError) -> Batch {
        condition.lock()
        while ready.isEmpty, !stopped { condition.wait() }
        guard !stopped else {
            condition.unlock()
            throw .stopped
        }
        // A failure stays: whoever asks again hears it again.
        let first = ready[0]
        if case .success = first { ready.removeFirst() }
        condition.broadcast()
        condition.unlock()
        return try first.get()
    }

    /// Ends the thread and whoever waits for a batch; call it when training ends.
    public func stop() {
        condition.lock()
        stopped = true
        condition.broadcast()
        condition.unlock()
    }
}

extension BatchQueue where Batch == GroundingBatch {
    public convenience init(_ maker: BatchMaker, from first: Int, depth: Int = 2) {
        self.init(from: first, depth: depth) { (number) throws(GroundingError) in try maker.batch(number) }
    }

    /// The micro-batches of `plan`, of batch after batch: no more of a batch is in memory than `depth` of them.
    ///
    /// - Parameter first: the number of the first batch.
    convenience init(_ maker: BatchMaker, _ plan: BatchPlan, from first: Int, depth: Int) {
        let pieces = plan.pieces
        self.init(from: first * pieces.count, depth: depth) { (number) throws(GroundingError) in
            try maker.batch(number / pieces.count, part: pieces[number % pieces.count])
        }
    }
}
