/// The keys of `formats/metadata.md`.
struct MetadataKey {
    let bytes: [UInt8]
    private init(_ name: StaticString) { bytes = name.withUTF8Buffer { Array($0) } }

    static var format: MetadataKey { MetadataKey("deixis.format") }
    static var vocabulary: MetadataKey { MetadataKey("deixis.vocabulary") }
    static var lowercase: MetadataKey { MetadataKey("deixis.tokenizer.lowercase") }
    static var stripAccents: MetadataKey { MetadataKey("deixis.tokenizer.strip_accents") }
    static var maxLength: MetadataKey { MetadataKey("deixis.tokenizer.max_length") }
    static var imageSize: MetadataKey { MetadataKey("deixis.image.size") }
    static var letterbox: MetadataKey { MetadataKey("deixis.image.letterbox") }
    static var padColor: MetadataKey { MetadataKey("deixis.image.pad_color") }
    static var mean: MetadataKey { MetadataKey("deixis.image.mean") }
    static var standardDeviation: MetadataKey { MetadataKey("deixis.image.std") }
    /// A prefix.
    static var training: MetadataKey { MetadataKey("deixis.training.") }
}

/// Values as text: digits are ASCII, numbers decimal with a point, lists separated by commas.
enum MetadataText {
    static func boolean(_ value: Bool) -> [UInt8] { value ? Array("true".utf8) : Array("false".utf8) }

    static func integer(_ value: Int) -> [UInt8] {
        var digits: [UInt8] = []
        var rest = value.magnitude
        repeat {
            digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        if value < 0 { digits.append(UInt8(ascii: "-")) }
        return digits.reversed()
    }

    static func list(_ items: [[UInt8]]) -> [UInt8] {
        var result: [UInt8] = []
        for (i, item) in items.enumerated() {
            if i > 0 { result.append(UInt8(ascii: ",")) }
            result.append(contentsOf: item)
        }
        return result
    }

    /// Six decimals, trailing zeros dropped; |value| below 1e9.
    static func decimal(_ value: Float) -> [UInt8] {
        let limited = clamp(Double(value), -1e9, 1e9)
        // Truncation and not rounded(): libm is not linked here.
        let millionths = Int(limited * 1e6 + (limited < 0 ? -0.5 : 0.5))
        var result = integer(Int(millionths.magnitude / 1_000_000))
        if millionths < 0 { result.insert(UInt8(ascii: "-"), at: 0) }
        var fraction = integer(1_000_000 + Int(millionths.magnitude % 1_000_000))
        fraction[0] = UInt8(ascii: ".")
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        return fraction.count > 1 ? result + fraction : result
    }

    static func integer(from bytes: ArraySlice<UInt8>) -> Int? {
        guard !bytes.isEmpty, bytes.count <= 9 else { return nil }
        var value = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }

    /// [-]digits[.digits], at most 9 digits on either side.
    static func decimal(from bytes: ArraySlice<UInt8>) -> Float? {
        var rest = bytes
        let negative = rest.first == UInt8(ascii: "-")
        if negative { rest = rest.dropFirst() }
        let point = rest.firstIndex(of: UInt8(ascii: ".")) ?? rest.endIndex
        guard let whole = integer(from: rest[rest.startIndex..<point]) else { return nil }
        var value = Double(whole)
        if point < rest.endIndex {
            let digits = rest[(point + 1)...]
            guard let fraction = integer(from: digits) else { return nil }
            var scale = 1.0
            for _ in digits { scale *= 10 }
            value += Double(fraction) / scale
        }
        return Float(negative ? -value : value)
    }

    static func items(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }
}

/// Our pairs among a file's, read by kind.
struct MetadataReader {
    private let pairs: [(key: [UInt8], value: [UInt8])]

    init(_ all: [(key: [UInt8], value: [UInt8])]) throws(InputError) {
        let prefix = Array("deixis.".utf8)
        pairs = all.filter { $0.key.starts(with: prefix) }
        for (i, pair) in pairs.enumerated() {
            for other in pairs[..<i] where other.key == pair.key { throw .duplicateKey(pair.key) }
        }
    }

    var training: [(key: [UInt8], value: [UInt8])] {
        let prefix = MetadataKey.training.bytes
        return pairs.filter { $0.key.starts(with: prefix) }.map {
            (key: Array($0.key.dropFirst(prefix.count)), value: $0.value)
        }
    }

    func value(_ key: MetadataKey) throws(InputError) -> [UInt8] {
        for pair in pairs where pair.key == key.bytes { return pair.value }
        throw .missingKey(key.bytes)
    }

    func boolean(_ key: MetadataKey) throws(InputError) -> Bool {
        let found = try value(key)
        if found == MetadataText.boolean(true) { return true }
        if found == MetadataText.boolean(false) { return false }
        throw .malformedKey(key: key.bytes, expected: "true or false", got: found)
    }

    func integer(_ key: MetadataKey, _ range: ClosedRange<Int>, _ expected: StaticText) throws(InputError) -> Int {
        let found = try value(key)
        guard let number = MetadataText.integer(from: found[...]), range.contains(number) else {
            throw .malformedKey(key: key.bytes, expected: expected, got: found)
        }
        return number
    }

    func color(_ key: MetadataKey) throws(InputError) -> RGB {
        let found = try value(key)
        var channels: [UInt8] = []
        for item in MetadataText.items(found) {
            if let number = MetadataText.integer(from: item), number <= 255 { channels.append(UInt8(number)) }
        }
        guard channels.count == 3, MetadataText.items(found).count == 3 else {
            throw .malformedKey(key: key.bytes, expected: "three whole numbers from 0 to 255, R,G,B", got: found)
        }
        return RGB(channels[0], channels[1], channels[2])
    }

    func channels(_ key: MetadataKey) throws(InputError) -> ChannelValues {
        let found = try value(key)
        var numbers: [Float] = []
        for item in MetadataText.items(found) {
            if let number = MetadataText.decimal(from: item) { numbers.append(number) }
        }
        guard numbers.count == 3, MetadataText.items(found).count == 3 else {
            throw .malformedKey(key: key.bytes, expected: "three decimal numbers, R,G,B", got: found)
        }
        return ChannelValues(numbers[0], numbers[1], numbers[2])
    }
}
