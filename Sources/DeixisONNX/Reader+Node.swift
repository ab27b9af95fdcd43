import DeixisGraph

/// `NodeProto` with its values still by name; an empty name is an input or output left out.
struct NodeMessage {
    var node = Node(op: "", inputs: [], outputs: [])
    var inputs: [Name] = []
    var outputs: [Name] = []
    /// What its sub-graphs take from the graph around them, in the order of the sub-graphs.
    var captured: [Name] = []
}

extension Reader {
    /// `NodeProto`
    mutating func node(_ range: Range<Int>) throws(ONNXError) -> NodeMessage {
        var wire = wire(range)
        var message = NodeMessage()
        // A list of its own while it grows: a node's is copied at each change.
        var attributes: [(name: Name, value: Attribute)] = [], overload: Name = ""
        while let field = try next(&wire, "NodeProto") {
            switch field.number {
            case 1: message.inputs.append(try name(field, "NodeProto.input"))
            case 2: message.outputs.append(try name(field, "NodeProto.output"))
            case 3: message.node.name = try name(field, "NodeProto.name")
            case 4: message.node.op = try name(field, "NodeProto.op_type")
            case 5:
                if let found = try attribute(try self.range(field, "NodeProto.attribute"), of: &message) {
                    attributes.append(found)
                }
            case 7:
                let domain = try name(field, "NodeProto.domain")
                message.node.domain = domain == "ai.onnx" ? "" : domain
            case 8: overload = try name(field, "NodeProto.overload")
            default: break
            }
        }
        message.node.op = message.node.op.overloaded(overload)
        message.node.attributes = attributes
        // Node names are optional in the standard; messages need one.
        if message.node.name.isEmpty { message.node.name = message.outputs.first ?? "" }
        return message
    }

    /// `AttributeProto`. Files of old writers may leave `type` out; then the field that is there decides.
    mutating func attribute(_ range: Range<Int>, of node: inout NodeMessage) throws(ONNXError) -> (
        name: Name, value: Attribute
    )? {
        var wire = wire(range)
        var attributeName: Name = ""
        var type = 0
        var single: Attribute?, reference: Name?
        var ints: [Int64] = [], floats: [Float] = [], strings: [Name] = []
        var value = (int: Int64(0), float: Float(0), string: Name(""))
        while let field = try next(&wire, "AttributeProto") {
            switch field.number {
            case 1: attributeName = try name(field, "AttributeProto.name")
            case 2:
                guard case .fixed32(let bits) = field.content else {
                    throw malformed(field, "AttributeProto.f", "expected a float")
                }
                value.float = Float(bitPattern: bits)
                single = .float(value.float)
            case 3:
                value.int = Int64(try int(field, "AttributeProto.i"))
                single = .int(value.int)
            case 4:
                value.string = try name(field, "AttributeProto.s")
                single = .string(value.string)
            case 5: single = .tensor(try tensor(try self.range(field, "AttributeProto.t")).constant)
            case 6:
                depth += 1
                try check(.depth, depth, limit: limits.depth, "a node")
                let (graph, captured) = try self.graph(try self.range(field, "AttributeProto.g"))
                depth -= 1
                node.captured += captured
                single = .graph(graph)
            case 11: throw .unsupported(file: file, reason: "attribute '\(attributeName)' is a list of graphs")
            case 7: try append(field, "AttributeProto.floats", to: &floats)
            case 8: try append(field, "AttributeProto.ints", to: &ints)
            case 9: strings.append(try name(field, "AttributeProto.strings"))
            case 20: type = try int(field, "AttributeProto.type")
            case 21: reference = try name(field, "AttributeProto.ref_attr_name")
            default: break
            }
        }
        if let reference { return (attributeName, .reference(reference)) }
        switch type {
        case 1: return (attributeName, .float(value.float))
        case 2: return (attributeName, .int(value.int))
        case 3: return (attributeName, .string(value.string))
        case 4, 5, 10:
            guard let single else { throw .invalid(file: file, reason: "attribute '\(attributeName)' is empty") }
            return (attributeName, single)
        case 6: return (attributeName, .floats(floats))
        case 7: return (attributeName, .ints(ints))
        case 8: return (attributeName, .strings(strings))
        case 0:
            if !ints.isEmpty { return (attributeName, .ints(ints)) }
            if !floats.isEmpty { return (attributeName, .floats(floats)) }
            if !strings.isEmpty { return (attributeName, .strings(strings)) }
            return single.map { (attributeName, $0) }
        default: throw .unsupported(file: file, reason: "attribute '\(attributeName)' has type \(type)")
        }
    }
}
