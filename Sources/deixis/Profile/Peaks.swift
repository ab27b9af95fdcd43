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

    /// Takes some 0.3 s and, for a while, 128 MiB; the best of several bursts counts.
    /// nil where threads or memory cannot be had.
    static func measure(threads: Int) -> Peaks? {
        guard let pool = deixis_pool_create(threads) else { return nil }
        defer { deixis_pool_destroy(pool) }
        let float = deixis_peak_f32(), int8 = deixis_peak_s8()
        guard let memory = readRate(pool, threads, blockBytes: 4 << 20, blocks: 32, passes: 1),
            let cache = readRate(pool, threads, blockBytes: 256 << 10, blocks: threads, passes: 200)
        else { return nil }
        return Peaks(
            float: rate(pool, threads, float), int8: rate(pool, threads, int8), memory: memory, cache: cache,
            floatName: String(cString: float.name), int8Name: String(cString: int8.name))
    }

    /// Many tasks of half a millisecond, so that a thread that was away for a moment costs little.
    private static func rate(_ pool: OpaquePointer, _ threads: Int, _ loop: deixis_peak) -> Double {
        let rounds: UInt64 = 1 << 16, tasks = threads * 8
        return best(of: 8) {
            forEach(pool, tasks) { _ = loop.run(rounds) }
            return Double(tasks) * Double(rounds) * Double(loop.macs_per_round)
        }
    }

    /// Each task reads a block of its own, `passes` times.
    private static func readRate(_ pool: OpaquePointer, _ threads: Int, blockBytes: Int, blocks: Int, passes: Int) -> Double? {
        guard let memory = deixis_allocate(blockBytes * blocks, 64) else { return nil }
        defer { deixis_deallocate(memory) }
        memory.initializeMemory(as: UInt8.self, repeating: 1, count: blockBytes * blocks)
        return best(of: 5) {
            forEach(pool, blocks) { task in
                for _ in 0..<passes { _ = deixis_peak_read(memory + task * blockBytes, blockBytes) }
            }
            return Double(blockBytes) * Double(blocks) * Double(passes)
        }
    }

    /// Units a second of the fastest of `times` calls of `body`, which tells how many it did.
    private static func best(of times: Int, _ body: () -> Double) -> Double {
        var best = 0.0
        for _ in 0..<times {
            let start = deixis_clock_ns()
            let done = body()
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
