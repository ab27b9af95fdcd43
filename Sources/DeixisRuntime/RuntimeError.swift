import CDeixisSystem
public import DeixisGraph
public import DeixisONNX

/// Everything that can be wrong with a model or with what it is given. Messages name the node, what was expected and
/// what was met.
public indirect enum RuntimeError: Error, CustomStringConvertible {
    /// The file is not a model the reader takes.
    case file(ONNXError)
    /// All that the model uses, each with the nodes that do.
    case unsupportedOperators([UnsupportedOperator])
    case operatorTooNew(op: Name, node: Name, since: Int, opset: Int)
    case unsupportedElementType(op: Name, node: Name, got: ElementType, claimed: [ElementType])
    case unsupportedOpset(Int, supported: ClosedRange<Int>)
    case invalidNode(op: Name, node: Name, reason: Message)
    case invalidGraph(reason: Message)
    /// The node, or where `node` is empty the graph, asks for more than `Limits` allow.
    case limit(op: Name, node: Name, LimitExceeded)
    /// An index in the node's data: element `position` of its indices is `index`, where the axis has `extent`.
    case indexOutOfRange(op: Name, node: Name, position: Int, index: Int, extent: Int)
    /// A shape depends on a number that only running the graph can tell.
    case valueNotKnown(op: Name, node: Name, input: Int)
    case missingInput(Name, expected: [Name])
    /// Shapes were given for another number of inputs.
    case inputCount(expected: [Name], got: Int)
    case unknownInput(Name, expected: [Name])
    case inputElementType(Name, expected: ElementType, got: ElementType)
    case inputShape(Name, expected: [Dimension], got: [Int])
    /// Two inputs disagree about an extent that the model gives one name.
    case symbolMismatch(Name, input: Name, expected: Int, got: Int)
    case unknownInstructionSet(String)
    /// A compiled file that is damaged, of another version or for another instruction set, or that cannot be written.
    case compiled(file: String, CompiledFileError)
    case outOfMemory(bytes: Int)
    /// More threads than the most, or than the system gives; `code` is an errno value.
    case threads(Int, code: Int32)
    case notPlanned
    /// The deadline of a run passed between two steps.
    case timeout(Timeout)

    init(_ error: ONNXError) {
        if case .outOfMemory(_, let memory) = error {
            self = .outOfMemory(bytes: memory.byteCount)
        } else {
            self = .file(error)
        }
    }

    init(_ file: String, _ error: CompiledFileError) {
        if case .outOfMemory(let memory) = error {
            self = .outOfMemory(bytes: memory.byteCount)
        } else {
            self = .compiled(file: file, error)
        }
    }

    init(_ memory: OutOfMemory) { self = .outOfMemory(bytes: memory.byteCount) }

    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .file(let error):
            return Message(error.description)
        case .unsupportedOperators(let operators):
            return UnsupportedOperator.message(operators)
        case .operatorTooNew(let op, let node, let since, let opset):
            return "operator \(op) of node '\(node)' exists since opset \(since), the model imports opset \(opset)"
        case .unsupportedElementType(let op, let node, let got, let claimed):
            return "operator \(op) of node '\(node)' does not support \(got), only \(list(claimed))"
        case .unsupportedOpset(let version, let supported):
            return "opset \(version) is not supported, only \(supported.lowerBound) to \(supported.upperBound)"
        case .invalidNode(let op, let node, let reason):
            return "node '\(node)' (\(op)): \(reason)"
        case .invalidGraph(let reason):
            return "graph: \(reason)"
        case .limit(let op, let node, let limit):
            return node.isEmpty
                ? "graph: it asks for \(limit.message)" : "node '\(node)' (\(op)): it asks for \(limit.message)"
        case .indexOutOfRange(let op, let node, let position, let index, let extent):
            return
                "node '\(node)' (\(op)): index out of range: element \(position) of its indices is \(index), the axis has extent \(extent)"
        case .valueNotKnown(let op, let node, let input):
            return
                "node '\(node)' (\(op)): its output shape depends on the values of input \(input), which only running the graph can tell; this is not supported"
        case .missingInput(let name, let expected):
            return "input '\(name)' is missing; the model's inputs are \(list(expected))"
        case .inputCount(let expected, let got):
            return
                "shapes of \(got) inputs were given; the model has \(expected.count)\(expected.isEmpty ? "" : ": ")\(list(expected))"
        case .unknownInput(let name, let expected):
            return "the model has no input '\(name)'; its inputs are \(list(expected))"
        case .inputElementType(let name, let expected, let got):
            return "input '\(name)': expected \(expected), got \(got)"
        case .inputShape(let name, let expected, let got):
            return "input '\(name)': expected shape \(expected), got \(got)"
        case .symbolMismatch(let symbol, let name, let expected, let got):
            return "input '\(name)': '\(symbol)' is \(got) here and \(expected) in an input before it"
        case .unknownInstructionSet(let name):
            return
                "instruction set '\(name)' is unknown; there are scalar, v128, avx2, avxvnni, avx512 and avx512vnni on x86-64, scalar, v128, dotprod and i8mm on arm64"
        case .compiled(let file, let error):
            return "\(file): \(error.description)"
        case .outOfMemory(let bytes):
            return OutOfMemory(byteCount: bytes).message
        case .threads(let count, let code):
            let most = Int(deixis_pool_most_threads)
            let reason: String = count > most ? "at most \(most)" : CompiledFile.errorText(code)
            return "\(count) threads cannot be started: \(reason)"
        case .notPlanned:
            return "no shapes are planned yet; call prepare first"
        case .timeout(let timeout):
            return Message(timeout.description)
        }
    }
}

private func list(_ types: [ElementType]) -> String {
    var text = ""
    for (i, type) in types.enumerated() { text += (i == 0 ? "" : ", ") + "\(type.label)" }
    return text
}

private func list(_ names: [Name]) -> String {
    var text = ""
    for (i, name) in names.enumerated() { text += (i == 0 ? "" : ", ") + "'\(name)'" }
    return text
}
