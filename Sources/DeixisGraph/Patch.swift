/// A change to a graph, as data: some nodes go, some come, some values are read elsewhere. Only patches change graphs.
///
/// A new node may make the very value a removed node made; then nothing needs redirecting.
public struct Patch {
    public var removed: [NodeID] = []
    public var nodes: [Node] = []
    /// New values; the first has the id `ValueID(firstValue)`.
    public private(set) var values: [Value] = []
    public private(set) var constants: [(id: ValueID, constant: Constant)] = []
    /// Whoever read `from`, graph outputs included, reads `to`.
    public var redirected: [(from: ValueID, to: ValueID)] = []
    let firstValue: Int

    public init(_ editor: GraphEditor, removing removed: [NodeID] = []) {
        firstValue = editor.values.count
        self.removed = removed
    }

    @inline(never)
    public mutating func addValue(_ name: Name, _ type: TensorType? = nil) -> ValueID {
        values.append(Value(name: name, type: type))
        return ValueID(firstValue + values.count - 1)
    }

    @inline(never)
    public mutating func addConstant(_ name: Name, _ constant: Constant) -> ValueID {
        let id = addValue(name, TensorType(constant.type, constant.shape.map { .fixed($0) }))
        constants.append((id, constant))
        return id
    }

    public mutating func redirect(_ from: ValueID, to: ValueID) { redirected.append((from, to)) }
}

/// Index of a node in a `GraphEditor`; stable while it edits.
public struct NodeID: Hashable, Sendable {
    public let index: Int
    public init(_ index: Int) { self.index = index }
}
