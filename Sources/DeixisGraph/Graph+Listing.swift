extension Graph {
    /// The graph as text, one node a line in order; values by name, with what is known of their types:
    ///
    ///     input  x float32[batch, 4]
    ///     y float32[batch, 2] = MatMul(x, w) "fc"
    ///     output y
    public var listing: String {
        var text = ""
        for id in inputs { text += "input  \(describe(id))\n" }
        for node in nodes { text += describe(node) + "\n" }
        for id in outputs { text += "output \(self[id].name)\n" }
        return text
    }

    /// `name type[shape]`
    public func describe(_ id: ValueID) -> String {
        guard let type = self[id].type else { return "\(self[id].name)" }
        return "\(self[id].name) \(type)"
    }

    public func describe(_ node: Node) -> String {
        var text = ""
        for (i, output) in node.outputs.enumerated() {
            text += (i == 0 ? "" : ", ") + (output.map { describe($0) } ?? "_")
        }
        text += " = " + (node.domain.isEmpty ? "" : "\(node.domain).") + "\(node.op)("
        for (i, input) in node.inputs.enumerated() {
            text += (i == 0 ? "" : ", ") + (input.map { spelling(of: $0) } ?? "_")
        }
        text += ")"
        for (name, value) in node.attributes { text += " \(name)=\(value)" }
        return text + (node.name.isEmpty ? "" : " \"\(node.name)\"")
    }

    /// A small integer constant is written out, for it decides shapes; anything else by its name.
    private func spelling(of id: ValueID) -> String {
        guard let constant = constants[id], constant.type == .int64, constant.shape.count <= 1, constant.count <= 8
        else {
            return "\(self[id].name)"
        }
        var text = ""
        for i in 0..<constant.count {
            text += (i == 0 ? "" : ", ") + "\(constant.bytes.loadUnaligned(fromByteOffset: i * 8, as: Int64.self))"
        }
        return constant.shape.isEmpty ? text : "[\(text)]"
    }
}

extension TensorType: CustomStringConvertible {
    public var description: String {
        guard let shape else { return "\(element.label)[...]" }
        var text = "\(element.label)["
        for (i, extent) in shape.enumerated() { text += (i == 0 ? "" : ", ") + extent.description }
        return text + "]"
    }
}

extension Attribute: CustomStringConvertible {
    public var description: String {
        func list(_ parts: [String]) -> String {
            var text = "["
            for (i, part) in parts.enumerated() { text += (i == 0 ? "" : ", ") + part }
            return text + "]"
        }
        switch self {
        case .int(let value): return "\(value)"
        case .float(let value): return "\(value)"
        case .string(let value): return "\"\(value)\""
        case .tensor(let value): return "\(TensorType(value.type, value.shape.map { .fixed($0) }))"
        case .ints(let values): return list(values.map { "\($0)" })
        case .floats(let values): return list(values.map { "\($0)" })
        case .strings(let values): return list(values.map { "\"\($0)\"" })
        case .graph(let graph): return "graph of \(graph.nodes.count) nodes"
        case .reference(let name): return "@\(name)"
        }
    }
}
