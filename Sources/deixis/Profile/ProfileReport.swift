import CDeixisSystem
import DeixisGraph
import DeixisRuntime

/// What `deixis profile` found, as text and as JSON.
struct ProfileReport {
    struct Row {
        var label: String
        var count = 1
        var milliseconds: Double
        var macs: Int
        var gigaMACs: Double { milliseconds > 0 ? Double(macs) / milliseconds / 1e6 : 0 }
    }

    let path: String
    let threads: Int
    let loadMilliseconds: Double
    var firstMilliseconds = 0.0
    var times: [Double] = []
    var inputs: [String] = []
    var dimensions: [(name: String, extent: Int)] = []
    var memory = deixis_memory()
    /// Mean times of the plan's steps, and the operator and kernel each is counted under.
    var steps: [(op: String, row: Row)] = []
    var arenaBytes = 0, packedBytes = 0

    init(path: String, threads: Int, loadMilliseconds: Double) {
        self.path = path
        self.threads = threads
        self.loadMilliseconds = loadMilliseconds
    }

    /// Steps of one operator and kernel together, slowest first.
    private var operators: [Row] {
        var rows: [Row] = []
        for (op, step) in steps {
            if let at = rows.firstIndex(where: { $0.label == op }) {
                rows[at].count += 1
                rows[at].milliseconds += step.milliseconds
                rows[at].macs += step.macs
            } else {
                rows.append(Row(label: op, milliseconds: step.milliseconds, macs: step.macs))
            }
        }
        return rows.sorted { $0.milliseconds > $1.milliseconds }
    }

    private var total: Double { steps.reduce(0) { $0 + $1.row.milliseconds } }
    private var macs: Int { steps.reduce(0) { $0 + $1.row.macs } }

    func text(steps listed: Bool) -> String {
        let percentiles = Percentiles(times)
        var lines = ["\(path), \(threads) thread\(threads == 1 ? "" : "s")"]
        for input in inputs { lines.append("  input \(input)") }
        if !dimensions.isEmpty {
            lines.append("  dimensions " + dimensions.map { "\($0.name)=\($0.extent)" }.joined(separator: " ") + " (choose with --dim)")
        }
        lines.append("")
        var summary = Table([">load", ">first", ">min", ">p50", ">p90", ">p99", "ms"])
        summary.add([loadMilliseconds, firstMilliseconds, percentiles.minimum, percentiles(50), percentiles(90), percentiles(99)].map { fixed($0, 3) } + ["\(times.count) runs"])
        lines.append(summary.text)
        if !steps.isEmpty {
            lines += ["", table("operator (kernel)", operators)]
            if listed { lines += ["", table("step", steps.map(\.row))] }
        }
        var sizes: [String] = []
        if !steps.isEmpty { sizes += ["arena \(bytes(arenaBytes))", "packed weights \(bytes(packedBytes))"] }
        sizes += ["anonymous \(bytes(Int(memory.anonymous)))", "proportional \(bytes(Int(memory.proportional)))", "peak resident \(bytes(Int(memory.peak_resident)))"]
        lines += ["", "memory: " + sizes.joined(separator: ", ")]
        return lines.joined(separator: "\n")
    }

    private func table(_ heading: String, _ rows: [Row]) -> String {
        var table = Table([heading, ">count", ">ms", ">share", ">MACs", ">GMAC/s"])
        for row in rows {
            table.add([
                row.label, "\(row.count)", fixed(row.milliseconds, 4), fixed(100 * row.milliseconds / max(total, 1e-12), 1) + " %",
                row.macs > 0 ? count(row.macs) : "", row.macs > 0 ? fixed(row.gigaMACs, 1) : "",
            ])
        }
        let gigaMACs = Double(macs) / max(total, 1e-12) / 1e6
        table.add(["all", "\(steps.count)", fixed(total, 4), "100.0 %", count(macs), fixed(gigaMACs, 1)])
        return table.text
    }

    var json: JSON {
        let percentiles = Percentiles(times)
        return .object([
            ("model", .string(path)), ("threads", .integer(threads)), ("runs", .integer(times.count)),
            ("load_ms", .number(loadMilliseconds)), ("first_ms", .number(firstMilliseconds)),
            ("min_ms", .number(percentiles.minimum)), ("p50_ms", .number(percentiles(50))),
            ("p90_ms", .number(percentiles(90))), ("p99_ms", .number(percentiles(99))),
            ("mean_ms", .number(percentiles.mean)), ("max_ms", .number(percentiles.maximum)),
            ("macs", .integer(macs)),
            ("dimensions", .object(dimensions.map { ($0.name, .integer($0.extent)) })),
            ("memory", .object([
                ("arena_bytes", .integer(arenaBytes)), ("packed_bytes", .integer(packedBytes)),
                ("anonymous_bytes", .integer(Int(memory.anonymous))), ("proportional_bytes", .integer(Int(memory.proportional))),
                ("resident_bytes", .integer(Int(memory.resident))), ("peak_resident_bytes", .integer(Int(memory.peak_resident))),
            ])),
            ("operators", .array(operators.map { JSON.object(rowJSON("operator", $0)) })),
            ("steps", .array(steps.map { JSON.object([("operator", .string($0.op))] + rowJSON("step", $0.row)) })),
        ])
    }

    private func rowJSON(_ key: String, _ row: Row) -> [(String, JSON)] {
        [
            (key, .string(row.label)), ("count", .integer(row.count)), ("ms", .number(row.milliseconds)),
            ("share", .number(row.milliseconds / max(total, 1e-12))), ("macs", .integer(row.macs)), ("gmac_per_s", .number(row.gigaMACs)),
        ]
    }
}

extension ProfileReport {
    /// Times each step of the prepared plan, `runs` times.
    mutating func measure(_ session: Session, runs: Int) throws(RuntimeError) {
        let profile = try session.profile(runs: runs)
        steps = profile.steps.map { step in
            let label = (step.name.isEmpty ? "" : "\(step.name): ") + "\(step.op)" + (step.output.map { " \($0)" } ?? "")
            return ("\(step.op) (\(step.kernel))", Row(label: label, milliseconds: Double(step.nanoseconds) / 1e6, macs: step.macs))
        }
        arenaBytes = profile.arenaBytes + profile.scratchBytes
        packedBytes = profile.packedWeightBytes
    }
}
