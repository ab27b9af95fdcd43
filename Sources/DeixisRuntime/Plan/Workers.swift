import CDeixisSystem
import DeixisGraph

/// A phase and its tensors: the object the pool's C callback gets.
final class BoundPhase {
    let tasks: Int
    private let body: (Buffers, Int, Int) -> Void
    private let buffers: Buffers

    init(phase: Kernel.Phase, buffers: Buffers) {
        tasks = phase.tasks
        body = phase.run
        self.buffers = buffers
    }

    @inline(__always)
    func callAsFunction(_ task: Int, _ worker: Int) { body(buffers, task, worker) }
}

/// The threads of a session.
final class Workers: @unchecked Sendable {
    // Immutable; a pool takes calls from several threads.
    let threads: Int
    /// A `deixis_pool`; nil: the caller works alone.
    let pool: OpaquePointer?

    /// The caller alone.
    init() { (threads, pool) = (1, nil) }

    /// 0 threads: the cores this process may use, or the caller alone where the system refuses threads. A count that
    /// was asked for and cannot be had is an error.
    init(threads: Int) throws(RuntimeError) {
        let wanted = threads > 0 ? threads : min(Int(deixis_usable_cores()), Int(deixis_pool_most_threads))
        var pool: OpaquePointer?
        let code = wanted > 1 ? deixis_pool_create(wanted, &pool) : 0
        guard code == 0 || threads <= 0 else { throw .threads(wanted, code: code) }
        self.pool = pool
        self.threads = pool == nil ? 1 : wanted
    }

    deinit { if let pool { deixis_pool_destroy(pool) } }

    func run(_ phase: BoundPhase) { Workers.run(phase, on: pool) }

    /// On a pool, or the caller alone. Runs that go on side by side count no references to what they share, `Workers`
    /// among it, for they would contend for the counts: whoever runs keeps its session, and that the pool.
    static func run(_ phase: BoundPhase, on pool: OpaquePointer?) {
        guard let pool, phase.tasks > 1 else {
            for task in 0..<phase.tasks { phase(task, 0) }
            return
        }
        deixis_pool_run(
            pool, phase.tasks,
            { context, task, worker in
                guard let context else { return }
                Unmanaged<BoundPhase>.fromOpaque(context)._withUnsafeGuaranteedRef { $0(Int(task), Int(worker)) }
            }, Unmanaged.passUnretained(phase).toOpaque())
    }

    /// `body(task)` for each task, on all threads; for packing.
    func forEach(_ tasks: Int, _ body: @escaping (Int) -> Void) {
        run(
            BoundPhase(
                phase: Kernel.Phase(tasks: tasks) { _, task, _ in body(task) },
                buffers: Buffers(
                    inputs: [], outputs: [], scratch: UnsafeMutableRawPointer(bitPattern: 64).unsafelyUnwrapped,
                    scratchStride: 0)))
    }
}
