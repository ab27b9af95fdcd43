import CAllocations
import CDeixisSystem
import CDeixisSystemChecks
import Glibc
import Synchronization
import Testing

/// What the tasks of a run write: how often each ran, and who ran it.
private final class Tally: @unchecked Sendable {
    let counts: [Atomic<Int>.Box]
    let highestWorker = Atomic(0)
    var pool: OpaquePointer?
    var mode: UInt64 = 0

    init(_ count: Int) { counts = (0..<count).map { _ in .init() } }
}

extension Atomic<Int> {
    fileprivate final class Box: Sendable {
        let value = Atomic(0)
    }
}

private func tally(_ context: UnsafeMutableRawPointer?) -> Tally {
    Unmanaged<Tally>.fromOpaque(context!).takeUnretainedValue()
}

private func makePool(_ threads: Int) throws -> OpaquePointer {
    var pool: OpaquePointer?
    #expect(deixis_pool_create(threads, &pool) == 0)
    return try #require(pool)
}

@Suite struct PoolTests {
    @Test("Every task runs once, by a worker below the thread count", arguments: [1, 2, 3, 8])
    func once(threads: Int) throws {
        let pool = try makePool(threads)
        defer { deixis_pool_destroy(pool) }
        #expect(deixis_pool_threads(pool) == threads)
        for count in [0, 1, 2, 3, 7, 100, 1000] {
            let result = Tally(count)
            deixis_pool_run(
                pool, count,
                { context, task, worker in
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
        let pool = try makePool(3)
        defer { deixis_pool_destroy(pool) }
        let result = Tally(5)
        let runs = 5000
        for run in 0..<runs {
            deixis_pool_run(
                pool, 5, { context, task, _ in tally(context).counts[task].value.add(1, ordering: .relaxed) },
                Unmanaged.passUnretained(result).toOpaque())
            guard run % 500 == 0 else { continue }
            let start = deixis_clock_ns()
            while deixis_clock_ns() - start < 400_000 {}
        }
        #expect(result.counts.allSatisfy { $0.value.load(ordering: .relaxed) == runs })
    }

    @Test("A run inside a task runs in place")
    func nested() throws {
        let pool = try makePool(2)
        defer { deixis_pool_destroy(pool) }
        let result = Tally(4)
        result.pool = pool
        deixis_pool_run(
            pool, 4,
            { context, _, _ in
                deixis_pool_run(
                    tally(context).pool, 4,
                    { context, task, _ in
                        tally(context).counts[task].value.add(1, ordering: .relaxed)
                    }, context)
            }, Unmanaged.passUnretained(result).toOpaque())
        #expect(result.counts.allSatisfy { $0.value.load(ordering: .relaxed) == 4 })
    }

    @Test("Callers from several threads at once")
    func callers() async throws {
        let pool = try makePool(2)
        let shared = UInt(bitPattern: pool)
        let result = Tally(10)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<200 {
                        deixis_pool_run(
                            OpaquePointer(bitPattern: shared), 10,
                            { context, task, _ in
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
    func lifetime() throws {
        for threads in [1, 2, 4] { deixis_pool_destroy(try makePool(threads)) }
        deixis_pool_destroy(nil)
        for threads in [1025, 5000, Int.max] {
            var pool = OpaquePointer(bitPattern: 8)
            #expect(deixis_pool_create(threads, &pool) == EINVAL && pool == nil)
        }
        let pool = try makePool(0)
        #expect(deixis_pool_threads(pool) == 1)
        deixis_pool_destroy(pool)
    }

    @Test("Every task once, none late, none with another run's context", arguments: [2, 4, 16], [1, 3])
    func stress(threads: Int, callers: Int) {
        let faults = pool_stress(threads, callers, 100_000, 0)
        #expect(faults.repeated == 0 && faults.missed == 0 && faults.misled == 0, "\(faults)")
    }

    @Test(
        "The same where threads dawdle before they take a task and callers before they say that there is one",
        arguments: [2, 4, 16], [1, 3])
    func pauses(threads: Int, callers: Int) {
        let faults = pool_stress(threads, callers, 3000, 1)
        #expect(faults.repeated == 0 && faults.missed == 0 && faults.misled == 0, "\(faults)")
    }

    @Test(
        "A child forked while others run and hold the locks runs, frees and makes pools",
        .disabled(if: threads_are_sanitized(), "the thread sanitizer's own locks do not survive a fork"), arguments: [2, 3])
    func forks(threads: Int) { #expect(pool_fork_check(threads, 100) == 0) }

    @Test("Tasks compute in the caller's floating-point mode, whoever runs them")
    func floatMode() throws {
        let pool = try makePool(4)
        defer { deixis_pool_destroy(pool) }
        let plain = deixis_float_mode(), flushing = deixis_flushing_float_mode(plain)
        #expect(plain != flushing)
        defer { deixis_set_float_mode(plain) }
        for mode in [plain, flushing, plain] {
            deixis_set_float_mode(mode)
            #expect(deixis_float_mode() == mode)
            let result = Tally(64)
            result.mode = mode
            // Until another thread has come to help.
            for _ in 0..<100_000 where result.highestWorker.load(ordering: .relaxed) == 0 {
                deixis_pool_run(
                    pool, 64,
                    { context, task, worker in
                        let result = tally(context)
                        if deixis_float_mode() != result.mode { result.counts[task].value.add(1, ordering: .relaxed) }
                        result.highestWorker.max(worker, ordering: .relaxed)
                    }, Unmanaged.passUnretained(result).toOpaque())
            }
            #expect(result.counts.allSatisfy { $0.value.load(ordering: .relaxed) == 0 })
            #expect(result.highestWorker.load(ordering: .relaxed) > 0)
        }
    }
}
