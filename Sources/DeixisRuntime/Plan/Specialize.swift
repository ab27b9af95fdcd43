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

    /// `graph` without its nodes, which are added again.
    private init(_ graph: Graph, _ limits: Limits) {
        (self.graph, self.limits) = (graph, limits)
        self.graph.nodes = []
        specs = Array(repeating: nil, count: graph.values.count)
        for (id, constant) in graph.constants { specs[id.index] = TensorSpec(constant) }
    }

    /// `inputs`: one specification per graph input. `contents`: inputs whose value the plan may rely on.
    static func specialize(
        _ graph: Graph, inputs: [TensorSpec], contents: [ValueID: Constant], limits: Limits = Limits()
    ) throws(RuntimeError) -> Graph {
        var known = graph
        for (id, constant) in contents { known.constants[id] = constant }
        var work = Specialization(known, limits)
        for (id, spec) in zip(graph.inputs, inputs) { work.specs[id.index] = spec }
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
        let definition = try Catalog.require(node, opset: graph.opset), known = gather(node, definition)
        let call = try prepare(node, definition, known)
        for (id, spec) in zip(node.outputs, call.outputs) {
            if let id { specs[id.index] = spec }
        }
        if known.isAll, try fold(call, definition) { return }
        graph.nodes.append(node)
    }

    /// What is known of a node's inputs; `isAll`: enough to compute it.
    private typealias Known = (specs: [TensorSpec?], constants: [Constant?], isAll: Bool)

    private func gather(_ node: Node, _ definition: OperatorDefinition) -> Known {
        var known = Known([], [], true)
        for (i, id) in node.inputs.enumerated() {
            var spec: TensorSpec?, constant: Constant?
            if let id {
                (spec, constant) = (specs[id.index], graph.constants[id])
                if constant == nil, !definition.seenByShape.contains(i) { known.isAll = false }
            }
            known.specs.append(spec)
            known.constants.append(constant)
        }
        return known
    }

    private func prepare(
        _ node: Node, _ definition: OperatorDefinition, _ known: Known
    ) throws(RuntimeError) -> OperatorCall {
        try prepareCall(
            node, definition, opset: graph.opset, inputs: known.specs, constants: known.constants, limits: limits)
    }

    /// Computes a node, unless that is not worth its memory.
    private mutating func fold(_ call: OperatorCall, _ definition: OperatorDefinition) throws(RuntimeError) -> Bool {
        var made = 0, read = 0
        for case let spec? in call.outputs { made += spec.byteCount }
        for case let constant? in call.constants { read += constant.range.count }
        guard made <= max(Specialization.foldLimit, read) else { return false }
        let values = try DeixisRuntime.fold(call, definition, inputs: call.constants)
        for (id, value) in zip(call.node.outputs, values) {
            if let id {
                graph.constants[id] = value
                specs[id.index] = value.map { TensorSpec($0) }
            }
        }
        return true
    }

    /// Computes a node whose inputs are known without shapes of the graph's inputs, if it can be.
    private mutating func foldKnown(_ node: Node) throws(RuntimeError) -> Bool {
        do throws(RuntimeError) {
            let definition = try Catalog.require(node, opset: graph.opset), known = gather(node, definition)
            return known.isAll ? try fold(prepare(node, definition, known), definition) : false
        } catch {
            if case .outOfMemory = error { throw error }
            return false
        }
    }

    /// The graph with the results of nodes that depend on constants alone, computed once for all plans; `op`: of nodes
    /// of this operator only. A node that cannot be computed stays, for planning to complain of.
    static func foldConstants(
        _ graph: Graph, of op: Name? = nil, limits: Limits
    ) throws(RuntimeError) -> Graph {
        var work = Specialization(graph, limits)
        for node in graph.nodes {
            if op == nil || node.op == op, try work.foldKnown(node) { continue }
            work.graph.nodes.append(node)
        }
        return work.graph
    }
}

extension Graph {
    /// The concrete type of a value of a specialized graph.
    func spec(_ id: ValueID) -> TensorSpec? { TensorSpec(self[id].type) }
}
