import DeixisGraph

/// Refuses what an ONNX file cannot say, before anything is written: the message names the value or the node.
struct GraphCheck {
    let graph: Graph
    private var made: [Bool]

    static func check(_ graph: Graph) throws(ExportError) {
        var check = GraphCheck(graph: graph, made: Array(repeating: false, count: graph.values.count))
        try check.values()
        try check.nodes()
        try check.outputs()
        for (key, value) in graph.metadata {
            try Self.text(key, "metadata key")
            try Self.text(value, "metadata value of '\(key)'")
        }
        try Self.text(graph.name, "graph name")
        try Self.text(graph.producer, "producer")
        guard graph.opset >= 1 else { throw .graph("opset \(graph.opset) does not exist") }
    }

    private mutating func values() throws(ExportError) {
        var seen = Set<Name>()
        for value in graph.values {
            try Self.text(value.name, "value name")
            // Values that no node and no list mentions may share the empty name; `require` catches the others.
            guard value.name.isEmpty || seen.insert(value.name).inserted else {
                throw .graph("two values are named '\(value.name)'")
            }
            for case .fixed(let extent) in value.type?.shape ?? [] where extent < 0 {
                throw .graph("value '\(value.name)' has the negative extent \(extent)")
            }
        }
        for id in graph.inputs {
            try make(id, by: "the graph's inputs")
            guard graph[id].type?.shape != nil else {
                throw .graph("input '\(graph[id].name)' has no type with a shape")
            }
        }
        for (id, constant) in graph.constants.sorted(by: { $0.key.index < $1.key.index }) {
            try make(id, by: "the graph's constants")
            try Self.constant(constant, "constant '\(graph[id].name)'")
        }
    }

    private mutating func nodes() throws(ExportError) {
        for (index, node) in graph.nodes.enumerated() {
            let label = "node \(index) '\(node.name)' (\(node.op))"
            guard !node.op.isEmpty else { throw .graph("node \(index) '\(node.name)' has no operator") }
            for name in [node.name, node.domain, node.op] { try Self.text(name, "a name of \(label)") }
            for case .some(let id) in node.inputs {
                guard graph.values.indices.contains(id.index), made[id.index] else {
                    throw .graph("\(label) reads '\(name(id))', which nothing before it makes")
                }
            }
            for case .some(let id) in node.outputs { try make(id, by: label) }
            for (name, value) in node.attributes {
                try Self.text(name, "attribute name of \(label)")
                switch value {
                case .reference(let other): throw .graph("\(label) refers to the function's attribute '\(other)'")
                case .graph: throw .graph("\(label) has the sub-graph '\(name)'")
                case .tensor(let constant): try Self.constant(constant, "attribute '\(name)' of \(label)")
                default: break
                }
            }
        }
    }

    private func outputs() throws(ExportError) {
        guard !graph.outputs.isEmpty else { throw .graph("it has no outputs") }
        for id in graph.outputs {
            guard graph.values.indices.contains(id.index), made[id.index] else {
                throw .graph("nothing makes the output '\(name(id))'")
            }
            guard graph[id].type?.shape != nil else {
                throw .graph("output '\(graph[id].name)' has no type with a shape")
            }
        }
    }

    private mutating func make(_ id: ValueID, by maker: String) throws(ExportError) {
        guard graph.values.indices.contains(id.index) else { throw .graph("\(maker): there is no value \(id.index)") }
        guard !graph[id].name.isEmpty else { throw .graph("\(maker): value \(id.index) has no name") }
        guard !made[id.index] else { throw .graph("\(maker): '\(graph[id].name)' is made a second time") }
        made[id.index] = true
    }

    private func name(_ id: ValueID) -> String {
        graph.values.indices.contains(id.index) ? graph[id].name.description : "value \(id.index)"
    }

    private static func constant(_ constant: Constant, _ label: String) throws(ExportError) {
        guard let size = constant.type.byteCount else { throw .graph("\(label) holds strings") }
        var count = 1
        for extent in constant.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { throw .graph("\(label) has the shape \(constant.shape)") }
            count = product
        }
        guard constant.range.count == count * size else {
            throw .graph("\(label): \(constant.range.count) bytes for \(constant.type.label) \(constant.shape)")
        }
    }

    /// protobuf strings are UTF-8; protobuf-c's end at a zero byte.
    private static func text(_ name: Name, _ what: String) throws(ExportError) {
        guard !name.bytes.contains(0) else { throw .graph("\(what) '\(name)' holds a zero byte") }
        guard String(validating: name.bytes, as: UTF8.self) != nil else {
            throw .graph("\(what) '\(name)' is not UTF-8")
        }
    }
}
