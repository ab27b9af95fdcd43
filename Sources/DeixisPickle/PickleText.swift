/// Texts as the protocols before 4 write them.
enum PickleText {
    /// Python 2's 8-bit strings say no encoding: UTF-8 where that fits, else Latin-1.
    static func eightBit(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        return String(validating: bytes, as: UTF8.self) ?? latin1(bytes)
    }

    private static func latin1(_ bytes: [UInt8]) -> String {
        var result = ""
        for byte in bytes { result.unicodeScalars.append(UnicodeScalar(byte)) }
        return result
    }

    /// STRING: Python's own quoted form, `'it\'s'` or `"it's"`.
    static func quoted(_ line: ArraySlice<UInt8>, in reader: PickleReader) throws(PickleError) -> String {
        guard line.count >= 2, let quote = line.first, quote == line.last, quote == 0x22 || quote == 0x27 else {
            throw reader.malformed("a string in quotes", "'\(String(decoding: line.prefix(20), as: UTF8.self))'")
        }
        let letters: [UInt8: UInt8] = [
            0x5C: 0x5C, 0x27: 0x27, 0x22: 0x22, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
            UInt8(ascii: "a"): 7,
            UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "v"): 11,
        ]
        var result: [UInt8] = []
        var rest = line.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            guard byte == 0x5C, let escape = rest.popFirst() else {
                result.append(byte)
                continue
            }
            if let letter = letters[escape] {
                result.append(letter)
            } else if escape == UInt8(ascii: "x"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                rest = rest.dropFirst(2)
                result.append(value)
            } else if (0x30..<0x38).contains(escape) {
                var value = Int(escape) - 0x30, digits = 1
                while digits < 3, let next = rest.first, (0x30..<0x38).contains(next) {
                    value = value * 8 + Int(next) - 0x30
                    digits += 1
                    rest = rest.dropFirst()
                }
                result.append(UInt8(truncatingIfNeeded: value))
            } else {
                result += [0x5C, escape]
            }
        }
        return eightBit(result)
    }

    /// UNICODE: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
    static func rawUnicode(_ line: ArraySlice<UInt8>) -> String {
        var units: [UInt16] = []
        func append(_ scalar: UInt32) {
            if scalar < 0x1_0000 {
                units.append(UInt16(scalar))
            } else if let scalar = UnicodeScalar(scalar) {
                units += Array(String(scalar).utf16)
            }
        }
        var rest = line
        while let byte = rest.popFirst() {
            let width = byte == 0x5C ? rest.first == UInt8(ascii: "u") ? 4 : rest.first == UInt8(ascii: "U") ? 8 : 0 : 0
            let digits = rest.dropFirst().prefix(width)
            if width > 0, digits.count == width, let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                append(value)
                rest = rest.dropFirst(width + 1)
            } else {
                append(UInt32(byte))
            }
        }
        return String(decoding: units, as: UTF16.self)
    }
}
