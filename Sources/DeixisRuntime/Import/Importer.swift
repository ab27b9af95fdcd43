package import DeixisGraph

/// The graph a file says -> the same in operators of today that this runtime has: old forms translated (`History`), functions of the model and
/// of the standard expanded. Everything behind it knows one form of each operator.
package struct Importer {
    package private(set) var graph: Graph
    /// Whose version of an operator its node follows; at least the one its form needs.
    private var opset: Int
    private let limits: Limits
    private let operators: OperatorSet
    private var functions: [Name: Int] = [:]
    private var depth = 0
    /// Nodes looked at inside functions.
    private var expanded = 0

    static func run(_ source: Graph, _ operators: OperatorSet, _ limits: Limits) throws(RuntimeError) -> Graph {
        var importer = Importer(source, operators, limits)
        for (i, function) in source.functions.enumerated() { importer.functions[Importer.key(function.domain, function.name)] = i }
        for node in source.nodes { try importer.add(node, opset: source.opset) }
        importer.graph.opset = importer.opset
        return importer.graph
    }

    private init(_ source: Graph, _ operators: OperatorSet, _ limits: Limits) {
        graph = source
        graph.nodes = []
        opset = max(source.opset, 13)
        self.operators = operators
        self.limits = limits
    }

    private static func key(_ domain: Name, _ name: Name) -> Name { domain.isEmpty ? name : Name("\(domain).\(name)") }

    // MARK: One node

    /// Adds what `node` means in opset `version`.
    private mutating func add(_ source: Node, opset version: Int) throws(RuntimeError) {
        if depth > 0 {
            expanded += 1
            try check(source, .nodes, expanded, limit: limits.expandedNodes)
        }
        var node = source, version = version
        if !functions.isEmpty, let index = functions[Importer.key(node.domain, node.op)] {
            return try expand(graph.functions[index], node)
        }
        if node.isONNX("Constant") { return try addConstant(of: node) }
        if node.domain.isEmpty, version < History.newest {
            for line in History.lines where version < line.before && node.op.matches(line.op) {
                version = line.before
                opset = max(opset, version)
                guard let next = try line.change(&self, node) else { return }
                node = next
            }
        }
        guard let definition = Catalog.find(node) else {
            for line in operators.functions where node.op.matches(line.op) && node.domain.matches(line.domain) {
                return try within(node) { (importer) throws(RuntimeError) in try line.expand(&importer, node) }
            }
            return try append(node)
        }
        if version < definition.since {
            throw .operatorTooNew(op: node.op, node: node.name, since: definition.since, opset: version)
        }
        try append(node)
    }

    /// A node that is the tensor of its attribute `value`, or of `value_int(s)` (int64) and `value_float(s)` (float32).
    private mutating func addConstant(of node: Node) throws(RuntimeError) {
        guard node.inputs.isEmpty, node.outputs.count == 1, let output = node.outputs[0], node.attributes.count == 1 else {
            throw node.invalid("has \(node.inputs.count) inputs, \(node.outputs.count) outputs and \(node.attributes.count) attributes, expected 0, 1 and 1")
        }
        let (name, value) = node.attributes[0], constant: Constant
        switch value {
        case .tensor(let tensor) where name == "value": constant = tensor
        case .int(let x) where name == "value_int": constant = Constant(.int64, [], [x])
        case .ints(let x) where name == "value_ints": constant = Constant(.int64, [x.count], x)
        case .float(let x) where name == "value_float": constant = Constant(.float32, [], [x])
        case .floats(let x) where name == "value_floats": constant = Constant(.float32, [x.count], x)
        default: throw node.invalid("attribute '\(name)' is not supported")
        }
        graph.constants[output] = constant
        graph[output].type = TensorType(constant.type, constant.shape.map { .fixed($0) })
    }

    private mutating func append(_ node: Node) throws(RuntimeError) {
        graph.nodes.append(node)
        try check(node, .nodes, graph.nodes.count, limit: limits.nodes)
    }

    private func check(_ node: Node, _ kind: LimitExceeded.Kind, _ value: Int, limit: Int) throws(RuntimeError) {
        do throws(LimitExceeded) { try LimitExceeded.check(kind, value, limit: limit) } catch {
            throw .limit(op: node.op, node: node.name, error)
        }
    }

    /// What `body` adds stands inside `node`: so deep may functions call functions.
    private mutating func within(_ node: Node, _ body: (inout Importer) throws(RuntimeError) -> Void) throws(RuntimeError) {
        depth += 1
        try check(node, .depth, depth, limit: limits.depth)
        try body(&self)
        depth -= 1
    }

    // MARK: Functions of the model

    private mutating func expand(_ function: Function, _ node: Node) throws(RuntimeError) {
        let body = function.body
        guard node.inputs.count <= body.inputs.count, node.outputs.count <= body.outputs.count else {
            throw node.invalid(
                "has \(node.inputs.count) inputs and \(node.outputs.count) outputs, the function has \(body.inputs.count) and \(body.outputs.count)")
        }
        // By value of the body: what it is here; nil: left out.
        var values = [ValueID?](repeating: nil, count: body.values.count)
        for (inner, outer) in zip(body.inputs, node.inputs) { values[inner.index] = outer }
        for (id, constant) in body.constants { values[id.index] = graph.addConstant(body[id].name, constant) }
        for (inner, outer) in zip(body.outputs, node.outputs) where outer != nil && values[inner.index] == nil { values[inner.index] = outer }
        for inner in body.nodes {
            for case let id? in inner.outputs where values[id.index] == nil {
                values[id.index] = addValue("\(node.name)/\(body[id].name)", body[id].type)
            }
        }
        try within(node) { (importer) throws(RuntimeError) in
            for inner in body.nodes {
                var inner = inner
                inner.name = Name("\(node.name)/\(inner.name)")
                inner.inputs = inner.inputs.map { $0.flatMap { values[$0.index] } }
                while let last = inner.inputs.last, last == nil { inner.inputs.removeLast() }
                inner.outputs = inner.outputs.map { $0.flatMap { values[$0.index] } }
                inner.attributes = inner.attributes.compactMap { name, value in
                    guard case .reference(let outer) = value else { return (name, value) }
                    return (node.attribute(outer) ?? function.attributes.first { $0.name == outer && $0.value != nil }?.value).map { (name, $0) }
                }
                try importer.add(inner, opset: body.opset)
            }
        }
        // What the function hands on as it came, or names twice.
        for (inner, outer) in zip(body.outputs, node.outputs) {
            guard let outer, let from = values[inner.index], from != outer else { continue }
            try append(Node(name: graph[outer].name, op: "Identity", inputs: [from], outputs: [outer]))
        }
    }

    // MARK: What translations and functions say

    package mutating func addValue(_ name: Message, _ type: TensorType? = nil) -> ValueID { graph.addValue(Name(name.text), type) }

    package mutating func addConstant(_ constant: Constant) -> ValueID {
        graph.addConstant(Name("constant \(graph.values.count)"), constant)
    }

    /// Adds a node in today's form for `source` and returns its output: a new value, or `output`.
    @discardableResult
    package mutating func add(
        _ op: Name, _ inputs: [ValueID?], for source: Node, attributes: [(name: Name, value: Attribute)] = [], output: ValueID? = nil
    ) throws(RuntimeError) -> ValueID {
        let output = output ?? addValue("\(source.name)/\(op) \(graph.values.count)")
        let node = Node(name: Name("\(source.name)/\(op)"), op: op, inputs: inputs, outputs: [output], attributes: attributes)
        opset = max(opset, Catalog.find(node)?.since ?? 0)
        try add(node, opset: .max)
        return output
    }
}

extension Node {
    package func invalid(_ reason: Message) -> RuntimeError { .invalidNode(op: op, node: name, reason: reason) }
}
