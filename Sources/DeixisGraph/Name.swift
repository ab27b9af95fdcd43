/// A name as the file spells it: UTF-8 bytes compared bit for bit.
///
/// Bytes and not `String`, because Embedded Swift's `String` comparison needs Unicode tables the lean library does not
/// carry.
public struct Name: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) { self.bytes = bytes }
    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
    public init(_ string: String) { bytes = Array(string.utf8) }
    public init(stringLiteral value: StaticString) {
        bytes = value.withUTF8Buffer { Array($0) }
    }

    public var isEmpty: Bool { bytes.isEmpty }

    /// All bytes at once: an array would hash one by one.
    public func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }

    /// Equality with a literal without making a `Name` of it: rules ask this of every node, again and again.
    public func matches(_ literal: StaticString) -> Bool {
        bytes.count == literal.utf8CodeUnitCount && literal.withUTF8Buffer { $0.elementsEqual(bytes) }
    }

    /// `case "Relu":`
    public static func ~= (literal: StaticString, name: Name) -> Bool { name.matches(literal) }

    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
