import CDeixisSystem

extension ProfileReport {
    func text(steps listed: Bool) -> String {
        var sections = [heading, summary, "runs\n" + Histogram(times).text, load]
        if let machine { sections.append(machine) }
        if let callers { sections.append(text(callers)) }
        if !steps.isEmpty {
            sections.append(table("operator (kernel)", operators))
            if listed { sections.append(table("step", steps)) }
        }
        sections.append(footing)
        return sections.joined(separator: "\n\n")
    }

    private var heading: String {
        var lines = ["\(path), \(threads) thread\(threads == 1 ? "" : "s"), \(instructionSet)"]
        for input in inputs { lines.append("  input \(input)") }
        if !dimensions.isEmpty {
            lines.append(
                "  dimensions " + dimensions.map { "\($0.name)=\($0.extent)" }.joined(separator: " ")
                    + " (choose with --dim)")
        }
        return lines.joined(separator: "\n")
    }

    private var summary: String {
        let percentiles = Percentiles(times)
        var summary = Table([">load", ">first", ">min", ">p50", ">p90", ">p99", "ms"])
        summary.add(
            [
                loadMilliseconds, firstMilliseconds, percentiles.minimum, percentiles(50), percentiles(90),
                percentiles(99),
            ].map { fixed($0, 3) } + ["\(times.count) runs"])
        return summary.text
    }

    private var load: String {
        var table = Table(["from file to first answer", ">ms"])
        for phase in phases { table.add([phase.name, fixed(phase.milliseconds, 3)]) }
        return table.text
    }

    private var machine: String? {
        guard let peaks, let ideal = idealMilliseconds, let share = peakShare else { return nil }
        return """
            this machine at most, \(threads) thread\(threads == 1 ? "" : "s"): \(peakText(peaks))
            share of peak: \(fixed(100 * share, 1)) % (\(fixed(ideal, 3)) ms at the peaks, \(fixed(Percentiles(times)(50), 3)) ms at p50)
            """
    }

    private func text(_ callers: Callers) -> String {
        func line(_ label: String, _ rate: KeyPath<Callers.Round, Double>, _ ratios: Percentiles? = nil) -> [String] {
            [label, fixed(callers.rates(rate)(50), 1)]
                + (ratios.map { [fixed($0(50), 2), "\(fixed($0(25), 2)) to \(fixed($0(75), 2))"] } ?? ["1.00", ""])
        }
        var table = Table(["\(callers.rounds.count) rounds", ">answers a second", ">times one's", "half of the rounds"])
        table.add(line("one caller", \.alone))
        table.add(line("\(callers.count) callers of one session", \.shared, callers.sharedRatios))
        table.add(line("\(callers.count) callers, each with a model of its own", \.own, callers.ownRatios))
        return table.text + "\n\(bytes(callers.bytesEach)) of memory for each caller of one session"
    }

    func peakText(_ peaks: Peaks) -> String {
        "fp32 \(fixed(peaks.float / 1e9, 1)) GMAC/s (\(peaks.floatName)), int8 \(fixed(peaks.int8 / 1e9, 1)) GMAC/s (\(peaks.int8Name)), "
            + "memory \(fixed(peaks.memory / 1e9, 1)) GB/s, cache \(fixed(peaks.cache / 1e9, 1)) GB/s (L1 \(peaks.l1 >> 10) KiB, L2 \(peaks.l2 >> 10) KiB a core)"
    }

    private func table(_ heading: String, _ rows: [Row]) -> String {
        var table = Table([
            heading, ">count", ">ms", ">share", ">MACs", ">GMAC/s", ">of peak", ">moved", ">GB/s", "limit",
        ])
        for row in rows {
            let roofline = row.roofline(peaks)
            table.add([
                row.label, "\(row.count)", fixed(row.milliseconds, 4), fixed(100 * share(row), 1) + " %",
                row.macs > 0 ? count(row.macs) : "", row.macs > 0 ? fixed(row.gigaMACs, 1) : "",
                roofline?.peakShare.map { fixed(100 * $0, 1) + " %" } ?? "", bytes(row.bytes), fixed(row.gigaBytes, 1),
                roofline?.side.rawValue ?? "",
            ])
        }
        let macs = macs(int8: false) + macs(int8: true), moved = steps.reduce(0) { $0 + $1.bytes }
        let ideal = idealMilliseconds.map { fixed(100 * $0 / max(total, 1e-12), 1) + " %" } ?? ""
        table.add([
            "all", "\(steps.count)", fixed(total, 4), "100.0 %", count(macs),
            fixed(Double(macs) / max(total, 1e-12) / 1e6, 1), ideal,
            bytes(moved), fixed(Double(moved) / max(total, 1e-12) / 1e6, 1), "",
        ])
        return table.text
    }

    private var footing: String {
        """
        memory planned: arena \(bytes(arenaBytes)), scratch \(bytes(scratchBytes)), packed weights \(bytes(packedBytes))
        memory measured: anonymous \(told(memory.anonymous)), proportional \(told(memory.proportional)), peak resident \(told(memory.peak_resident))
        energy: \(energyText)
        temperature: \(temperatureText)
        """
    }

    var energyText: String {
        energy.map { "\(fixed(1e3 * $0.joulesPerRun, 2)) mJ a run, \(fixed($0.watts, 1)) W of the whole processor" }
            ?? "not told by this system"
    }

    var temperatureText: String {
        temperatures.map { "\(fixed($0.before, 1)) °C before, \(fixed($0.after, 1)) °C after" }
            ?? "not told by this system"
    }
}
