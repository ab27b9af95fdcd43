import CDeixisSystem
import Synchronization
import Testing

/// What the tasks of a run write: how often each ran, and who ran it.
private final class Tally: @unchecked Sendable {
    let counts: [Atomic<Int>.Box]
    let highestWorker = Atomic(0)
    var pool: OpaquePointer?

    init(_ count: Int) { counts = (0..<count).map { _ in .init() } }
}

extension Atomic<Int> {
    fileprivate final class Box: Sendable {
        let value = Atomic(0)
    }
}

private func tally(_ context: UnsafeMutableRawPointer?) -> Tally { Unmanaged<Tally>.fromOpaque(context!).takeUnretainedValue() }

@Suite struct PoolTests {
    @Test("Every task runs once, by a worker below the thread count", arguments: [1, 2, 3, 8])
    func once(threads: Int) throws {
        let pool = try #require(deixis_pool_create(threads))
        defer { deixis_pool_destroy(pool) }
        #expect(deixis_pool_threads(pool) == threads)
        for count in [0, 1, 2, 3, 7, 100, 1000] {
            let result = Tally(count)
            deixis_pool_run(pool, count, { context, task, worker in
                let result = tally(context)
                result.counts[task].value.add(1, ordering: .relaxed)
                result.highestWorker.max(worker, ordering: .relaxed)
            }, Unmanaged.passUnretained(result).toOpaque())
            #expect(result.counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
            #expect(result.highestWorker.load(ordering: .relaxed) < threads)
        }
    }

    @Test("Thousands of short runs, with pauses in which the threads fall asleep")
    func manyRuns() throws {
        let pool = try #require(deixis_pool_create(3))
        defer { deixis_pool_destroy(pool) }
        let result = Tally(5)
        let runs = 5000
        for run in 0..<runs {
            deixis_pool_run(pool, 5, { context, task, _ in tally(context).counts[task].value.add(1, ordering: .relaxed) },
                            Unmanaged.passUnretained(result).toOpaque())
            guard run % 500 == 0 else { continue }
            let start = deixis_clock_ns()
            while deixis_clock_ns() - start < 400_000 {}
        }
        #expect(result.counts.allSatisfy { $0.value.load(ordering: .relaxed) == runs })
    }

    @Test("A run inside a task runs in place")
    func nested() throws {
        let pool = try #require(deixis_pool_create(2))
        defer { deixis_pool_destroy(pool) }
        let result = Tally(4)
        result.pool = pool
        deixis_pool_run(pool, 4, { context, _, _ in
            deixis_pool_run(tally(context).pool, 4, { context, task, _ in
                tally(context).counts[task].value.add(1, ordering: .relaxed)
            }, context)
        }, Unmanaged.passUnretained(result).toOpaque())
        #expect(result.counts.allSatisfy { $0.value.load(ordering: .relaxed) == 4 })
    }

    @Test("Callers from several threads take turns")
    func turns() async throws {
        let pool = try #require(deixis_pool_create(2))
        let shared = UInt(bitPattern: pool)
        let result = Tally(10)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<200 {
                        deixis_pool_run(OpaquePointer(bitPattern: shared), 10, { context, task, _ in
                            tally(context).counts[task].value.add(1, ordering: .relaxed)
                        }, Unmanaged.passUnretained(result).toOpaque())
                    }
                }
            }
        }
        deixis_pool_destroy(pool)
        #expect(result.counts.allSatisfy { $0.value.load(ordering: .relaxed) == 800 })
    }

    @Test("Made and destroyed without a run; absurd counts are refused")
    func lifetime() {
        for threads in [1, 2, 4] { deixis_pool_destroy(deixis_pool_create(threads)) }
        deixis_pool_destroy(nil)
        #expect(deixis_pool_create(1_000_000) == nil)
        let pool = deixis_pool_create(0)
        #expect(deixis_pool_threads(pool) == 1)
        deixis_pool_destroy(pool)
    }
}
