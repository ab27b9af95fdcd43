import CDeixisSystem
package import DeixisGraph

/// The graph a file says -> the same in operators of today that this runtime has: old forms translated (`History`),
/// functions of the model and of the standard expanded. Everything behind it knows one form of each operator.
package struct Importer {
    package private(set) var graph: Graph
    /// Whose version of an operator its node follows; at least the one its form needs.
    private var opset: Int
    private let limits: Limits
    private let operators: OperatorSet
    private let functions: [Function]
    /// By domain and name: where in `functions`.
    private var places: [Name: Int] = [:]
    private var depth = 0
    /// Nodes looked at inside functions.
    private var expanded = 0

    static func run(_ source: Graph, _ operators: OperatorSet, _ limits: Limits) throws(RuntimeError) -> Graph {
        var importer = Importer(source, operators, limits)
        for (i, function) in source.functions.enumerated() {
            importer.places[Importer.key(function.domain, function.name)] = i
        }
        for node in source.nodes { try importer.add(node, opset: source.opset) }
        importer.graph.opset = importer.opset
        return importer.graph
    }

    private init(_ source: Graph, _ operators: OperatorSet, _ limits: Limits) {
        graph = source
        graph.nodes = []
        graph.functions = []
        functions = source.functions
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
        for i in node.attributes.indices {
            if case .graph(let inner) = node.attributes[i].value {
                node.attributes[i].value = .graph(try imported(inner, within: node))
            }
        }
        if !functions.isEmpty, let place = places[Importer.key(node.domain, node.op)] {
            return try expand(functions[place], node)
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
        for line in operators.functions where node.op.matches(line.op) && node.domain.matches(line.domain) {
            try check(node, since: line.since, version)
            var isExpanded = false
            try within(node) { (importer) throws(RuntimeError) in isExpanded = try line.expand(&importer, node) }
            if isExpanded { return }
        }
        if let definition = Catalog.find(node) { try check(node, since: definition.since, version) }
        try append(node)
    }

    /// A node that is the tensor of its attribute `value`, or of `value_int(s)` (int64) and `value_float(s)` (float32).
    private mutating func addConstant(of node: Node) throws(RuntimeError) {
        guard node.inputs.isEmpty, node.outputs.count == 1, let output = node.outputs[0], node.attributes.count == 1
        else {
            throw node.invalid(
                "has \(node.inputs.count) inputs, \(node.outputs.count) outputs and \(node.attributes.count) attributes, expected 0, 1 and 1"
            )
        }
        let (name, value) = node.attributes[0], constant: Constant
        switch value {
        case .tensor(let tensor) where name == "value": constant = tensor
        case .int(let x) where name == "value_int": constant = Constant(.int64, [], [x])
        case .ints(let x) where name == "value_ints": constant = try Importer.list(.int64, x)
        case .float(let x) where name == "value_float": constant = Constant(.float32, [], [x])
        case .floats(let x) where name == "value_floats": constant = try Importer.list(.float32, x)
        default: throw node.invalid("attribute '\(name)' is not supported")
        }
        graph.constants[output] = constant
        graph[output].type = TensorType(constant.type, constant.shape.map { .fixed($0) })
    }

    private static func list<T: BitwiseCopyable>(_ type: ElementType, _ values: [T]) throws(RuntimeError) -> Constant {
        do throws(OutOfMemory) { return try Constant(type, [values.count], copying: values) } catch {
            throw RuntimeError(error)
        }
    }

    private mutating func append(_ node: Node) throws(RuntimeError) {
        graph.nodes.append(node)
        if deixis_memory_is_short() { throw .outOfMemory(bytes: 0) }
        try check(node, .nodes, graph.nodes.count, limit: limits.nodes)
    }

    private func check(_ node: Node, since: Int, _ version: Int) throws(RuntimeError) {
        if version < since { throw .operatorTooNew(op: node.op, node: node.name, since: since, opset: version) }
    }

    private func check(_ node: Node, _ kind: LimitExceeded.Kind, _ value: Int, limit: Int) throws(RuntimeError) {
        do throws(LimitExceeded) { try LimitExceeded.check(kind, value, limit: limit) } catch {
            throw .limit(op: node.op, node: node.name, error)
        }
    }

    /// What `body` adds stands inside `node`: so deep may functions call functions.
    private mutating func within(_ node: Node, _ body: (inout Importer) throws(RuntimeError) -> Void)
        throws(RuntimeError)
    {
        depth += 1
        try check(node, .depth, depth, limit: limits.depth)
        try body(&self)
        depth -= 1
    }

    /// A sub-graph of `node`, all the same.
    private mutating func imported(_ inner: Graph, within node: Node) throws(RuntimeError) -> Graph {
        do throws(GraphError) { try inner.check() } catch { throw .invalidGraph(reason: Message(error.description)) }
        let outer = graph
        graph = inner
        graph.nodes = []
        try within(node) { (importer) throws(RuntimeError) in
            for node in inner.nodes { try importer.add(node, opset: inner.opset) }
        }
        defer { graph = outer }
        do throws(GraphError) { try graph.check() } catch { throw .invalidGraph(reason: Message(error.description)) }
        return graph
    }

    // MARK: Functions of the model

    private mutating func expand(_ function: Function, _ node: Node) throws(RuntimeError) {
        let body = function.body
        guard node.inputs.count <= body.inputs.count, node.outputs.count <= body.outputs.count else {
            throw node.invalid(
                "has \(node.inputs.count) inputs and \(node.outputs.count) outputs, the function has \(body.inputs.count) and \(body.outputs.count)"
            )
        }
        // Names of values are unique, those of nodes need not be.
        let prefix = node.outputs.compactMap { $0 }.first.map { graph[$0].name } ?? node.name
        let nodes = graph.inline(body, inputs: node.inputs, outputs: node.outputs, prefix: prefix)
        try within(node) { (importer) throws(RuntimeError) in
            for inner in nodes {
                var inner = inner
                inner.name = Name("\(node.name)/\(inner.name)")
                inner.attributes = inner.attributes.compactMap { name, value in
                    guard case .reference(let outer) = value else { return (name, value) }
                    return
                        (node.attribute(outer)
                        ?? function.attributes.first { $0.name == outer && $0.value != nil }?.value).map { (name, $0) }
                }
                try importer.add(inner, opset: body.opset)
            }
        }
    }

    // MARK: What translations and functions say

    package mutating func addValue(_ name: Message, _ type: TensorType? = nil) -> ValueID {
        graph.addValue(Name(name.text), type)
    }

    package mutating func addConstant(_ constant: Constant) -> ValueID {
        graph.addConstant(Name("constant \(graph.values.count)"), constant)
    }

    /// Adds a node in today's form for `source` and returns its output: a new value, or `output`.
    @discardableResult
    package mutating func add(
        _ op: Name, _ inputs: [ValueID?], for source: Node, attributes: [(name: Name, value: Attribute)] = [],
        output: ValueID? = nil
    ) throws(RuntimeError) -> ValueID {
        let output = output ?? addValue("\(source.name)/\(op) \(graph.values.count)")
        let node = Node(
            name: Name("\(source.name)/\(op)"), op: op, inputs: inputs, outputs: [output], attributes: attributes)
        opset = max(opset, Catalog.find(node)?.since ?? 0)
        try add(node, opset: .max)
        return output
    }
}

extension Node {
    package func invalid(_ reason: Message) -> RuntimeError { .invalidNode(op: op, node: name, reason: reason) }
}
