import DeixisGraph

extension Reader {
    /// `ModelProto`
    mutating func model() throws(ONNXError) -> Graph {
        var wire = wire(whole)
        var graphRange: Range<Int>?, functions: [Range<Int>] = []
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
            case 25: functions.append(try range(field, "ModelProto.functions"))
            default: break
            }
        }
        guard let version else { throw .invalid(file: file, reason: "not an ONNX model: it has no ir_version") }
        guard version >= 3 else {
            throw .unsupported(file: file, reason: "the model has IR version \(version), older than 3")
        }
        guard let graphRange else { throw .invalid(file: file, reason: "the model has no graph") }
        guard let opset else {
            throw .invalid(file: file, reason: "the model does not say which opset of ai.onnx it uses")
        }
        self.opset = opset
        var graph = try self.graph(graphRange).graph
        for range in functions { graph.functions.append(try function(range, opset: opset)) }
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

    /// `GraphProto`, and the values that it takes from the graph around it: its last inputs.
    mutating func graph(_ range: Range<Int>) throws(ONNXError) -> (graph: Graph, captured: [Name]) {
        var wire = wire(range)
        var scope = Scope(opset: opset, isInner: depth > 0)
        var nodes: [Range<Int>] = [], infos: [Range<Int>] = []
        var inputs: [(name: Name, type: TensorType?)] = [], outputs: [Name] = []
        while let field = try next(&wire, "GraphProto") {
            switch field.number {
            case 1: try append(node: try self.range(field, "GraphProto.node"), to: &nodes)
            case 2: scope.graph.name = try name(field, "GraphProto.name")
            case 5:
                let (name, constant) = try tensor(try self.range(field, "GraphProto.initializer"))
                guard scope.ids[name] == nil else {
                    throw .invalid(file: file, reason: "initializer '\(name)' is there twice")
                }
                scope.ids[name] = scope.graph.addConstant(name, constant)
            case 11: inputs.append(try valueInfo(try self.range(field, "GraphProto.input")))
            case 12:
                let range = try self.range(field, "GraphProto.output")
                infos.append(range)
                outputs.append(try valueInfo(range).name)
            case 13: infos.append(try self.range(field, "GraphProto.value_info"))
            case 15: throw .unsupported(file: file, reason: "the graph has a sparse initializer")
            default: break
            }
        }
        for (name, type) in inputs {
            if let id = scope.ids[name] {
                guard let constant = scope.graph.constants[id], scope.stated[name] == nil else {
                    throw .invalid(file: file, reason: "input '\(name)' is there twice")
                }
                scope.stated[name] = id
                scope.graph.defaults.append((id, type ?? TensorType(constant.type, nil)))
                continue
            }
            guard type != nil || scope.isInner else {
                throw .invalid(file: file, reason: "input '\(name)' has no element type")
            }
            scope.addInput(name, type)
        }
        for range in infos {
            let (name, type) = try valueInfo(range)
            if let type, scope.ids[name] == nil, scope.stated[name] == nil {
                scope.stated[name] = scope.graph.addValue(name, type)
            }
        }
        try read(nodes, outputs, into: &scope)
        return (scope.graph, scope.captured)
    }

    /// `FunctionProto`
    private mutating func function(_ range: Range<Int>, opset: Int) throws(ONNXError) -> Function {
        var wire = wire(range)
        var domain: Name = "", functionName: Name = "", overload: Name = ""
        var nodes: [Range<Int>] = [], inputs: [Name] = [], outputs: [Name] = [],
            attributes: [(name: Name, value: Attribute?)] = []
        self.opset = opset
        while let field = try next(&wire, "FunctionProto") {
            switch field.number {
            case 1: functionName = try name(field, "FunctionProto.name")
            case 4: inputs.append(try name(field, "FunctionProto.input"))
            case 5: outputs.append(try name(field, "FunctionProto.output"))
            case 6: attributes.append((try name(field, "FunctionProto.attribute"), nil))
            case 7: try append(node: try self.range(field, "FunctionProto.node"), to: &nodes)
            case 9:
                let (domain, number) = try operatorSet(try self.range(field, "FunctionProto.opset_import"))
                if domain.isEmpty || domain == "ai.onnx" { self.opset = number }
            case 10: domain = try name(field, "FunctionProto.domain")
            case 11:
                var message = NodeMessage()
                let known = try attribute(try self.range(field, "FunctionProto.attribute_proto"), of: &message)
                guard let known, message.captured.isEmpty else {
                    throw .unsupported(
                        file: file, reason: "function '\(functionName)' has an attribute whose default is a graph")
                }
                attributes.append((known.name, known.value))
            case 13: overload = try name(field, "FunctionProto.overload")
            default: break
            }
        }
        var scope = Scope(opset: self.opset, isInner: false)
        scope.graph.name = functionName
        for name in inputs {
            guard scope.ids[name] == nil else {
                throw .invalid(file: file, reason: "input '\(name)' of function '\(functionName)' is there twice")
            }
            scope.addInput(name, nil)
        }
        try read(nodes, outputs, into: &scope)
        return Function(
            domain: domain == "ai.onnx" ? "" : domain, name: functionName.overloaded(overload), attributes: attributes,
            body: scope.graph)
    }

    /// Notes where a node lies.
    private mutating func append(node range: Range<Int>, to nodes: inout [Range<Int>]) throws(ONNXError) {
        nodes.append(range)
        nodeCount += 1
        try check(.nodes, nodeCount, limit: limits.nodes, "the graph")
    }

    private mutating func read(_ nodes: [Range<Int>], _ outputs: [Name], into scope: inout Scope) throws(ONNXError) {
        for range in nodes { try add(try node(range), to: &scope) }
        for name in outputs {
            guard let id = scope.find(name) else {
                throw .invalid(file: file, reason: "output '\(name)' is made by no node")
            }
            scope.graph.outputs.append(id)
        }
    }

    private func add(_ message: NodeMessage, to scope: inout Scope) throws(ONNXError) {
        var node = message.node
        if node.op.isEmpty { throw .invalid(file: file, reason: "node '\(node.name)' has no operator") }
        var inputs: [ValueID?] = [], outputs: [ValueID?] = []
        func find(_ name: Name) throws(ONNXError) -> ValueID {
            guard let id = scope.find(name) else {
                throw .invalid(
                    file: file,
                    reason: "node '\(node.name)' (\(node.op)) uses '\(name)', which nothing in front of it makes")
            }
            return id
        }
        for name in message.inputs { inputs.append(name.isEmpty ? nil : try find(name)) }
        // Trailing inputs left out are no inputs.
        while let last = inputs.last, last == nil { inputs.removeLast() }
        for name in message.captured { inputs.append(try find(name)) }
        for name in message.outputs {
            if name.isEmpty { outputs.append(nil); continue }
            guard scope.ids[name] == nil else {
                throw .invalid(
                    file: file, reason: "node '\(node.name)' (\(node.op)) makes '\(name)', which is made already")
            }
            let id = scope.stated[name] ?? scope.graph.addValue(name)
            scope.ids[name] = id
            outputs.append(id)
        }
        node.inputs = inputs
        node.outputs = outputs
        // Names are optional and outputs unique: an unnamed node goes by its first output.
        if node.name.isEmpty, let first = message.outputs.first(where: { !$0.isEmpty }) { node.name = first }
        scope.graph.nodes.append(node)
    }
}

/// A graph being read: names become value ids.
private struct Scope {
    var graph: Graph
    var ids: [Name: ValueID] = [:]
    /// Values whose types the file states, before a node makes them; and constants that are inputs too.
    var stated: [Name: ValueID] = [:]
    /// A sub-graph: a name that it does not make is one of the graph around it.
    let isInner: Bool
    var captured: [Name] = []

    init(opset: Int, isInner: Bool) {
        graph = Graph(opset: opset)
        self.isInner = isInner
    }

    mutating func addInput(_ name: Name, _ type: TensorType?) {
        let id = graph.addValue(name, type)
        ids[name] = id
        graph.inputs.append(id)
    }

    mutating func find(_ name: Name) -> ValueID? {
        if isInner, ids[name] == nil {
            addInput(name, nil)
            captured.append(name)
        }
        return ids[name]
    }
}

extension Name {
    /// The name of one of several functions of this name.
    func overloaded(_ overload: Name) -> Name { overload.isEmpty ? self : Name("\(self):\(overload)") }
}
