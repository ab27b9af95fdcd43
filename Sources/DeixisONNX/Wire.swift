/// One field of a protobuf message on the wire.
struct WireField {
    /// Where its tag begins, for messages.
    var offset: Int
    var number: Int
    var content: Content

    enum Content {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        /// The payload's place in the file.
        case bytes(Range<Int>)
    }
}

/// What is wrong with the wire, without the file's name, which the caller knows.
struct WireError: Error {
    var offset: Int
    var reason: StaticString
}

/// Walks the fields of one message. Copies nothing; every length is checked before it is used.
struct Wire {
    let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    let end: Int

    /// - Precondition: `range` lies in `bytes`.
    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position >= end }

    /// The next field, or nil at the end of the message.
    mutating func next() throws(WireError) -> WireField? {
        if position >= end { return nil }
        let offset = position
        let tag = try varint()
        let number = Int(truncatingIfNeeded: tag >> 3)
        guard tag <= UInt64(UInt32.max), number > 0 else {
            throw WireError(offset: offset, reason: "a field number is out of range")
        }
        switch tag & 7 {
        case 0:
            return WireField(offset: offset, number: number, content: .varint(try varint()))
        case 1:
            let at = try take(8)
            return WireField(
                offset: offset, number: number,
                content: .fixed64(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else {
                throw WireError(offset: offset, reason: "a length runs past the end")
            }
            let at = try take(Int(length))
            return WireField(offset: offset, number: number, content: .bytes(at..<at + Int(length)))
        case 5:
            let at = try take(4)
            return WireField(
                offset: offset, number: number,
                content: .fixed32(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
        default:
            throw WireError(offset: offset, reason: "an unknown wire type")
        }
    }

    /// Up to ten bytes, seven bits each, low ones first.
    mutating func varint() throws(WireError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw WireError(offset: start, reason: "a number is too long") }
        }
        throw WireError(offset: start, reason: "a number is cut off")
    }

    private mutating func take(_ count: Int) throws(WireError) -> Int {
        guard count <= end - position else { throw WireError(offset: position, reason: "a field is cut off") }
        defer { position += count }
        return position
    }
}
