/// The scalars of UTF-8 bytes; every maximal ill-formed run becomes one U+FFFD (Unicode 15, section 3.9, as WHATWG
/// does).
struct UTF8Decoder {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func next() -> UInt32? {
        guard at < bytes.count else { return nil }
        let lead = bytes[at]
        at += 1
        if lead < 0x80 { return UInt32(lead) }
        var low: UInt8 = 0x80, high: UInt8 = 0xBF, more: Int, scalar: UInt32
        switch lead {
        case 0xC2...0xDF: (more, scalar) = (1, UInt32(lead & 0x1F))
        case 0xE0...0xEF:
            (more, scalar) = (2, UInt32(lead & 0x0F))
            if lead == 0xE0 { low = 0xA0 }
            if lead == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            (more, scalar) = (3, UInt32(lead & 0x07))
            if lead == 0xF0 { low = 0x90 }
            if lead == 0xF4 { high = 0x8F }
        default: return 0xFFFD
        }
        while more > 0 {
            guard at < bytes.count, bytes[at] >= low, bytes[at] <= high else { return 0xFFFD }
            scalar = scalar << 6 | UInt32(bytes[at] & 0x3F)
            at += 1
            more -= 1
            (low, high) = (0x80, 0xBF)
        }
        return scalar
    }
}

/// Appends a scalar's UTF-8 bytes.
func appendUTF8(_ scalar: UInt32, to bytes: inout [UInt8]) {
    func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) }
    if scalar < 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: scalar))
    } else if scalar < 0x800 {
        bytes.append(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
        bytes.append(tail(0))
    } else if scalar < 0x10000 {
        bytes.append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
        bytes.append(tail(6))
        bytes.append(tail(0))
    } else {
        bytes.append(0xF0 | UInt8(truncatingIfNeeded: scalar >> 18))
        bytes.append(tail(12))
        bytes.append(tail(6))
        bytes.append(tail(0))
    }
}
