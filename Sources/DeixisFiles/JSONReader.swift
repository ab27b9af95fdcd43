/// Text that is not the JSON that was expected.
public enum JSONReaderError: Error, Equatable, Sendable, CustomStringConvertible {
    case file(FileError)
    case malformed(path: String, line: Int, expected: String, found: String)
    /// A key that means nothing there; `nearest` is the known one most like it, where one is like it, `known` all
    /// that stand there.
    case unknownKey(path: String, line: Int, key: String, nearest: String?, known: [String])
    /// A file of a format that a later program writes.
    case version(path: String, line: Int, version: Int, newest: Int)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .malformed(let path, let line, let expected, let found):
            "\(path):\(line): expected \(expected), found \(found)"
        case .unknownKey(let path, let line, let key, let nearest, let known):
            "\(path):\(line): unknown key '\(key)'; "
                + (nearest.map { "did you mean '\($0)'?" } ?? "known there: \(known.joined(separator: ", "))")
        case .version(let path, let line, let version, let newest):
            "\(path):\(line): version \(version), this program reads versions 1 to \(newest)"
        }
    }

    public var exitCode: Int32 { if case .file(let error) = self { error.exitCode } else { 65 } }
}

/// Reads JSON (RFC 8259) of any size piece by piece: the caller takes the values it knows and passes over the rest.
/// Memory is one piece of the file and the value at hand.
///
///     try reader.object { reader, key throws(JSONReaderError) in
///         if key == "images" { try reader.array { ... } } else { try reader.skip() }
///     }
public struct JSONReader {
    public let path: String
    private var file: InputFile?
    private var buffer: [UInt8]
    private var at = 0
    /// Where in the file the buffer ends.
    private var position: Int
    private var linesBefore = 0
    private var depth = 0

    private static let piece = 1 << 20
    private static let deepest = 512

    public init(file path: String) throws(JSONReaderError) {
        self.path = path
        do throws(FileError) { file = try InputFile(path) } catch { throw .file(error) }
        (buffer, position) = ([], 0)
    }

    public init(_ bytes: [UInt8], path: String) {
        (self.path, buffer, position) = (path, bytes, bytes.count)
    }

    // MARK: Bytes

    /// The next byte, without taking it; nil at the end.
    private mutating func peek() throws(JSONReaderError) -> UInt8? {
        if at < buffer.count { return buffer[at] }
        guard let file, position < file.size else { return nil }
        linesBefore += buffer.count { $0 == 0x0A }
        do throws(FileError) {
            buffer = try file.bytes(at: position, count: min(Self.piece, file.size - position))
        } catch { throw .file(error) }
        position += buffer.count
        at = 0
        return buffer.first
    }

    /// The line that is being read, counted from 1.
    public var line: Int { linesBefore + buffer[..<min(at, buffer.count)].count { $0 == 0x0A } + 1 }

    public func malformed(_ expected: String, _ found: String) -> JSONReaderError {
        .malformed(path: path, line: line, expected: expected, found: found)
    }

    private mutating func unexpected(_ expected: String) throws(JSONReaderError) -> JSONReaderError {
        let next = try peek().map { $0 > 0x20 && $0 < 0x7F ? "'\(UnicodeScalar($0))'" : "byte \($0)" }
        return malformed(expected, next ?? "the end of the file")
    }

    /// The first byte of the next token.
    private mutating func next() throws(JSONReaderError) -> UInt8? {
        while let byte = try peek() {
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            at += 1
        }
        return nil
    }

