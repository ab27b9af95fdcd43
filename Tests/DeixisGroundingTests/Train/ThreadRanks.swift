@testable import DeixisGrounding
import Foundation

/// Ranks that are threads of this process: what MPI does, as slowly and as plainly as can be.
final class ThreadRanks: Ranks {
    /// What all ranks hand in, call by call. A call that not all ranks make, or that they make in another order, is
    /// waited for in vain: after a minute the test fails.
    final class Meeting: @unchecked Sendable {
        let count: Int
        private let condition = NSCondition()
        // `condition` guards it.
        private var calls: [Int: [Int: [UInt64]]] = [:]

        init(_ count: Int) { self.count = count }

        func give(_ call: Int, _ rank: Int, _ words: [UInt64]) {
            condition.lock()
            calls[call, default: [:]][rank] = words
            condition.broadcast()
            condition.unlock()
        }

        func isFull(_ call: Int) -> Bool {
            condition.lock()
            defer { condition.unlock() }
            return calls[call]?.count == count
        }

        func take(_ call: Int) -> [[UInt64]] {
            condition.lock()
            defer { condition.unlock() }
            let end = Date(timeIntervalSinceNow: 60)
            while calls[call]?.count != count {
                guard condition.wait(until: end) else { fatalError("call \(call): a rank did not come") }
            }
            let all = (0..<count).map { calls[call]?[$0] ?? [] }
            guard Set(all.map(\.count)).count == 1 else { fatalError("call \(call): \(all.map(\.count)) values") }
            return all
        }
    }

    let rank: Int
    let meeting: Meeting
    private var calls = 0
    /// Elements of each sum that was begun, and how often one was asked whether it has ended.
    private(set) var sums: [Int] = []
    private(set) var looks = 0

    init(_ rank: Int, _ meeting: Meeting) { (self.rank, self.meeting) = (rank, meeting) }

    var count: Int { meeting.count }

    private func call(_ words: [UInt64]) -> Int {
        calls += 1
        meeting.give(calls, rank, words)
        return calls
    }

    private final class Sum: RankSum {
        let ranks: ThreadRanks, call: Int, values: UnsafeMutableBufferPointer<Float>
        init(_ ranks: ThreadRanks, _ call: Int, _ values: UnsafeMutableBufferPointer<Float>) {
            (self.ranks, self.call, self.values) = (ranks, call, values)
        }
        func hasEnded() -> Bool {
            ranks.looks += 1
            return ranks.meeting.isFull(call)
        }
        func wait() {
            let all = ranks.meeting.take(call)
            for i in values.indices {
                values[i] = all.reduce(0) { $0 + Float(bitPattern: UInt32(truncatingIfNeeded: $1[i])) }
            }
        }
    }

    func beginSum(_ values: UnsafeMutableBufferPointer<Float>) -> any RankSum {
        sums.append(values.count)
        return Sum(self, call(values.map { UInt64($0.bitPattern) }), values)
    }

    func sum(_ values: [Double]) -> [Double] {
        let all = meeting.take(call(values.map(\.bitPattern)))
        return values.indices.map { i in all.reduce(0) { $0 + Double(bitPattern: $1[i]) } }
    }

    func gather(_ bytes: [UInt8]) -> [[UInt8]] {
        meeting.take(call(bytes.map { UInt64($0) })).map { $0.map { UInt8($0) } }
    }

    private final class Results<Value>: @unchecked Sendable {
        let lock = NSLock()
        var made: [Int: Swift.Result<Value, any Error>] = [:]
    }

    /// Runs `body` once for each rank, all at the same time; what each made, in the order of ranks.
    static func run<Result>(_ count: Int, _ body: @escaping (ThreadRanks) throws -> Result) throws -> [Result] {
        let meeting = Meeting(count), results = Results<Result>(), group = DispatchGroup()
        nonisolated(unsafe) let body = body
        for rank in 0..<count {
            group.enter()
            let thread = Thread {
                let made = Swift.Result { try body(ThreadRanks(rank, meeting)) }
                results.lock.withLock { results.made[rank] = made }
                group.leave()
            }
            thread.stackSize = 1 << 23
            thread.start()
        }
        group.wait()
        return try (0..<count).map { rank in
            guard let result = results.made[rank] else { fatalError("no result of rank \(rank)") }
            return try result.get()
        }
    }
}
