/// The dictionary at the head of a `.npy` file: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
///
/// A parser of exactly these literals, for headers come from strangers: keys in any order, either kind of quote, spaces
/// anywhere, Python 2's `2L`; each of the three keys once and no other.
struct NumPyHeader {
    var descriptor = ""
    var isFortranOrder = false
    var shape: [Int] = []

    init(text: ArraySlice<UInt8>) throws(NumPyError) {
        var scanner = Scanner(rest: text)
        var seen: [String] = []
        try scanner.expect("{")
        while !scanner.take("}") {
            let key = try scanner.string()
            guard !seen.contains(key) else { throw .header("the key '\(key)' comes twice") }
            seen.append(key)
            try scanner.expect(":")
            switch key {
            case "descr":
                guard !scanner.sees("[") else { throw .header("structured arrays are not supported") }
                descriptor = try scanner.string()
            case "fortran_order": isFortranOrder = try scanner.boolean()
            case "shape": shape = try scanner.tuple()
            default: throw .header("unknown key '\(key)'")
            }
            if !scanner.take(",") {
                try scanner.expect("}")
                break
            }
        }
        guard scanner.isAtEnd else { throw .header("text after the dictionary") }
        for key in ["descr", "fortran_order", "shape"] where !seen.contains(key) { throw .header("no key '\(key)'") }
    }
}

private struct Scanner {
    var rest: ArraySlice<UInt8>

    private mutating func skipSpace() {
        rest = rest.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return rest.isEmpty
        }
    }

    mutating func sees(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        return rest.first == UInt8(ascii: character)
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard sees(character) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(NumPyError) {
        guard take(character) else { throw .header("expected '\(character)', got \(excerpt)") }
    }

    mutating func string() throws(NumPyError) -> String {
        skipSpace()
        guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw .header("expected a quoted string, got \(excerpt)")
        }
        let body = rest.dropFirst()
        guard let end = body.firstIndex(of: quote) else { throw .header("a string does not end") }
        let text = body[..<end]
        guard !text.contains(where: { $0 == UInt8(ascii: "\\") || $0 < 0x20 || $0 > 0x7E }) else {
            throw .header("a string holds more than plain characters")
        }
        rest = body[(end + 1)...]
        return String(decoding: text, as: UTF8.self)
    }

    mutating func boolean() throws(NumPyError) -> Bool {
        skipSpace()
        for (word, value) in [("True", true), ("False", false)] where rest.starts(with: word.utf8) {
            rest = rest.dropFirst(word.utf8.count)
            return value
        }
        throw .header("expected True or False, got \(excerpt)")
    }

    /// `()`, `(3,)`, `(3, 4)`.
    mutating func tuple() throws(NumPyError) -> [Int] {
        try expect("(")
        var extents: [Int] = []
        while !take(")") {
            skipSpace()
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let extent = Int(String(decoding: digits, as: UTF8.self)) else {
                throw .header("expected an extent, got \(excerpt)")
            }
            rest = rest.dropFirst(digits.count)
            if rest.first == UInt8(ascii: "L") { rest.removeFirst() }
            extents.append(extent)
            guard extents.count <= 64 else { throw .header("more than 64 axes") }
            if !take(",") {
                try expect(")")
                break
            }
        }
        return extents
    }

    private var excerpt: String {
        rest.isEmpty
            ? "the end"
            : "'\(String(decoding: rest.prefix(12).map { $0 < 0x20 || $0 > 0x7E ? 0x3F : $0 }, as: UTF8.self))'"
    }
}
