import CDeixisSystem
import DeixisGraph
import DeixisRuntime

/// What `deixis profile` found. As text, JSON, trace and page: `ProfileReport+*.swift`, `Page/`.
struct ProfileReport {
    /// A step of the plan, or all steps of one operator and kernel.
    struct Row {
        var label: String
        /// `Conv`, `deixis.Linear`.
        var op: String
        var kernel: String
        var count = 1
        var milliseconds: Double
        var macs: Int
        var bytes: Int

        /// Kernels of 8-bit integers say so.
        var isInt8: Bool { kernel.hasSuffix("_s8") }
        var gigaMACs: Double { milliseconds > 0 ? Double(macs) / milliseconds / 1e6 : 0 }
        var gigaBytes: Double { milliseconds > 0 ? Double(bytes) / milliseconds / 1e6 : 0 }
        /// Multiply-accumulates for each byte moved.
        var intensity: Double { bytes > 0 ? Double(macs) / Double(bytes) : 0 }

        func roofline(_ peaks: Peaks?) -> Roofline? {
            guard let peaks, milliseconds > 0 else { return nil }
            return Roofline(macs: macs, bytes: bytes, seconds: milliseconds / 1e3, isInt8: isInt8, peaks: peaks)
        }
    }

    struct Energy {
        var joulesPerRun: Double
        var watts: Double
    }

    let path: String
    /// Of the graph as it was read; weights do not count.
    let fingerprint: String
    let threads: Int
    let instructionSet: String
    var loadMilliseconds = 0.0
    var firstMilliseconds = 0.0
    /// From file to the first answer.
    var phases: [(name: String, milliseconds: Double)] = []
    var times: [Double] = []
    var inputs: [String] = []
    var dimensions: [(name: String, extent: Int)] = []
    var memory = deixis_memory()
    /// Median times of the plan's steps.
    var steps: [Row] = []
    var arenaBytes = 0, scratchBytes = 0, packedBytes = 0
    var peaks: Peaks?
    var energy: Energy?
    /// Degrees Celsius before and after the runs.
    var temperatures: (before: Double, after: Double)?
    var callers: Callers?
    /// One run, task by task.
    var trace = SessionTrace(steps: [], tasks: [])

    init(path: String, session: Session) {
        self.path = path
        threads = session.threads
        instructionSet = session.instructionSetName
        // FNV-1a
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in session.model.graph.listing.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        fingerprint = String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Steps of one operator and kernel together, slowest first.
    var operators: [Row] {
        var rows: [Row] = []
        for step in steps {
            if let at = rows.firstIndex(where: { $0.op == step.op && $0.kernel == step.kernel }) {
                rows[at].count += 1
                rows[at].milliseconds += step.milliseconds
                rows[at].macs += step.macs
                rows[at].bytes += step.bytes
            } else {
                var row = step
                row.label = "\(step.op) (\(step.kernel))"
                rows.append(row)
            }
        }
        return rows.sorted { $0.milliseconds > $1.milliseconds }
    }

    var total: Double { steps.reduce(0) { $0 + $1.milliseconds } }
    func share(_ row: Row) -> Double { row.milliseconds / max(total, 1e-12) }
    func macs(int8: Bool) -> Int { steps.reduce(0) { $0 + ($1.isInt8 == int8 ? $1.macs : 0) } }

    /// What the run's multiply-accumulates would take at the peaks of their types, in milliseconds.
    var idealMilliseconds: Double? {
        peaks.map { 1e3 * (Double(macs(int8: false)) / $0.float + Double(macs(int8: true)) / $0.int8) }
    }

    /// That against the median run.
    var peakShare: Double? { idealMilliseconds.map { $0 / Percentiles(times)(50) } }

    /// Times each step of the prepared plan, `runs` times, and keeps the fastest of some traced runs.
    mutating func measure(_ context: RunContext, runs: Int) throws(RuntimeError) {
        let profile = try context.profile(runs: runs)
        steps = profile.steps.map { step in
            let label =
                (step.name.isEmpty ? "" : "\(step.name): ") + "\(step.op)" + (step.output.map { " \($0)" } ?? "")
            return Row(
                label: label, op: step.op.description, kernel: "\(step.kernel)",
                milliseconds: Double(step.nanoseconds) / 1e6,
                macs: step.macs, bytes: step.bytes)
        }
        (arenaBytes, scratchBytes, packedBytes) = (profile.arenaBytes, profile.scratchBytes, profile.packedWeightBytes)
        trace = try context.trace()
        for _ in 0..<4 {
            let other = try context.trace()
            if (other.steps.last?.end ?? 0) < (trace.steps.last?.end ?? 0) { trace = other }
        }
    }

    /// After the first run.
    mutating func divide(_ times: LoadTimes) {
        let phases: [(String, UInt64)] = [
            ("map and read", times.read), ("check", times.check), ("portable passes", times.portable),
            ("specialize", times.specialize),
            ("target passes", times.target), ("pack weights", times.pack), ("plan", times.plan),
        ]
        self.phases = phases.map { (name: $0.0, milliseconds: Double($0.1) / 1e6) }
        let known = self.phases.reduce(0) { $0 + $1.milliseconds }
        self.phases.append((name: "first run", milliseconds: max(loadMilliseconds + firstMilliseconds - known, 0)))
    }
}
