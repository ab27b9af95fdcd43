import DeixisGraph

extension DifferentialCase {
    /// The graph as a Swift test.
    public func test(named title: String, comment: String) -> String {
        var text =
            "    /// \(comment)\n    @Test func \(title)() throws {\n        var b = GraphBuilder()\n        b.graph.opset = \(graph.opset)\n"
        func label(_ id: ValueID?) -> String { id.map { "v\($0.index)" } ?? "nil" }
        for (id, tensor) in zip(graph.inputs, inputs) {
            let shape = tensor.shape.map { ".fixed(\($0))" }.joined(separator: ", ")
            text +=
                "        let \(label(id)) = b.graph.addInput(\"\(graph[id].name)\", TensorType(.\(tensor.type.label), [\(shape)]))\n"
        }
        for id in graph.constants.keys.sorted(by: { $0.index < $1.index }) {
            guard let constant = graph.constants[id] else { continue }
            text += "        let \(label(id)) = b.constant(\(constant.code))\n"
        }
        for node in graph.nodes {
            let inputs = node.inputs.map { label($0) }.joined(separator: ", ")
            let attributes =
                node.attributes.isEmpty
                ? "" : ", [\(node.attributes.map { "(\"\($0.name)\", \($0.value.code))" }.joined(separator: ", "))]"
            if node.outputs.count == 1 {
                text += "        let \(label(node.outputs[0])) = b.node(\"\(node.op)\", [\(inputs)]\(attributes))\n"
            } else {
                for output in node.outputs {
                    text += "        let \(label(output)) = b.graph.addValue(\"\(label(output))\")\n"
                }
                let outputs = node.outputs.map { label($0) }.joined(separator: ", ")
                text +=
                    "        b.graph.nodes.append(Node(op: \"\(node.op)\", inputs: [\(inputs)], outputs: [\(outputs)]"
                text += node.attributes.isEmpty ? "))\n" : ", attributes: \(attributes.dropFirst(2))))\n"
            }
        }
        text += "        b.graph.outputs = [\(graph.outputs.map { label($0) }.joined(separator: ", "))]\n"
        text +=
            "        try expectAgreement(b.graph, [\n\(inputs.map { "            \($0.code)," }.joined(separator: "\n"))\n        ])\n    }\n"
        return text
    }
}

extension Constant {
    fileprivate var code: String {
        let type =
            switch self.type {
            case .float32: "Float"
            case .float64: "Double"
            case .int64: "Int64"
            case .int32: "Int32"
            case .int8: "Int8"
            case .float16: "Float16"
            case .int16: "Int16"
            case .uint16: "UInt16"
            default: "UInt8"
            }
        func number(_ x: Double) -> String {
            switch self.type {
            case .float32: "\(Float(x))"
            case .float64, .float16: "\(x)"
            default: "\(Int(x))"
            }
        }
        let numbers = doubles
        if numbers.count > 3, Set(numbers).count == 1 {
            let one = number(numbers[0])
            return "Constant(.\(self.type.label), \(shape), [\(type)](repeating: \(one), count: \(numbers.count)))"
        }
        let list = numbers.map(number).joined(separator: ", ")
        return "Constant(.\(self.type.label), \(shape), [\(list)] as [\(type)])"
    }
}

extension Attribute {
    fileprivate var code: String {
        switch self {
        case .int(let x): ".int(\(x))"
        case .float(let x): ".float(\(x))"
        case .string(let x): ".string(\"\(x)\")"
        case .ints(let x): ".ints(\(x))"
        case .floats(let x): ".floats(\(x))"
        default: "?"
        }
    }
}
