import CDeixisSystem
import DeixisGraph
import DeixisRuntime

/// How many answers a second several callers of one session get together, each on a thread and with a context of its own.
struct Callers {
    let count: Int
    /// Answers a second of one caller alone, and of all together.
    let alone: Double, together: Double
    /// What each has to itself: activations and scratch.
    let bytesEach: Int

    var ratio: Double { alone > 0 ? together / alone : 0 }

    /// `runs` answers a caller; the two counts are taken by turns, for machines change their pace, and the best turn counts.
    init(_ session: Session, _ inputs: [(name: Name, tensor: Constant)], count: Int, runs: Int) throws(RuntimeError) {
        var contexts: [RunContext] = []
        for _ in 0..<count {
            let context = session.makeContext()
            // Planned, bound, and its memory touched.
            _ = try context.run(inputs)
            contexts.append(context)
        }
        var created: OpaquePointer?
        let code = deixis_pool_create(count, &created)
        guard let pool = created else { throw .threads(count, code: code) }
        defer { deixis_pool_destroy(pool) }
        var alone = 0.0, together = 0.0
        for _ in 0..<3 {
            alone = max(alone, Self.rate(pool, [contexts[0]], runs))
            together = max(together, Self.rate(pool, contexts, runs))
        }
        (self.count, self.alone, self.together, bytesEach) = (count, alone, together, contexts[0].byteCount)
    }

    private final class Work: Sendable {
        nonisolated(unsafe) let contexts: [RunContext]
        let runs: Int
        init(_ contexts: [RunContext], _ runs: Int) { (self.contexts, self.runs) = (contexts, runs) }
    }

    private static func rate(_ pool: OpaquePointer, _ contexts: [RunContext], _ runs: Int) -> Double {
        let work = Work(contexts, runs), start = deixis_clock_ns()
        deixis_pool_run(pool, contexts.count, { context, task, _ in
            guard let context else { return }
            Unmanaged<Work>.fromOpaque(context)._withUnsafeGuaranteedRef { work in
                // Prepared above, without a deadline: there is nothing left to throw.
                for _ in 0..<work.runs { try? work.contexts[task].run() }
            }
        }, Unmanaged.passUnretained(work).toOpaque())
        return Double(contexts.count * runs) / (Double(deixis_clock_ns() - start) / 1e9)
    }
}
