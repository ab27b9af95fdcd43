/// What came of reading a pretrained encoder.
public struct PretrainedReport: Sendable, Equatable {
    public struct Tensor: Sendable, Equatable {
        public var name: String
        public var shape: [Int]
    }

    /// Parameters of the network that were set: all of the encoder, for one that is missing is an error.
    public var loaded: [Tensor] = []
    /// Tensors of the file that belong to no part of the network, such as a classifier or layers it does not have.
    public var ignored: [Tensor] = []
    /// Which of a training checkpoint's state dictionaries was taken.
    public var part: String?

    /// A table for people, a line for each part of the encoder and each part of the file that was left:
    ///
    ///     taken  visual.layer1               50 tensors      217,664 numbers
    ///     left   fc                           2 tensors    2,049,000 numbers
    public var lines: [String] {
        let rows =
            Self.rows(loaded).map { ("taken", $0) } + Self.rows(ignored.sorted(by: Self.isBefore)).map { ("left", $0) }
        let width = rows.map(\.1.part.count).max() ?? 0
        return rows.map { word, row in
            let name = row.part.padding(to: width), tensors = "\(row.tensors)".padding(to: 5, atStart: true)
            return "  \(word.padding(to: 5))  \(name)  \(tensors) tensor\(row.tensors == 1 ? " " : "s")"
                + "  \(grouped(row.numbers).padding(to: 12, atStart: true)) numbers"
        }
    }

    struct Row: Equatable {
        var part: String
        var tensors: Int, numbers: Int
    }

    /// Tensors by the part they belong to, in the order in which parts first appear; numbered layers in a row are one.
    static func rows(_ tensors: [Tensor]) -> [Row] {
        var rows: [Row] = [], places: [String: Int] = [:]
        for tensor in tensors {
            let part = part(of: tensor.name), numbers = tensor.shape.reduce(1, *)
            if let place = places[part] {
                rows[place].tensors += 1
                rows[place].numbers += numbers
            } else {
                places[part] = rows.count
                rows.append(Row(part: part, tensors: 1, numbers: numbers))
            }
        }
        var joined: [Row] = [], run: (stem: String, first: Int, last: Int)?
        for row in rows {
            let dot = row.part.lastIndex(of: ".")
            let number = dot.flatMap { Int(row.part[row.part.index(after: $0)...]) }
            let stem = dot.map { String(row.part[...$0]) } ?? ""
            if let number, let before = run, before.stem == stem, number == before.last + 1,
                let last = joined.indices.last
            {
                run = (stem, before.first, number)
                joined[last].part = "\(stem)\(before.first)...\(number)"
                joined[last].tensors += row.tensors
                joined[last].numbers += row.numbers
            } else {
                run = number.map { (stem, $0, $0) }
                joined.append(row)
            }
        }
        return joined
    }

    /// layer.9 before layer.10: files may hold their tensors in any order.
    static func isBefore(_ a: Tensor, _ b: Tensor) -> Bool {
        let (a, b) = (a.name.split(separator: "."), b.name.split(separator: "."))
        guard let at = zip(a, b).enumerated().first(where: { $1.0 != $1.1 })?.offset else { return a.count < b.count }
        if let x = Int(a[at]), let y = Int(b[at]) { return x < y }
        return a[at] < b[at]
    }

    /// `visual.layer1.0.conv1.weight` is of visual.layer1, `encoder.layer.7.output.dense.weight` of encoder.layer.7,
    /// `fc.weight` of fc.
    static func part(of name: String) -> String {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).dropLast()
        guard let number = parts.firstIndex(where: { Int($0) != nil }), number > 0 else {
            return parts.isEmpty ? name : parts.prefix(2).joined(separator: ".")
        }
        return parts[...(parts[number - 1] == "layer" ? number : number - 1)].joined(separator: ".")
    }
}

/// 2049000 as 2,049,000.
private func grouped(_ value: Int) -> String {
    var digits = Array(String(value))
    for at in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: at) }
    return String(digits)
}

extension String {
    fileprivate func padding(to width: Int, atStart: Bool = false) -> String {
        let blanks = String(repeating: " ", count: Swift.max(0, width - count))
        return atStart ? blanks + self : self + blanks
    }
}
