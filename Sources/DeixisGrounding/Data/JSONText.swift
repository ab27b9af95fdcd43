import Foundation

/// A JSON value with its types kept apart: `true` is no number and `1` is no text. Foundation parses; what is wrong with the
/// content is said by us.
package enum JSONText: Decodable, Sendable {
    case null, bool(Bool), number(Double), string(String), array([JSONText]), object([String: JSONText])

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONText].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONText].self))
        }
    }

    /// nil: not JSON.
    static func parse(_ bytes: some Sequence<UInt8>) -> JSONText? { try? JSONDecoder().decode(JSONText.self, from: Data(bytes)) }

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

    /// `text` as a JSON string, quotes included.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20: result += "\\u" + String(repeating: "0", count: scalar.value < 16 ? 3 : 2) + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
