import DeixisTraining

/// Sums the gradients of all ranks while the backward pass still computes others.
///
/// Parameters lie in buckets of some megabytes in the reverse order of their making, which is about the order in which
/// the backward pass is done with them. A bucket's sum begins when its gradients are complete and all buckets before it
/// have begun: all ranks begin the same sums in the same order, whatever their passes do. Changes of running
/// statistics, known only after the pass, come last.
final class GradientSum {
    private struct Bucket {
        var parameters: [Parameter<Float>] = []
        var range: Range<Int>
        /// Parameters whose gradient is not complete yet.
        var missing = 0
        var sum: (any RankSum)?
    }

    private let ranks: any Ranks
    private var buckets: [Bucket] = []
    private var places: [ObjectIdentifier: Int] = [:]
    private let memory: UnsafeMutableBufferPointer<Float>
    /// The first bucket whose sum has not begun, and the first whose sum has not ended.
    private var next = 0, pending = 0
    /// Seconds that the last step waited for sums after its own backward pass: communication that nothing hid.
    private(set) var waited = 0.0

    /// - Parameter bucketCount: elements at which a bucket is full; 1 << 20 are 4 MB.
    init(_ parameters: ParameterStore<Float>, _ ranks: any Ranks, bucketCount: Int = 1 << 20) {
        self.ranks = ranks
        let backwards = parameters.all.filter(\.isTrainable).reversed() + parameters.all.filter(\.isBuffer)
        var end = 0
        for parameter in backwards {
            let isFull = buckets.last.map { $0.range.count >= bucketCount } ?? true
            if isFull || buckets.last?.parameters.last?.isBuffer != parameter.isBuffer {
                buckets.append(Bucket(range: end..<end))
            }
            let last = buckets.count - 1
            buckets[last].parameters.append(parameter)
            end += parameter.count
            buckets[last].range = buckets[last].range.lowerBound..<end
            places[ObjectIdentifier(parameter)] = last
        }
        memory = .allocate(capacity: max(end, 1))
    }

    deinit { memory.deallocate() }

    /// A step's last backward pass begins.
    func begin() {
        for i in buckets.indices { buckets[i].missing = buckets[i].parameters.count }
        (next, pending) = (0, 0)
    }

    /// This rank's gradient of `parameter` will not change any more.
    func isComplete(_ parameter: Parameter<Float>) {
        guard let place = places[ObjectIdentifier(parameter)] else { return }
        buckets[place].missing -= 1
        while next < buckets.count, buckets[next].missing == 0 { send() }
        // Some libraries go on only while they are called.
        while pending < next, buckets[pending].sum?.hasEnded() ?? true { pending += 1 }
    }

    /// Gives every parameter the sum of all ranks' gradients.
    func finish() {
        let start = ContinuousClock.now
        while next < buckets.count { send() }
        for bucket in buckets { bucket.sum?.wait() }
        waited = (ContinuousClock.now - start) / .seconds(1)
        for i in buckets.indices {
            buckets[i].sum = nil
            var at = buckets[i].range.lowerBound
            for parameter in buckets[i].parameters {
                let values = UnsafeBufferPointer(rebasing: memory[at..<at + parameter.count])
                parameter.gradient?.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: values) }
                at += parameter.count
            }
        }
    }

    private func send() {
        var at = buckets[next].range.lowerBound
        for parameter in buckets[next].parameters {
            let target = UnsafeMutableBufferPointer(rebasing: memory[at..<at + parameter.count])
            if let gradient = parameter.gradient {
                gradient.withUnsafeBufferPointer { _ = target.update(fromContentsOf: $0) }
            } else {
                // Where another rank's loss is no number, or nothing reached it: it has no part in the sum.
                target.update(repeating: 0)
            }
            at += parameter.count
        }
        buckets[next].sum = ranks.beginSum(UnsafeMutableBufferPointer(rebasing: memory[buckets[next].range]))
        next += 1
    }
}
