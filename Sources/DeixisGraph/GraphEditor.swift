/// A graph being changed by patches, with who makes and who reads each value kept up to date.
public final class GraphEditor {
    private var graph: Graph
    private var nodes: [Node?]
    /// Where in the order a node belongs; patched nodes stand where the last node they replace stood.
    private var positions: [Int]
    private var makers: [NodeID?]
    private(set) var readers: ReaderLists
    /// By value: its places among the graph's outputs.
    private var outputPlaces: [[Int]]
    /// By hash: the index of the node that `twin` was asked about last.
    private var known: [Int: Int] = [:]
    /// How many more patches `rewrite` may apply; below zero once it wanted more.
    public var stepsLeft = Int.max

    public init(_ graph: Graph) {
        self.graph = graph
        nodes = graph.nodes.map { $0 }
        positions = Array(graph.nodes.indices)
        makers = Array(repeating: nil, count: graph.values.count)
        readers = ReaderLists(valueCount: graph.values.count)
        outputPlaces = Array(repeating: [], count: graph.values.count)
        for (i, node) in graph.nodes.enumerated() {
            readers.add(node.inputs)
            for case let id? in node.outputs { makers[id.index] = NodeID(i) }
        }
        for (place, id) in graph.outputs.enumerated() { outputPlaces[id.index].append(place) }
    }

    // MARK: Looking

    public var opset: Int { graph.opset }
    public var values: [Value] { graph.values }
    /// One past the last node id; ids of removed nodes stay unused.
    public var nodeCount: Int { nodes.count }
    public subscript(id: NodeID) -> Node? { nodes[id.index] }
    public subscript(id: ValueID) -> Value { graph.values[id.index] }
    func isOne(of ops: [Name], _ id: NodeID) -> Bool { nodes[id.index].map { ops.contains($0.op) } ?? false }
    public func constant(_ id: ValueID?) -> Constant? { id.flatMap { graph.constants[$0] } }
    public func maker(of id: ValueID?) -> NodeID? { id.flatMap { makers[$0.index] } }
    /// A node appears once for every input that reads the value.
    public func readers(of id: ValueID) -> Readers { Readers(self, of: id) }
    public func isOutput(_ id: ValueID) -> Bool { !outputPlaces[id.index].isEmpty }
    public func isInput(_ id: ValueID) -> Bool { makers[id.index] == nil && graph.constants[id] == nil }

    /// The shared predicate of all fusions: the value exists for one reader alone and may vanish into it.
    public func vanishes(_ id: ValueID) -> Bool { readers.count(id) == 1 && outputPlaces[id.index].isEmpty }
    public func isRead(_ id: ValueID) -> Bool { readers.count(id) > 0 || isOutput(id) }

    /// The node that makes `id`, if it is an `op` of `domain`.
    public func maker(of id: ValueID?, _ op: StaticString, domain: Name = "") -> (id: NodeID, node: Node)? {
        guard let maker = maker(of: id), let node = nodes[maker.index], node.op.matches(op), node.domain == domain
        else { return nil }
        return (maker, node)
    }

    // MARK: Changing

    public func apply(_ patch: Patch) {
        assert(patch.firstValue == graph.values.count, "a patch is applied before the next one is made")
        for value in patch.values {
            graph.values.append(value)
            makers.append(nil)
            readers.addValue()
            outputPlaces.append([])
        }
        for (id, constant) in patch.constants { graph.constants[id] = constant }
        var position = 0
        for id in patch.removed {
            guard let node = nodes[id.index] else { continue }
            position = max(position, positions[id.index])
            readers.remove(id, node.inputs)
            for case let output? in node.outputs where makers[output.index] == id { makers[output.index] = nil }
            nodes[id.index] = nil
        }
        for node in patch.nodes {
            let id = NodeID(nodes.count)
            nodes.append(node)
            if patch.removed.isEmpty,
                let first = node.inputs.compactMap({ maker(of: $0) }).map({ positions[$0.index] }).max()
            {
                position = max(position, first)
            }
            positions.append(position)
            readers.add(node.inputs)
            for case let output? in node.outputs {
                assert(makers[output.index] == nil, "single assignment")
                makers[output.index] = id
            }
        }
        for (from, to) in patch.redirected where from != to {
            for reader in readers(of: from) {
                guard var node = nodes[reader.index] else { continue }
                for i in node.inputs.indices where node.inputs[i] == from { node.inputs[i] = to }
                nodes[reader.index] = node
            }
            readers.move(from, to: to)
            for place in outputPlaces[from.index] { graph.outputs[place] = to }
            outputPlaces[to.index] += outputPlaces[from.index]
            outputPlaces[from.index] = []
        }
    }

    /// Of the nodes asked about before, one that is as node `id`, by `hash` and then by `isEqual`.
    /// `id` is now among them.
    public func twin(of id: NodeID, hash: Int, isEqual: (Node) -> Bool) -> Node? {
        guard let other = known[hash], other < id.index, let node = nodes[other], isEqual(node) else {
            known[hash] = id.index
            return nil
        }
        return node
    }

    /// What a value is found to be, e.g. its shape.
    public func setType(_ type: TensorType, of id: ValueID) { graph.values[id.index].type = type }

    /// Removes nodes that no output needs, so that they no longer count as readers.
    public func removeUnused() {
        let needed = markNeeded()
        var patch = Patch(self)
        for index in nodes.indices where nodes[index] != nil && !needed[index] { patch.removed.append(NodeID(index)) }
        apply(patch)
    }

    // MARK: The result

    /// The graph with its nodes in order again; nodes and constants that no output needs are gone.
    public func finish() throws(GraphError) -> Graph {
        var result = graph
        result.nodes = []
        // 0 new, 1 waiting for its inputs, 2 placed
        var state = [UInt8](repeating: 0, count: nodes.count)
        let needed = markNeeded()
        let order = nodes.indices.filter { needed[$0] }.sorted { (positions[$0], $0) < (positions[$1], $1) }
        var stack: [Int] = []
        for root in order where state[root] == 0 {
            stack.append(root)
            while let top = stack.last {
                guard state[top] != 2, let node = nodes[top] else { stack.removeLast(); continue }
                var waits = false
                for case let id? in node.inputs {
                    guard let maker = makers[id.index], state[maker.index] != 2 else { continue }
                    if state[top] == 1, state[maker.index] == 1 { throw .cycle(node: node.name) }
                    stack.append(maker.index)
                    waits = true
                }
                if waits { state[top] = 1; continue }
                state[top] = 2
                stack.removeLast()
                result.nodes.append(node)
            }
        }
        var used = [Bool](repeating: false, count: result.values.count)
        for id in result.outputs { used[id.index] = true }
        for node in result.nodes { for case let id? in node.inputs { used[id.index] = true } }
        result.constants = result.constants.filter { used[$0.key.index] }
        return result
    }

    private func markNeeded() -> [Bool] {
        var needed = [Bool](repeating: false, count: nodes.count)
        var stack = graph.outputs.compactMap { maker(of: $0) }
        while let id = stack.popLast() {
            if needed[id.index] { continue }
            needed[id.index] = true
            for input in nodes[id.index]?.inputs ?? [] {
                if let maker = maker(of: input) { stack.append(maker) }
            }
        }
        return needed
    }
}
