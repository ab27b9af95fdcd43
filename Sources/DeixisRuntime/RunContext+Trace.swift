import DeixisGraph

/// One run, told by the clock: when each step ran, and when each thread worked on which task of it.
public struct SessionTrace: Sendable {
    /// Nanoseconds since the run began.
    public struct Span: Sendable {
        public var step: Int
        /// 0 is the calling thread.
        public var worker: Int
        public var start: UInt64
        public var end: UInt64
    }

    /// One for each step of the plan, in order.
    public var steps: [Span]
    /// Those of one thread do not overlap.
    public var tasks: [Span]

    public init(steps: [Span], tasks: [Span]) {
        self.steps = steps
        self.tasks = tasks
    }
}

extension RunContext {
    /// Runs the current plan once on whatever its inputs hold. The clock is read twice for each task, some 50 ns.
    public func trace() throws(RuntimeError) -> SessionTrace {
        guard let bound = current else { throw .notPlanned }
        let recorders = bound.phases.map { $0.map { TaskRecorder($0) } }
        var steps: [SessionTrace.Span] = []
        let begin = Machine.nanoseconds
        try roundingToNearest { () throws(RuntimeError) in
            for (index, phases) in recorders.enumerated() {
                let start = Machine.nanoseconds
                for recorder in phases { session.workers.run(recorder.phase) }
                try bound.check(index)
                steps.append(
                    SessionTrace.Span(step: index, worker: 0, start: start - begin, end: Machine.nanoseconds - begin))
            }
        }
        var tasks: [SessionTrace.Span] = []
        for (index, phases) in recorders.enumerated() {
            for recorder in phases {
                for task in 0..<recorder.phase.tasks {
                    let span = recorder.spans[task]
                    tasks.append(
                        SessionTrace.Span(
                            step: index, worker: span.worker, start: span.start - begin, end: span.end - begin))
                }
            }
        }
        return SessionTrace(steps: steps, tasks: tasks)
    }
}

/// A phase that writes down who did each of its tasks and when.
private final class TaskRecorder {
    let phase: BoundPhase
    /// By task; each is written by the one thread that does it.
    let spans: UnsafeMutablePointer<(worker: Int, start: UInt64, end: UInt64)>

    init(_ original: BoundPhase) {
        let spans = UnsafeMutablePointer<(worker: Int, start: UInt64, end: UInt64)>.allocate(
            capacity: max(original.tasks, 1))
        spans.initialize(repeating: (0, 0, 0), count: max(original.tasks, 1))
        self.spans = spans
        phase = BoundPhase(
            phase: Kernel.Phase(tasks: original.tasks) { _, task, worker in
                let start = Machine.nanoseconds
                original(task, worker)
                spans[task] = (worker, start, Machine.nanoseconds)
            },
            buffers: Buffers(
                inputs: [], outputs: [], scratch: UnsafeMutableRawPointer(bitPattern: 64).unsafelyUnwrapped,
                scratchStride: 0))
    }

    deinit { spans.deallocate() }
}
