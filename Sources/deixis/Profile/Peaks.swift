import CDeixisPeaks
import CDeixisSystem

/// What this machine does at most with so many threads, measured by loops that do nothing else.
struct Peaks {
    /// Multiply-accumulates and bytes a second.
    var float: Double
    var int8: Double
    var memory: Double
    /// Reading what lies in each core's own cache.
    var cache: Double
    var floatName = ""
    var int8Name = ""

    /// Takes some 0.3 s and, for a while, 128 MiB. The best of many bursts counts, each so short that on a busy machine too some find all
    /// threads running. nil where threads or memory cannot be had.
    static func measure(threads: Int) -> Peaks? {
        guard let pool = deixis_pool_create(threads) else { return nil }
        defer { deixis_pool_destroy(pool) }
        let float = deixis_peak_f32(), int8 = deixis_peak_s8()
        guard let memory = readRate(pool, blockBytes: 1 << 20, blocks: 128, window: max(16, threads * 4), passes: 1),
            let cache = readRate(pool, blockBytes: 256 << 10, blocks: threads * 4, window: threads * 4, passes: 40)
        else { return nil }
        return Peaks(
            float: rate(pool, threads, float), int8: rate(pool, threads, int8), memory: memory, cache: cache,
            floatName: String(cString: float.name), int8Name: String(cString: int8.name))
    }

    /// Tasks of some 50 microseconds, four for each thread.
    private static func rate(_ pool: OpaquePointer, _ threads: Int, _ loop: deixis_peak) -> Double {
        let rounds: UInt64 = 1 << 14, tasks = threads * 4
        return best(of: 150) { _ in
            forEach(pool, tasks) { _ = loop.run(rounds) }
            return Double(tasks) * Double(rounds) * Double(loop.macs_per_round)
        }
    }

    /// Each task reads a block of its own, `passes` times; a burst reads `window` blocks, the next one those after them, so that with many
    /// blocks all have left the caches when their turn comes again.
    private static func readRate(_ pool: OpaquePointer, blockBytes: Int, blocks: Int, window: Int, passes: Int) -> Double? {
        guard let memory = deixis_allocate(blockBytes * blocks, 64) else { return nil }
        defer { deixis_deallocate(memory) }
        memory.initializeMemory(as: UInt8.self, repeating: 1, count: blockBytes * blocks)
        return best(of: 48) { burst in
            forEach(pool, window) { task in
                let block = memory + (burst * window + task) % blocks * blockBytes
                for _ in 0..<passes { _ = deixis_peak_read(block, blockBytes) }
            }
            return Double(blockBytes) * Double(window) * Double(passes)
        }
    }

    /// Units a second of the fastest of `times` calls of `body`, which tells how many it did.
    private static func best(of times: Int, _ body: (Int) -> Double) -> Double {
        var best = 0.0
        for time in 0..<times {
            let start = deixis_clock_ns()
            let done = body(time)
            best = max(best, done / (Double(max(deixis_clock_ns() - start, 1)) / 1e9))
        }
        return best
    }

    private static func forEach(_ pool: OpaquePointer, _ tasks: Int, _ body: (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            let box = Unmanaged.passRetained(Box(body))
            defer { box.release() }
            deixis_pool_run(pool, tasks, { context, task, _ in
                guard let context else { return }
                Unmanaged<Box>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.body(Int(task)) }
            }, box.toOpaque())
        }
    }

    private static func forEach(_ pool: OpaquePointer, _ tasks: Int, _ body: () -> Void) { forEach(pool, tasks) { (_: Int) in body() } }

    private final class Box {
        let body: (Int) -> Void
        init(_ body: @escaping (Int) -> Void) { self.body = body }
    }
}
