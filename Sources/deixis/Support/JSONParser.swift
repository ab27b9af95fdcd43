/// Bytes -> `JSON`, by the letter of RFC 8259. Errors say where.
struct JSONParser {
    struct Failure: Error, CustomStringConvertible {
        let line: Int
        let expected: String
        var description: String { "line \(line): expected \(expected)" }
    }

    private let bytes: [UInt8]
    private var at = 0
    /// Deeper nesting is refused before it could exhaust the stack.
    private static let maximumDepth = 64

    static func parse(_ bytes: [UInt8]) throws(Failure) -> JSON {
        var parser = JSONParser(bytes: bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.at == bytes.count else { throw parser.failure("the end") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func failure(_ expected: String) -> Failure {
        Failure(line: bytes[..<min(at, bytes.count)].count { $0 == 0x0a } + 1, expected: expected)
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || (0x09...0x0d).contains(byte) && byte != 0x0b && byte != 0x0c { at += 1 }
    }

    private mutating func take(_ byte: Character) -> Bool {
        skipSpace()
        guard next == byte.asciiValue else { return false }
        at += 1
        return true
    }

    private mutating func value(depth: Int) throws(Failure) -> JSON {
        guard depth < Self.maximumDepth else { throw failure("at most \(Self.maximumDepth) levels") }
        if take("{") { return try object(depth: depth) }
        if take("[") { return try array(depth: depth) }
        if next == Character("\"").asciiValue { return .string(try string()) }
        for (word, value) in [("null", JSON.null), ("true", .bool(true)), ("false", .bool(false))]
        where bytes[at...].starts(with: word.utf8) {
            at += word.utf8.count
            return value
        }
        return try number()
    }

    private mutating func object(depth: Int) throws(Failure) -> JSON {
        var pairs: [(String, JSON)] = []
        if take("}") { return .object(pairs) }
        repeat {
            skipSpace()
            guard next == Character("\"").asciiValue else { throw failure("a key in quotes") }
            let key = try string()
            guard take(":") else { throw failure("':'") }
            pairs.append((key, try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw failure("',' or '}'") }
        return .object(pairs)
    }

    private mutating func array(depth: Int) throws(Failure) -> JSON {
        var items: [JSON] = []
        if take("]") { return .array(items) }
        repeat { items.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw failure("',' or ']'") }
        return .array(items)
    }

    private mutating func number() throws(Failure) -> JSON {
        let start = at
        while let byte = next, "+-.0123456789eE".utf8.contains(byte) { at += 1 }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        // What Swift's Double takes beyond JSON: a leading + or point, a closing point.
        let digits = text.drop { $0 == "-" }
        guard let first = digits.first, first.isNumber, let value = Double(text), value.isFinite, !text.hasSuffix(".")
        else {
            at = start
            throw failure("a value")
        }
        return Int(text).map { .integer($0) } ?? .number(value)
    }

    /// At the opening quote.
    private mutating func string() throws(Failure) -> String {
        at += 1
        var result: [UInt8] = []
        while let byte = next {
            at += 1
            switch byte {
            case 0x22: return String(decoding: result, as: UTF8.self)
            case 0x5c: result += try escape()
            case ..<0x20: throw failure("a closing quote")
            default: result.append(byte)
            }
        }
        throw failure("a closing quote")
    }

    /// After the backslash.
    private mutating func escape() throws(Failure) -> [UInt8] {
        let names: [Character: UInt8] = ["\"": 0x22, "\\": 0x5c, "/": 0x2f, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9]
        guard let byte = next else { throw failure("an escape") }
        at += 1
        if let plain = names[Character(UnicodeScalar(byte))] { return [plain] }
        guard byte == Character("u").asciiValue else { throw failure("an escape") }
        var unit = try hex4()
        // Two halves of one scalar beyond U+FFFF.
        if (0xd800..<0xdc00).contains(unit), bytes[at...].starts(with: "\\u".utf8) {
            at += 2
            let low = try hex4()
            guard (0xdc00..<0xe000).contains(low) else { throw failure("the second half of a surrogate pair") }
            unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = UnicodeScalar(unit) else { throw failure("a Unicode scalar") }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func hex4() throws(Failure) -> UInt32 {
        guard at + 4 <= bytes.count, let value = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
        else {
            throw failure("four hexadecimal digits")
        }
        at += 4
        return value
    }
}

extension JSON {
    subscript(_ key: String) -> JSON? {
        guard case .object(let pairs) = self else { return nil }
        return pairs.first { $0.0 == key }?.1
    }

    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    var int: Int? { if case .integer(let value) = self { value } else { nil } }
    var string: String? { if case .string(let value) = self { value } else { nil } }
    var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
}
