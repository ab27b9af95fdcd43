import CDeixisSystem
import DeixisGraph
import DeixisRuntime
import Synchronization

/// How many answers a second several callers of one session get together, each on a thread and with a context of its
/// own, compared with one caller alone and with callers that share nothing.
///
/// A machine's pace changes from second to second. So there are many short rounds; each measures the three ways one
/// after the other, in an order that turns from round to round; a ratio is taken within a round, and the median of all
/// rounds' is told.
struct Callers {
    struct Round {
        /// Answers a second: of one caller; of all, sharing a session; of all, each with a session and a model of its
        /// own, which is the most that this machine allows.
        var alone = 0.0, shared = 0.0, own = 0.0
    }

    let count: Int
    let rounds: [Round]
    /// What each has to itself: activations and scratch.
    let bytesEach: Int

    /// Against one caller alone, by rounds.
    var sharedRatios: Percentiles { Percentiles(rounds.map { $0.shared / $0.alone }) }
    var ownRatios: Percentiles { Percentiles(rounds.map { $0.own / $0.alone }) }
    /// Answers a second, by rounds.
    func rates(_ part: KeyPath<Round, Double>) -> Percentiles { Percentiles(rounds.map { $0[keyPath: part] }) }

    /// Callers go on asking for so long in each part of a round; each answer that was begun is waited for and counts.
    private static let partNanoseconds: UInt64 = 20_000_000

    /// - Parameters:
    ///   - others: sessions of models of their own, one for each caller but the first, who uses `session`.
    ///   - rounds: at least 1.
    init(_ session: Session, others: [Session], _ inputs: [(name: Name, tensor: Constant)], rounds: Int)
        throws(RuntimeError)
    {
        let count = others.count + 1
        var sharing: [RunContext] = [], owning: [RunContext] = []
        for _ in 0..<count { sharing.append(try Self.ready(session, inputs)) }
        for other in others { owning.append(try Self.ready(other, inputs)) }
        var created: OpaquePointer?
        let code = deixis_pool_create(count, &created)
        guard let pool = created else { throw .threads(count, code: code) }
        defer { deixis_pool_destroy(pool) }
        let parts: [(contexts: [RunContext], result: WritableKeyPath<Round, Double>)] = [
            ([sharing[0]], \.alone), (sharing, \.shared), ([sharing[0]] + owning, \.own),
        ]
        self.rounds = (0..<rounds).map { number in
            var round = Round()
            for turn in parts.indices {
                let part = parts[(number + turn) % parts.count]
                round[keyPath: part.result] = Self.rate(pool, part.contexts)
            }
            return round
        }
        (self.count, bytesEach) = (count, sharing[0].byteCount)
    }

    /// Planned, bound, and its memory touched.
    private static func ready(_ session: Session, _ inputs: [(name: Name, tensor: Constant)]) throws(RuntimeError)
        -> RunContext
    {
        let context = session.makeContext()
        _ = try context.run(inputs)
        return context
    }

    private final class Work: Sendable {
        nonisolated(unsafe) let contexts: [RunContext]
        let end: UInt64
        let answers = Atomic(0)
        init(_ contexts: [RunContext], end: UInt64) { (self.contexts, self.end) = (contexts, end) }

        func answer(_ task: Int) {
            var count = 0
            repeat {
                // Prepared above, without a deadline: there is nothing left to throw.
                try? contexts[task].run()
                count += 1
            } while deixis_clock_ns() < end
            answers.add(count, ordering: .relaxed)
        }
    }

    /// Answers a second of all `contexts`, each on a thread of its own.
    private static func rate(_ pool: OpaquePointer, _ contexts: [RunContext]) -> Double {
        let start = deixis_clock_ns(), work = Work(contexts, end: start + partNanoseconds)
        deixis_pool_run(
            pool, contexts.count,
            { context, task, _ in
                guard let context else { return }
                Unmanaged<Work>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.answer(task) }
            }, Unmanaged.passUnretained(work).toOpaque())
        return Double(work.answers.load(ordering: .relaxed)) / (Double(deixis_clock_ns() - start) / 1e9)
    }
}
