extension ProfilePage {
    var operatorTable: String { table("operator (kernel)", report.operators, counted: true) }
    var layerTable: String { table("step", report.steps, counted: false) }

    var columnsNote: String {
        """
        <p class="note">Moved: inputs, weights and outputs, each counted once. Of peak: multiply-accumulates against this machine's most in their \
        type with \(report.threads) thread\(report.threads == 1 ? "" : "s")\(report.peaks.map { " (" + escaped(report.peakText($0)) + ")" } ?? ""), counted as the operator defines them.</p>
        """
    }

    private func table(_ heading: String, _ rows: [ProfileReport.Row], counted: Bool) -> String {
        let slowest = max(rows.map(\.milliseconds).max() ?? 0, 1e-12)
        var text =
            "<table><thead><tr>\(counted ? "" : "<th>#</th>")<th class=\"l\">\(heading)</th>\(counted ? "<th>count</th>" : "")"
        text +=
            "<th class=\"l\"></th><th>ms</th><th>share</th><th>MACs</th><th>GMAC/s</th><th>of peak</th><th>moved</th><th>GB/s</th><th class=\"l\">limit</th></tr></thead><tbody>"
        for (index, row) in rows.enumerated() {
            let roofline = row.roofline(report.peaks)
            text +=
                "<tr data-at=\"\(index)\" data-ms=\"\(row.milliseconds)\">" + (counted ? "" : "<td>\(index + 1)</td>")
            text +=
                "<td class=\"l name mono\" data-t=\"\(escaped(tip(row)))\"><span class=\"key\" style=\"background:\(color(row.op))\"></span>\(escaped(row.label))</td>"
            if counted { text += "<td>\(row.count)</td>" }
            text +=
                "<td class=\"bar\"><div style=\"width:\(fixed(100 * row.milliseconds / slowest, 1))%;background:\(color(row.op))\"></div></td>"
            text += "<td>\(fixed(row.milliseconds, 4))</td><td>\(fixed(100 * report.share(row), 1)) %</td>"
            text +=
                "<td>\(row.macs > 0 ? count(row.macs) : "")</td><td>\(row.macs > 0 ? fixed(row.gigaMACs, 1) : "")</td>"
            text +=
                "<td>\(roofline?.peakShare.map(meter) ?? "")</td><td>\(bytes(row.bytes))</td><td>\(fixed(row.gigaBytes, 1))</td>"
            text +=
                "<td class=\"l\">\(roofline.map { "<span class=\"tag\">\($0.side.rawValue)</span>" } ?? "")</td></tr>"
        }
        return text + "</tbody></table>"
    }

    private func meter(_ share: Double) -> String {
        let style = share >= 0.6 ? " good" : share >= 0.3 ? " fair" : ""
        return
            "<span class=\"meter\(style)\"><b style=\"width:\(fixed(100 * min(share, 1), 0))%\"></b></span>\(fixed(100 * share, 1)) %"
    }
}
