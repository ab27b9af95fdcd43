/// What makes a graph no graph.
public indirect enum GraphError: Error, CustomStringConvertible {
    /// The node's input is made by nothing in front of it.
    case notYetMade(value: Name, node: Name)
    case madeTwice(value: Name, node: Name)
    case outputNeverMade(value: Name)
    case cycle(node: Name)
    case noSuchValue(index: Int)
    case noOutputs(node: Name)

    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .notYetMade(let value, let node): "node '\(node)' uses '\(value)', which nothing in front of it makes"
        case .madeTwice(let value, let node): "value '\(value)' is made twice, the second time by node '\(node)'"
        case .outputNeverMade(let value): "output '\(value)' is made by no node"
        case .cycle(let node): "node '\(node)' depends on itself"
        case .noOutputs(let node): "node '\(node)' has no outputs"
        case .noSuchValue(let index): "there is no value \(index)"
        }
    }
}
