import DeixisFiles

/// A JSON value with its types kept apart: `true` is no number and `1` is no text.
package enum JSONText: Sendable {
    case null, bool(Bool), number(Double), string(String), array([JSONText]), object([String: JSONText])

    /// nil: not JSON.
    static func parse(_ bytes: some Sequence<UInt8>) -> JSONText? {
        var reader = JSONReader(Array(bytes), path: "")
        do throws(JSONReaderError) {
            let value = try JSONText(&reader)
            try reader.end()
            return value
        } catch { return nil }
    }

    private init(_ reader: inout JSONReader) throws(JSONReaderError) {
        switch try reader.kind() {
        case .null, .bool: self = try reader.bool().map { .bool($0) } ?? .null
        case .number: self = .number(try reader.number())
        case .string: self = .string(try reader.string())
        case .array:
            var values: [JSONText] = []
            try reader.array { reader throws(JSONReaderError) in values.append(try JSONText(&reader)) }
            self = .array(values)
        case .object:
            var fields: [String: JSONText] = [:]
            try reader.object { reader, key throws(JSONReaderError) in fields[key] = try JSONText(&reader) }
            self = .object(fields)
        }
    }

    /// What the value is, for messages: "a number", "an array of 3".
    var label: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array(let values): "an array of \(values.count)"
        case .object: "an object"
        }
    }
}
