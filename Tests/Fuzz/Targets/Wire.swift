/// Protocol buffers as lists of fields, for making ONNX files that are almost models.
struct WireMessage {
    enum Content {
        /// Wire type 0.
        case number(UInt64)
        /// Wire types 1 and 5.
        case fixed([UInt8])
        case bytes([UInt8])
        case message(WireMessage)
    }

    struct Field {
        var number: Int
        var content: Content
    }

    /// Which fields of a message are messages again, of which kind.
    enum Kind {
        case model, opset, pair, graph, node, attribute, tensor, info, type, tensorType, shape, dim, leaf

        func inner(_ field: Int) -> Kind? {
            switch (self, field) {
            case (.model, 7): .graph
            case (.model, 8): .opset
            case (.model, 14): .pair
            case (.graph, 1): .node
            case (.graph, 5): .tensor
            case (.graph, 11), (.graph, 12), (.graph, 13): .info
            case (.node, 5): .attribute
            case (.attribute, 5): .tensor
            case (.tensor, 13): .pair
            case (.info, 2): .type
            case (.type, 1): .tensorType
            case (.tensorType, 2): .shape
            case (.shape, 1): .dim
            default: nil
            }
        }
    }

    var fields: [Field] = []

    // MARK: Making

    mutating func put(_ number: Int, _ value: Int64) {
        fields.append(Field(number: number, content: .number(UInt64(bitPattern: value))))
    }
    mutating func put(_ number: Int, _ text: String) {
        fields.append(Field(number: number, content: .bytes(Array(text.utf8))))
    }
    mutating func put(_ number: Int, bytes: [UInt8]) { fields.append(Field(number: number, content: .bytes(bytes))) }
    mutating func put(_ number: Int, float value: Float) {
        fields.append(
            Field(number: number, content: .fixed(withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) })))
    }
    mutating func put(_ number: Int, _ message: WireMessage) {
        fields.append(Field(number: number, content: .message(message)))
    }

    // MARK: Bytes

    var bytes: [UInt8] {
        var out: [UInt8] = []
        func varint(_ value: UInt64) {
            var rest = value
            while rest > 127 {
                out.append(UInt8(truncatingIfNeeded: rest) | 128)
                rest >>= 7
            }
            out.append(UInt8(rest))
        }
        func block(_ number: Int, _ bytes: [UInt8]) {
            varint(UInt64(number) << 3 | 2)
            varint(UInt64(bytes.count))
            out += bytes
        }
        for field in fields {
            switch field.content {
            case .number(let value):
                varint(UInt64(field.number) << 3)
                varint(value)
            case .fixed(let bytes):
                varint(UInt64(field.number) << 3 | (bytes.count == 8 ? 1 : 5))
                out += bytes
            case .bytes(let bytes): block(field.number, bytes)
            case .message(let message): block(field.number, message.bytes)
            }
        }
        return out
    }

    init() {}

    /// nil for bytes that are no such message.
    init?(_ bytes: ArraySlice<UInt8>, _ kind: Kind) {
        var at = bytes.startIndex
        func varint() -> UInt64? {
            var value: UInt64 = 0, shift: UInt64 = 0
            while at < bytes.endIndex, shift < 64 {
                let byte = bytes[at]
                at += 1
                value |= UInt64(byte & 127) << shift
                if byte < 128 { return value }
                shift += 7
            }
            return nil
        }
        func take(_ count: UInt64) -> ArraySlice<UInt8>? {
            guard count <= UInt64(bytes.endIndex - at) else { return nil }
            defer { at += Int(count) }
            return bytes[at..<at + Int(count)]
        }
        while at < bytes.endIndex {
            guard let tag = varint(), tag >> 3 < 1 << 29 else { return nil }
            let number = Int(tag >> 3)
            switch tag & 7 {
            case 0:
                guard let value = varint() else { return nil }
                fields.append(Field(number: number, content: .number(value)))
            case 1, 5:
                guard let value = take(tag & 7 == 1 ? 8 : 4) else { return nil }
                fields.append(Field(number: number, content: .fixed(Array(value))))
            case 2:
                guard let size = varint(), let body = take(size) else { return nil }
                if let inner = kind.inner(number), let message = WireMessage(body, inner) {
                    fields.append(Field(number: number, content: .message(message)))
                } else {
                    fields.append(Field(number: number, content: .bytes(Array(body))))
                }
            default: return nil
            }
        }
    }

    /// Of a model's fields the graph.
    var graphIndex: Int? { fields.firstIndex { $0.number == 7 } }

    // MARK: Changing

    private var fieldCount: Int {
        fields.reduce(0) { sum, field in
            if case .message(let message) = field.content { sum + 1 + message.fieldCount } else { sum + 1 }
        }
    }

    /// Changes one field somewhere within.
    mutating func change(_ random: inout Random, _ kind: Kind, _ bytes: ([UInt8]) -> [UInt8]) {
        let count = fieldCount
        if count > 0 { changeField(random.below(count), &random, kind, bytes) }
    }

    private mutating func changeField(_ index: Int, _ random: inout Random, _ kind: Kind, _ bytes: ([UInt8]) -> [UInt8])
    {
        var left = index
        for i in fields.indices {
            if left == 0 { return changeAt(i, &random, kind, bytes) }
            left -= 1
            guard case .message(var message) = fields[i].content else { continue }
            let inside = message.fieldCount
            if left < inside {
                message.changeField(left, &random, kind.inner(fields[i].number) ?? .leaf, bytes)
                fields[i].content = .message(message)
                return
            }
            left -= inside
        }
    }

    private mutating func changeAt(_ i: Int, _ random: inout Random, _ kind: Kind, _ bytes: ([UInt8]) -> [UInt8]) {
        switch random.below(12) {
        case 0: fields.remove(at: i)
        case 1: fields.insert(fields[i], at: random.below(fields.count + 1))
        case 2: fields.swapAt(i, random.below(fields.count))
        case 3:
            // What another field of the same number says: names, shapes, whole tensors.
            let alike = fields.indices.filter { fields[$0].number == fields[i].number }
            fields[i].content = fields[random.pick(alike)].content
        default: changeContent(i, &random, kind, bytes)
        }
    }

    private mutating func changeContent(_ i: Int, _ random: inout Random, _ kind: Kind, _ bytes: ([UInt8]) -> [UInt8]) {
        switch fields[i].content {
        case .number(let value):
            let near = value &+ UInt64(bitPattern: random.pick([-8, -2, -1, 1, 2, 8]))
            fields[i].content = .number(random.chance(60) ? UInt64(bitPattern: random.pick(Extremes.integers)) : near)
        case .fixed(let old):
            if old.count == 4 {
                let value = random.pick(Extremes.floats).bitPattern.littleEndian
                fields[i].content = .fixed(withUnsafeBytes(of: value) { Array($0) })
            }
        case .message(var message):
            message.change(&random, kind.inner(fields[i].number) ?? .leaf, bytes)
            fields[i].content = .message(message)
        case .bytes(var old):
            if case .node = kind, fields[i].number == 4 {
                fields[i].content = .bytes(Array(random.pick(Operators.all).name.utf8))
            } else if case .attribute = kind, fields[i].number == 4 {
                fields[i].content = .bytes(Array(random.pick(Extremes.words).utf8))
            } else if case .tensor = kind, fields[i].number == 9, old.count >= 4, random.chance(70) {
                // Raw data: one element becomes another number.
                if old.count >= 8, random.chance(50) {
                    let at = random.below(old.count / 8) * 8
                    withUnsafeBytes(of: random.pick(Extremes.integers).littleEndian) {
                        old.replaceSubrange(at..<at + 8, with: $0)
                    }
                } else {
                    let at = random.below(old.count / 4) * 4
                    withUnsafeBytes(of: random.pick(Extremes.floats).bitPattern.littleEndian) {
                        old.replaceSubrange(at..<at + 4, with: $0)
                    }
                }
                fields[i].content = .bytes(old)
            } else {
                fields[i].content = .bytes(bytes(old))
            }
        }
    }
}
