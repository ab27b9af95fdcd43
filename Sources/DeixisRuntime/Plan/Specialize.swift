import DeixisGraph

/// The graph at concrete input shapes: every value gets its type and extents, and what then no longer depends on data
/// is computed now.
///
/// `Shape -> Gather -> Concat -> Reshape` becomes `Reshape(x, [1, 32, 768])`. Nodes whose outputs would be larger than
/// `foldLimit` bytes stay, unless their inputs are at least as large.
struct Specialization {
    static let foldLimit = 1 << 20

    var graph: Graph
    private var specs: [TensorSpec?]
    private let limits: Limits

    /// `inputs`: one specification per graph input. `contents`: inputs whose value the plan may rely on.
    static func specialize(
        _ graph: Graph, inputs: [TensorSpec], contents: [ValueID: Constant], limits: Limits = Limits()
    ) throws(RuntimeError) -> Graph {
        var work = Specialization(graph: graph, specs: Array(repeating: nil, count: graph.values.count), limits: limits)
        for (id, spec) in zip(graph.inputs, inputs) { work.specs[id.index] = spec }
        for (id, constant) in contents { work.graph.constants[id] = constant }
        for (id, constant) in work.graph.constants { work.specs[id.index] = TensorSpec(constant) }
        work.graph.nodes = []
        for node in graph.nodes { try work.add(node) }
        for i in work.specs.indices {
            if let spec = work.specs[i] { work.graph.values[i].type = spec.type }
        }
        // An input whose content is known is still an input of the plan.
        for (id, _) in contents where graph.outputs.contains(id) { work.graph.constants[id] = nil }
        return work.graph
    }

    private mutating func add(_ node: Node) throws(RuntimeError) {
        if node.isONNX("If"), let id = node.input(0), let condition = graph.constants[id] {
            let (body, inputs) = try If.branch(node, condition), first = graph.values.count
            let nodes = graph.inline(body, inputs: inputs, outputs: node.outputs, prefix: node.name)
            for i in first..<graph.values.count { specs.append(graph.constants[ValueID(i)].map { TensorSpec($0) }) }
            for node in nodes { try add(node) }
            return
        }
        let definition = try Catalog.require(node, opset: graph.opset)
        var inputs: [TensorSpec?] = []
        var constants: [Constant?] = []
        var allKnown = true
        for (i, id) in node.inputs.enumerated() {
            inputs.append(id.flatMap { specs[$0.index] })
            constants.append(id.flatMap { graph.constants[$0] })
            if let id, graph.constants[id] == nil, !definition.seenByShape.contains(i) { allKnown = false }
        }
        let call = try prepareCall(
            node, definition, opset: graph.opset, inputs: inputs, constants: constants, limits: limits)
        for (id, spec) in zip(node.outputs, call.outputs) {
            if let id { specs[id.index] = spec }
        }
        if allKnown, Specialization.isWorthFolding(call) {
            let values = try fold(call, definition, inputs: constants)
            for (id, value) in zip(node.outputs, values) {
                if let id { graph.constants[id] = value }
            }
            return
        }
        graph.nodes.append(node)
    }

    fileprivate static func isWorthFolding(_ call: OperatorCall) -> Bool {
        var made = 0, read = 0
        for case let spec? in call.outputs { made += spec.byteCount }
        for case let constant? in call.constants { read += constant.range.count }
        return made <= max(Specialization.foldLimit, read)
    }
}

extension Graph {
    /// What depends on constants alone is computed, once for all plans. Left out: nodes of operator `op`, and those that
    /// cannot be computed, which planning will complain of.
    func folded(leaving op: Name? = nil, _ limits: Limits) -> Graph {
        var result = self
        result.nodes = nodes.filter { node in
            var constants: [Constant?] = []
            for id in node.inputs {
                guard let id else { constants.append(nil); continue }
                guard let constant = result.constants[id] else { return true }
                constants.append(constant)
            }
            guard node.op != op, let definition = try? Catalog.require(node, opset: opset),
                let call = try? prepareCall(
                    node, definition, opset: opset, inputs: constants.map { $0.map { TensorSpec($0) } },
                    constants: constants, limits: limits), Specialization.isWorthFolding(call),
                let values = try? fold(call, definition, inputs: constants)
            else { return true }
            for (id, value) in zip(node.outputs, values) { if let id { result.constants[id] = value } }
            return false
        }
        return result
    }

    /// The concrete type of a value of a specialized graph.
    func spec(_ id: ValueID) -> TensorSpec? { TensorSpec(self[id].type) }
}
