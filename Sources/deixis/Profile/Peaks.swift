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
    /// Bytes of one core's caches, which block sizes follow.
    var l1 = 0
    var l2 = 0

    /// Takes some 0.3 s and, for a while, 128 MiB. nil where threads or memory cannot be had.
    static func measure(threads: Int) -> Peaks? {
        var pool: OpaquePointer?
        guard deixis_pool_create(threads, &pool) == 0, let pool else { return nil }
        defer { deixis_pool_destroy(pool) }
        let float = deixis_peak_f32(), int8 = deixis_peak_s8()
        var l1 = 0, l2 = 0
        deixis_core_caches(&l1, &l2)
        guard let memory = readRate(pool, threads, blockBytes: 1 << 20, blocks: 128, passes: 1),
            let cache = readRate(pool, threads, blockBytes: max(l2 / 4, 4096), blocks: threads * 4, passes: 10)
        else { return nil }
        return Peaks(
            float: rate(pool, threads, float), int8: rate(pool, threads, int8), memory: memory, cache: cache,
            floatName: String(cString: float.name), int8Name: String(cString: int8.name), l1: l1, l2: l2)
    }

    private static func rate(_ pool: OpaquePointer, _ threads: Int, _ loop: deixis_peak) -> Double {
        let rounds: UInt64 = 1 << 13
        return bestWindow(pool, threads, tasks: 2500 * threads) { _ in
            _ = loop.run(rounds)
        } * Double(rounds) * Double(loop.macs_per_round)
    }

    /// Each task reads the next block, `passes` times. Many blocks have left the caches when their turn comes again.
    private static func readRate(_ pool: OpaquePointer, _ threads: Int, blockBytes: Int, blocks: Int, passes: Int)
        -> Double?
    {
        guard let memory = deixis_allocate(blockBytes * blocks, 64) else { return nil }
        defer { deixis_deallocate(memory) }
        memory.initializeMemory(as: UInt8.self, repeating: 1, count: blockBytes * blocks)
        return bestWindow(pool, threads, tasks: 1500 * threads) { task in
            for _ in 0..<passes { _ = deixis_peak_read(memory + task % blocks * blockBytes, blockBytes) }
        } * Double(blockBytes) * Double(passes)
    }

    /// Tasks a second while 40 tasks a thread were done, some millisecond, where that went fastest. All run without a
    /// pause, so that the system spreads the threads; on a busy machine they run all at once only now and then.
    private static func bestWindow(_ pool: OpaquePointer, _ threads: Int, tasks: Int, _ body: (Int) -> Void) -> Double {
        let window = 40 * threads
        var spans = [(start: UInt64, end: UInt64)](repeating: (0, 0), count: tasks)
        spans.withUnsafeMutableBufferPointer { spans in
            let spans = spans
            forEach(pool, tasks) { task in
                let start = deixis_clock_ns()
                body(task)
                spans[task] = (start, deixis_clock_ns())
            }
        }
        spans.sort { $0.end < $1.end }
        var shortest = UInt64.max
        for first in stride(from: 0, through: tasks - window, by: max(window / 8, 1)) {
            // From the first start, so that nothing is counted that was done before.
            let start = spans[first..<first + window].reduce(UInt64.max) { min($0, $1.start) }
            shortest = min(shortest, spans[first + window - 1].end - start)
        }
        return Double(window) / (Double(max(shortest, 1)) / 1e9)
    }

    private static func forEach(_ pool: OpaquePointer, _ tasks: Int, _ body: (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            let box = Unmanaged.passRetained(Box(body))
            defer { box.release() }
            deixis_pool_run(
                pool, tasks,
                { context, task, _ in
                    guard let context else { return }
                    Unmanaged<Box>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.body(Int(task)) }
                }, box.toOpaque())
        }
    }

    private final class Box {
        let body: (Int) -> Void
        init(_ body: @escaping (Int) -> Void) { self.body = body }
    }
}
