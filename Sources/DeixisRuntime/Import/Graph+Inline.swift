import DeixisGraph

extension Graph {
    /// Adds the values of `body`, and returns its nodes as nodes of this graph: they take `inputs` (nil: left out) and
    /// make `outputs` (nil: not asked for). New values begin with `prefix`.
    mutating func inline(_ body: Graph, inputs: [ValueID?], outputs: [ValueID?], prefix: Name) -> [Node] {
        // By value of the body: what it is here; nil: left out.
        var values = [ValueID?](repeating: nil, count: body.values.count)
        for (inner, outer) in zip(body.inputs, inputs) { values[inner.index] = outer }
        for (id, constant) in body.constants {
            values[id.index] = addConstant(Name("\(prefix)/\(body[id].name)"), constant)
        }
        for (inner, outer) in zip(body.outputs, outputs) where outer != nil && values[inner.index] == nil {
            values[inner.index] = outer
        }
        var nodes: [Node] = []
        for node in body.nodes {
            for case let id? in node.outputs where values[id.index] == nil {
                values[id.index] = addValue(Name("\(prefix)/\(body[id].name)"), body[id].type)
            }
            var node = node
            node.inputs = node.inputs.map { $0.flatMap { values[$0.index] } }
            while let last = node.inputs.last, last == nil { node.inputs.removeLast() }
            node.outputs = node.outputs.map { $0.flatMap { values[$0.index] } }
            nodes.append(node)
        }
        // What the body hands on as it came, or names twice.
        for (inner, outer) in zip(body.outputs, outputs) {
            guard let outer, let from = values[inner.index], from != outer else { continue }
            nodes.append(Node(name: self[outer].name, op: "Identity", inputs: [from], outputs: [outer]))
        }
        return nodes
    }
}
