public import DeixisGraph

/// Why a file is not a model this reader takes. `file` is the path, or what the caller called the bytes.
public indirect enum ONNXError: Error, CustomStringConvertible {
    case cannotOpen(file: String, reason: String)
    case empty(file: String)
    /// The wire format does not hold at byte `offset`, in `field` (message and field as the standard spells them).
    case malformed(file: String, offset: Int, field: StaticString, reason: StaticString)
    /// Well-formed, but not what this reader takes.
    case unsupported(file: String, reason: Message)
    /// Well-formed, but against the standard.
    case invalid(file: String, reason: Message)

    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .cannotOpen(let file, let reason): "\(file): cannot be opened: \(reason)"
        case .empty(let file): "\(file): the file is empty"
        case .malformed(let file, let offset, let field, let reason):
            "\(file): not an ONNX file, or a damaged one: \(reason) at byte \(offset) (\(field))"
        case .unsupported(let file, let reason): "\(file): \(reason), which is not supported"
        case .invalid(let file, let reason): "\(file): \(reason)"
        }
    }
}
