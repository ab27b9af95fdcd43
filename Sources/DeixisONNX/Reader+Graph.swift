import DeixisGraph

extension Reader {
    /// `ModelProto`
    mutating func model() throws(ONNXError) -> Graph {
        var wire = wire(whole)
        var graphRange: Range<Int>?
        var version: Int?, opset: Int?
        var producer: Name = ""
        var metadata: [(key: Name, value: Name)] = []
        while let field = try next(&wire, "ModelProto") {
            switch field.number {
            case 1: version = try int(field, "ModelProto.ir_version")
            case 2: producer = try name(field, "ModelProto.producer_name")
            case 7: graphRange = try range(field, "ModelProto.graph")
            case 8:
                let (domain, number) = try operatorSet(try range(field, "ModelProto.opset_import"))
                if domain.isEmpty || domain == "ai.onnx" { opset = number }
            case 14: metadata.append(try stringPair(try range(field, "ModelProto.metadata_props")))
            case 25: throw .unsupported(file: file, reason: "the model defines the local function \(try functionName(field))")
            default: break
            }
        }
        guard let version else { throw .invalid(file: file, reason: "not an ONNX model: it has no ir_version") }
        guard version >= 3 else { throw .unsupported(file: file, reason: "the model has IR version \(version), older than 3") }
        guard let graphRange else { throw .invalid(file: file, reason: "the model has no graph") }
        guard let opset else { throw .invalid(file: file, reason: "the model does not say which opset of ai.onnx it uses") }
        var graph = try self.graph(graphRange, opset: opset)
        graph.producer = producer
        graph.metadata = metadata
        return graph
    }

    private func operatorSet(_ range: Range<Int>) throws(ONNXError) -> (domain: Name, version: Int) {
        var wire = wire(range)
        var result: (domain: Name, version: Int) = ("", 0)
        while let field = try next(&wire, "OperatorSetIdProto") {
            switch field.number {
            case 1: result.domain = try name(field, "OperatorSetIdProto.domain")
            case 2: result.version = try int(field, "OperatorSetIdProto.version")
            default: break
            }
        }
        return result
    }

    private func functionName(_ field: WireField) throws(ONNXError) -> Name {
        var wire = wire(try range(field, "ModelProto.functions"))
        var found: Name = ""
        while let field = try next(&wire, "FunctionProto") {
            if field.number == 1 { found = try name(field, "FunctionProto.name") }
        }
        return found
    }

    /// `GraphProto`: names become value ids; an input that also has an initializer is that constant.
    private mutating func graph(_ range: Range<Int>, opset: Int) throws(ONNXError) -> Graph {
        var wire = wire(range)
        var graph = Graph(opset: opset)
        var ids: [Name: ValueID] = [:]
        var nodes: [Range<Int>] = [], infos: [Range<Int>] = []
        var inputs: [(name: Name, type: TensorType?)] = [], outputs: [(name: Name, type: TensorType?)] = []
        while let field = try next(&wire, "GraphProto") {
            switch field.number {
            case 1:
                nodes.append(try self.range(field, "GraphProto.node"))
                try check(.nodes, nodes.count, limit: limits.nodes, "the graph")
            case 2: graph.name = try name(field, "GraphProto.name")
            case 5:
                let (name, constant) = try tensor(try self.range(field, "GraphProto.initializer"))
                guard ids[name] == nil else { throw .invalid(file: file, reason: "initializer '\(name)' is there twice") }
                ids[name] = graph.addConstant(name, constant)
            case 11: inputs.append(try valueInfo(try self.range(field, "GraphProto.input")))
            case 12: outputs.append(try valueInfo(try self.range(field, "GraphProto.output")))
            case 13: infos.append(try self.range(field, "GraphProto.value_info"))
            case 15: throw .unsupported(file: file, reason: "the graph has a sparse initializer")
            default: break
            }
        }
        for (name, type) in inputs {
            if let id = ids[name] {
                if graph.constants[id] != nil { continue }
                throw .invalid(file: file, reason: "input '\(name)' is there twice")
            }
            guard let type else { throw .invalid(file: file, reason: "input '\(name)' has no element type") }
            ids[name] = graph.addInput(name, type)
        }
        for range in nodes { try add(try node(range), to: &graph, &ids) }
        for (name, type) in outputs {
            guard let id = ids[name] else { throw .invalid(file: file, reason: "output '\(name)' is made by no node") }
            if let type, graph[id].type == nil { graph[id].type = type }
            graph.outputs.append(id)
        }
        for range in infos {
            let (name, type) = try valueInfo(range)
            if let type, let id = ids[name], graph[id].type == nil { graph[id].type = type }
        }
        return graph
    }

    private func add(_ message: NodeMessage, to graph: inout Graph, _ ids: inout [Name: ValueID]) throws(ONNXError) {
        var node = message.node
        if node.op.isEmpty { throw .invalid(file: file, reason: "node '\(node.name)' has no operator") }
        for (name, value) in node.attributes {
            if case .graph = value {
                throw .unsupported(file: file, reason: "node '\(node.name)' (\(node.op)) has the sub-graph '\(name)'")
            }
        }
        var inputs: [ValueID?] = [], outputs: [ValueID?] = []
        for name in message.inputs {
            if name.isEmpty { inputs.append(nil); continue }
            guard let id = ids[name] else {
                throw .invalid(file: file, reason: "node '\(node.name)' (\(node.op)) uses '\(name)', which nothing in front of it makes")
            }
            inputs.append(id)
        }
        // Trailing inputs left out are no inputs.
        while let last = inputs.last, last == nil { inputs.removeLast() }
        for name in message.outputs {
            if name.isEmpty { outputs.append(nil); continue }
            guard ids[name] == nil else {
                throw .invalid(file: file, reason: "node '\(node.name)' (\(node.op)) makes '\(name)', which is made already")
            }
            let id = graph.addValue(name)
            ids[name] = id
            outputs.append(id)
        }
        node.inputs = inputs
        node.outputs = outputs
        // Names are optional and outputs unique: an unnamed node goes by its first output.
        if node.name.isEmpty, let first = message.outputs.first(where: { !$0.isEmpty }) { node.name = first }
        graph.nodes.append(node)
    }
}
