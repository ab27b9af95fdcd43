/// `12.345` with `digits` decimals; `nan` and `inf` as such.
func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 9e18 else { return "\(value)" }
    let whole = UInt64(scaled)
    let sign = value < 0 && whole > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    let text = String(whole)
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
}

/// `1.5 MiB`
func bytes(_ count: Int) -> String {
    switch count {
    case ..<1024: "\(count) B"
    case ..<(1 << 20): "\(fixed(Double(count) / 1024, 1)) KiB"
    case ..<(1 << 30): "\(fixed(Double(count) / 1_048_576, 1)) MiB"
    default: "\(fixed(Double(count) / 1_073_741_824, 2)) GiB"
    }
}

/// `1.23 G`: counts of parameters and multiply-accumulates.
func count(_ number: Int) -> String {
    switch number {
    case ..<10_000: "\(number)"
    case ..<1_000_000: "\(fixed(Double(number) / 1e3, 1)) k"
    case ..<1_000_000_000: "\(fixed(Double(number) / 1e6, 2)) M"
    default: "\(fixed(Double(number) / 1e9, 2)) G"
    }
}

/// Columns as wide as their widest cell; numbers to the right.
struct Table {
    private let alignRight: [Bool]
    private var rows: [[String]]

    /// A heading that begins with `>` is of a column aligned to the right.
    init(_ headings: [String]) {
        alignRight = headings.map { $0.hasPrefix(">") }
        rows = [headings.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }]
    }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    var text: String {
        let widths = alignRight.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return alignRight[column] ? space + row[column] : row[column] + space
            }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
