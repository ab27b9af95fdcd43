/// Two profiles side by side: whole runs, operators, steps.
struct Comparison {
    let before: ProfileRecord
    let now: ProfileRecord

    var isSameModel: Bool { before.fingerprint == now.fingerprint }

    func text(steps listed: Bool) -> String {
        var sections = ["before: \(before.model), \(before.conditions)\nnow:    \(now.model), \(now.conditions)"]
        if !isSameModel {
            sections.append(
                """
                These are profiles of different models (\(count(before.macs)) and \(count(now.macs)) MACs, \(before.steps.count) and \(now.steps.count) steps): \
                only whole runs and operators are compared.
                """)
        } else if before.conditions != now.conditions {
            sections.append("The conditions differ: what changed need not be the program's doing.")
        }
        let names = ProfileRecord.times.map { String($0.dropLast(3)) }
        sections.append(
            table(
                "whole run",
                zip(names, zip(before.milliseconds, now.milliseconds)).map { Row(label: $0, before: $1.0, now: $1.1) },
                total: false))
        sections.append(
            table(
                "operator (kernel)",
                Self.match(before.operators, now.operators).sorted { abs($0.delta) > abs($1.delta) }, total: true))
        if isSameModel {
            let rows = Self.match(before.steps, now.steps)
            // Without --steps those that matter.
            let most = listed ? rows : Array(rows.sorted { abs($0.delta) > abs($1.delta) }.prefix(10))
            sections.append(table(listed ? "step" : "steps that changed most", most, total: listed))
        }
        return sections.joined(separator: "\n\n")
    }

    struct Row: Equatable {
        var label: String
        /// nil where the other plan has no such step.
        var before: Double?
        var now: Double?
        var delta: Double { (now ?? 0) - (before ?? 0) }
    }

    /// Rows of equal label together, the k-th of one with the k-th of the other; in the order of `now`, then what only
    /// `before` has.
    static func match(_ before: [(label: String, milliseconds: Double)], _ now: [(label: String, milliseconds: Double)])
        -> [Row]
    {
        var waiting: [String: [Double]] = [:]
        for row in before.reversed() { waiting[row.label, default: []].append(row.milliseconds) }
        var rows = now.map { Row(label: $0.label, before: waiting[$0.label]?.popLast(), now: $0.milliseconds) }
        for row in before {
            guard let left = waiting[row.label]?.popLast() else { continue }
            rows.append(Row(label: row.label, before: left, now: nil))
        }
        return rows
    }

    private func table(_ heading: String, _ rows: [Row], total: Bool) -> String {
        var table = Table([heading, ">before", ">now", ">change", ">"])
        func add(_ row: Row) {
            let percent = row.before.flatMap { before in row.now.map { 100 * ($0 - before) / max(before, 1e-12) } }
            table.add([
                row.label, row.before.map { fixed($0, 4) } ?? "-", row.now.map { fixed($0, 4) } ?? "-",
                (row.delta > 0 ? "+" : "") + fixed(row.delta, 4),
                percent.map { ($0 > 0 ? "+" : "") + fixed($0, 1) + " %" } ?? (row.now == nil ? "gone" : "new"),
            ])
        }
        for row in rows { add(row) }
        if total {
            add(
                Row(
                    label: "all", before: rows.reduce(0) { $0 + ($1.before ?? 0) },
                    now: rows.reduce(0) { $0 + ($1.now ?? 0) }))
        }
        return table.text
    }
}
