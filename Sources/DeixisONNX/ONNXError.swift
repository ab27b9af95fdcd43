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
    /// What stands in a clone for a large file that Git LFS keeps elsewhere.
    case gitLFSPointer(file: String)
    /// `what` asks for more than `Limits` allow, e.g. `tensor 'w'`.
    case limit(file: String, what: Message, LimitExceeded)
    case outOfMemory(file: String, OutOfMemory)

    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .cannotOpen(let file, let reason): "\(file): cannot be opened: \(reason)"
        case .empty(let file): "\(file): the file is empty"
        case .malformed(let file, let offset, let field, let reason):
            "\(file): not an ONNX file, or a damaged one: \(reason) at byte \(offset) (\(field))"
        case .unsupported(let file, let reason): "\(file): \(reason), which is not supported"
        case .invalid(let file, let reason): "\(file): \(reason)"
        case .gitLFSPointer(let file): "\(file): a Git LFS pointer, not the file itself; `git lfs pull` fetches it"
        case .limit(let file, let what, let limit): "\(file): \(what) has \(limit.message)"
        case .outOfMemory(let file, let memory): "\(file): \(memory.message)"
        }
    }
}
