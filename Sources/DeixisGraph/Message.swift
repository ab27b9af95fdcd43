/// The text of an error, written like a string: `"axis \(axis) is outside rank \(rank)"`.
///
/// A type of its own, because a `String`'s interpolation is inlined at every use: some hundred bytes for each of some
/// hundred messages, where this one costs a call for each part.
public struct Message: ExpressibleByStringInterpolation, CustomStringConvertible, Sendable {
    public let text: String

    public var description: String { text }

    @inline(never)
    public init(_ text: String) { self.text = text }

    @inline(never)
    public init(stringLiteral: StaticString) { text = "\(stringLiteral)" }

    @inline(never)
    public init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        @inline(never)
        public init(literalCapacity: Int, interpolationCount: Int) {}

        @inline(never)
        public mutating func appendLiteral(_ literal: StaticString) { text += "\(literal)" }

        @inline(never)
        public mutating func appendInterpolation(_ part: StaticString) { text += "\(part)" }

        @inline(never)
        public mutating func appendInterpolation(_ part: String) { text += part }

        @inline(never)
        public mutating func appendInterpolation(_ part: Message) { text += part.text }

        @inline(never)
        public mutating func appendInterpolation(_ name: Name) { text += name.description }

        @inline(never)
        public mutating func appendInterpolation(_ number: some BinaryInteger) { text += String(number) }

        /// `float32`
        @inline(never)
        public mutating func appendInterpolation(_ type: ElementType) { text += "\(type.label)" }

        /// `[2, 3]`
        @inline(never)
        public mutating func appendInterpolation(_ shape: [Int]) { appendInterpolation(list: shape) { "\($0)" } }

        /// `[batch, 40, ?]`
        @inline(never)
        public mutating func appendInterpolation(_ shape: [Dimension]) {
            appendInterpolation(list: shape) { $0.description }
        }

        private mutating func appendInterpolation<T>(list: [T], _ spell: (T) -> String) {
            text += "["
            for (i, element) in list.enumerated() { text += (i == 0 ? "" : ", ") + spell(element) }
            text += "]"
        }
    }
}
