/// What an import read and wrote.
public struct ImportReport: Sendable {
    public struct Counts: Sendable, Equatable {
        public var references = 0
        public var sentences = 0
        public var pictures = 0
        /// Left out because another data set measures by their pictures.
        public var excluded = 0
        public var withoutPicture = 0
        public var bad = 0
        /// The same sentence for the same reference once more.
        public var repeated = 0
        /// The same sentence for two references of one picture.
        public var contradictory = 0

        public init() {}
    }

    public struct Split: Sendable {
        public let name: String?
        public let counts: Counts
        public let manifest: String
    }

    public let splits: [Split]
    /// Names of pictures that are not there.
    public let missing: [String]
    /// The first references that cannot be used, and why.
    public let bad: [String]

    /// - Parameter known: what the data set's publishers count, if it is a known one.
    public func text(known: KnownCounts? = nil) -> String {
        var rows = [["split", "references", "sentences", "pictures", "", "left out"]]
        for split in splits {
            let counts = split.counts
            var leftOut: [String] = []
            func add(_ count: Int, _ what: String) { if count > 0 { leftOut.append("\(count) \(what)") } }
            add(counts.excluded, "excluded")
            add(counts.withoutPicture, "without picture")
            add(counts.bad, "unusable")
            rows.append([
                split.name ?? "all", "\(counts.references)", "\(counts.sentences)", "\(counts.pictures)",
                known?.difference(split.name ?? "", counts) ?? "", leftOut.joined(separator: ", "),
            ])
        }
        if rows.dropFirst().allSatisfy({ $0[5].isEmpty }) { rows[0][5] = "" }
        let widths = (0..<rows[0].count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() where widths[column] > 0 {
                let room = String(repeating: " ", count: widths[column] - cell.count)
                line += (1...3).contains(column) ? "  " + room + cell : (column == 0 ? "" : "  ") + cell + room
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        let repeated = splits.reduce(0) { $0 + $1.counts.repeated },
            contradictory = splits.reduce(0) { $0 + $1.counts.contradictory }
        if repeated > 0 { lines.append("\(repeated) sentences are said twice of one object") }
        if contradictory > 0 {
            lines.append(
                "\(contradictory) sentences are said of two objects of one picture: labels that contradict each other")
        }
        if !missing.isEmpty {
            lines.append(
                "\(missing.count) pictures are missing: \(missing.prefix(5).joined(separator: ", "))\(missing.count > 5 ? ", ..." : "")"
            )
        }
        lines += bad.map { "left out: \($0)" }
        return lines.joined(separator: "\n")
    }
}