    private mutating func take(_ character: Unicode.Scalar) throws(JSONReaderError) -> Bool {
        guard try next() == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    // MARK: Values

    public enum Kind: String, Sendable {
        case object = "an object", array = "an array", string = "a string", number = "a number", bool = "a boolean",
            null
    }

    /// What the next value is.
    public mutating func kind() throws(JSONReaderError) -> Kind {
        guard let byte = try next() else { throw try unexpected("a value") }
        switch byte {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw try unexpected("a value")
        }
    }

    private mutating func expect(_ kind: Kind, _ what: String?) throws(JSONReaderError) {
        let found = try self.kind()
        if found != kind { throw malformed(what ?? kind.rawValue, found.rawValue) }
    }

    private mutating func enter() throws(JSONReaderError) {
        depth += 1
        if depth > Self.deepest { throw malformed("at most \(Self.deepest) levels", "more") }
        at += 1
    }

    /// An object; `field` must take the value of each key, or `skip()` it.
    public mutating func object(
        _ what: String? = nil, _ field: (inout JSONReader, String) throws(JSONReaderError) -> Void
    ) throws(JSONReaderError) {
        try expect(.object, what)
        try enter()
        if try !take("}") {
            repeat {
                guard try next() == UInt8(ascii: "\"") else { throw try unexpected("a key in quotes") }
                let key = try string()
                guard try take(":") else { throw try unexpected("':'") }
                try field(&self, key)
            } while try take(",")
            guard try take("}") else { throw try unexpected("',' or '}'") }
        }
        depth -= 1
    }

    /// An array; `element` must take each value, or `skip()` it.
    public mutating func array(_ what: String? = nil, _ element: (inout JSONReader) throws(JSONReaderError) -> Void)
        throws(JSONReaderError)
    {
        try expect(.array, what)
        try enter()
        if try !take("]") {
            repeat { try element(&self) } while try take(",")
            guard try take("]") else { throw try unexpected("',' or ']'") }
        }
        depth -= 1
    }

    /// A number as it is written.
    private mutating func digits(_ what: String?) throws(JSONReaderError) -> String {
        try expect(.number, what)
        var text: [UInt8] = []
        while let byte = try peek(), "+-.0123456789eE".utf8.contains(byte), text.count < 400 {
            text.append(byte)
            at += 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A whole number of 64 bits, every digit of it.
    public mutating func unsigned(_ what: String? = nil) throws(JSONReaderError) -> UInt64 {
        let string = try digits(what)
        guard let value = UInt64(string) else {
            throw malformed(what ?? "a whole number that is not negative", "'\(string.prefix(30))'")
        }
        return value
    }

    public mutating func number(_ what: String? = nil) throws(JSONReaderError) -> Double {
        let string = try digits(what), digits = string.hasPrefix("-") ? string.dropFirst() : string[...]
        guard digits.utf8.first != UInt8(ascii: "."), !string.hasSuffix("."), let value = Double(string), value.isFinite
        else {
            throw malformed(what ?? "a number", "'\(string.prefix(30))'")
        }
        return value
    }

    public mutating func integer(_ what: String? = nil) throws(JSONReaderError) -> Int {
        let number = try number(what)
        guard let value = Int(exactly: number) else { throw malformed(what ?? "a whole number", "\(number)") }
        return value
    }

    /// A name: a string, or a whole number as text.
    public mutating func name(_ what: String = "a string or a whole number") throws(JSONReaderError) -> String {
        try kind() == .number ? String(try integer(what)) : try string(what)
    }

    public mutating func string(_ what: String? = nil) throws(JSONReaderError) -> String {
        try expect(.string, what)
        at += 1
        var result: [UInt8] = []
        while let byte = try peek() {
            at += 1
            switch byte {
            case 0x22: return String(decoding: result, as: UTF8.self)
            case 0x5C: result += try escape()
            case ..<0x20: throw malformed("a closing quote", "byte \(byte) in a string")
            default: result.append(byte)
            }
        }
        throw try unexpected("a closing quote")
    }

    /// After the backslash.
    private mutating func escape() throws(JSONReaderError) -> [UInt8] {
        guard let byte = try peek() else { throw try unexpected("an escape") }
        at += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: return [byte]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "u"): break
        default: throw malformed("an escape", "'\\\(UnicodeScalar(byte))'")
        }
        var unit = try hexadecimal()
        // Two halves of one scalar beyond U+FFFF; a half alone becomes U+FFFD.
        if (0xD800..<0xDC00).contains(unit), try peek() == 0x5C {
            at += 1
            guard try peek() == UInt8(ascii: "u") else { return Array("\u{FFFD}".utf8) + (try escape()) }
            at += 1
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else {
                throw malformed("the second half of a surrogate pair", "\\u\(String(low, radix: 16))")
            }
            unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        }
        return Array(String(UnicodeScalar(unit) ?? "\u{FFFD}").utf8)
    }

    private mutating func hexadecimal() throws(JSONReaderError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = try peek(), byte < 0x80, let digit = Character(UnicodeScalar(byte)).hexDigitValue
            else { throw try unexpected("four hexadecimal digits") }
            at += 1
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    // MARK: Passing over

    /// Any value; nested ones without looking at their numbers and words.
    public mutating func skip() throws(JSONReaderError) {
        switch try kind() {
        case .string: try skipString()
        case .number: _ = try number()
        case .bool, .null: try word()
        case .object, .array:
            var open = 0
            while let byte = try peek() {
                switch byte {
                case 0x22: try skipString()
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    open += 1
                    at += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    open -= 1
                    at += 1
                    if open == 0 { return }
                default: at += 1
                }
            }
            throw try unexpected("a closing bracket")
        }
    }

    /// The next value as it is written, behind as many line ends as there are lines before it: whoever reads it later
    /// counts the lines of the whole. Only of bytes in memory.
    public mutating func text() throws(JSONReaderError) -> [UInt8] {
        precondition(file == nil, "a file is read piece by piece, and its text is not kept")
        _ = try kind()
        let start = at, linesBefore = line - 1
        try skip()
        return Array(repeating: 0x0A, count: linesBefore) + buffer[start..<at]
    }

    private mutating func skipString() throws(JSONReaderError) {
        at += 1
        while let byte = try peek() {
            at += 1
            if byte == 0x22 { return }
            if byte == 0x5C {
                _ = try peek()
                at += 1
            }
        }
        throw try unexpected("a closing quote")
    }

    /// `true`, `false` or `null`.
    public mutating func bool() throws(JSONReaderError) -> Bool? {
        let text = try word()
        return text == "null" ? nil : text == "true"
    }

    @discardableResult
    private mutating func word() throws(JSONReaderError) -> String {
        var text: [UInt8] = []
        while let byte = try peek(), (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte), text.count < 6 {
            text.append(byte)
            at += 1
        }
        let word = String(decoding: text, as: UTF8.self)
        guard ["true", "false", "null"].contains(word) else { throw malformed("a value", "'\(word)'") }
        return word
    }

    /// Nothing but space may follow.
    public mutating func end() throws(JSONReaderError) {
        if try next() != nil { throw try unexpected("the end of the file") }
    }
}
