internal import DeixisFiles

/// A JSON value with its keys in order; numbers that JSON cannot say become `null`.
enum JSON {
    case null, bool(Bool), integer(Int), number(Double), string(String), array([JSON]), object([(String, JSON)])

    /// Two spaces a level; short arrays of plain values on one line.
    func text(indent: Int = 0) -> String {
        let inner = String(repeating: "  ", count: indent + 1), outer = String(repeating: "  ", count: indent)
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return "\(value)"
        case .number(let value): return value.isFinite ? "\(value)" : "null"
        case .string(let value): return quotedJSON(value)
        case .array(let items):
            guard !items.isEmpty else { return "[]" }
            if items.allSatisfy(\.isPlain) { return "[" + items.map { $0.text() }.joined(separator: ", ") + "]" }
            return "[\n" + items.map { inner + $0.text(indent: indent + 1) }.joined(separator: ",\n") + "\n\(outer)]"
        case .object(let pairs):
            guard !pairs.isEmpty else { return "{}" }
            let lines = pairs.map { "\(inner)\(quotedJSON($0.0)): \($0.1.text(indent: indent + 1))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
        }
    }

    /// All of it on one line.
    var line: String {
        switch self {
        case .array(let items): "[" + items.map(\.line).joined(separator: ", ") + "]"
        case .object(let pairs): "{" + pairs.map { "\(quotedJSON($0.0)): \($0.1.line)" }.joined(separator: ", ") + "}"
        default: text()
        }
    }

    private var isPlain: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}
