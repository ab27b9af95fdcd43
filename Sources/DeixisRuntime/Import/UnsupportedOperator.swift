public import DeixisGraph

/// An operator that this runtime does not have, and where a model uses it.
public struct UnsupportedOperator: Sendable {
    public var op: Name
    public var domain: Name
    public var nodeCount = 1
    /// Names of the first nodes, `mostNamed` at most.
    public var nodes: [Name]

    static let mostNamed = 3

    init(_ node: Node) {
        op = node.op
        domain = node.domain
        nodes = [node.name]
    }

    /// Every operator of `graph` and of its sub-graphs that a file may not have, in the order met: those that the catalog
    /// does not know, and those of domain `deixis`, which only passes make.
    static func all(in graph: Graph) -> [UnsupportedOperator] {
        var found: [UnsupportedOperator] = []
        var places: [Name: Int] = [:]
        add(graph, &found, &places)
        return found
    }

    private static func add(_ graph: Graph, _ found: inout [UnsupportedOperator], _ places: inout [Name: Int]) {
        for node in graph.nodes {
            for case (_, .graph(let body)) in node.attributes { add(body, &found, &places) }
            if node.domain.isEmpty, Catalog.find(node) != nil { continue }
            let spelled = Name("\(node.domain).\(node.op)")
            if let at = places[spelled] {
                found[at].nodeCount += 1
                if found[at].nodes.count < mostNamed { found[at].nodes.append(node.name) }
            } else {
                places[spelled] = found.count
                found.append(UnsupportedOperator(node))
            }
        }
    }

    /// One node's as a sentence; more as `2 operators are not supported: LSTM (1 node: 'a'), ai.onnx.ml.Scaler (5
    /// nodes: 'b', 'c', 'd', ...)`.
    static func message(_ operators: [UnsupportedOperator]) -> Message {
        if operators.count == 1, operators[0].nodeCount == 1 {
            return "operator \(operators[0].spelled) of node '\(operators[0].nodes[0])' is not supported"
        }
        var text =
            operators.count == 1 ? "1 operator is not supported: " : "\(operators.count) operators are not supported: "
        for (i, one) in operators.enumerated() {
            text +=
                (i == 0 ? "" : ", ") + one.spelled + (one.nodeCount == 1 ? " (1 node: " : " (\(one.nodeCount) nodes: ")
            for (k, name) in one.nodes.enumerated() { text += (k == 0 ? "'" : ", '") + name.description + "'" }
            text += one.nodes.count < one.nodeCount ? ", ...)" : ")"
        }
        return Message(text)
    }

    private var spelled: String { domain.isEmpty ? op.description : "\(domain).\(op)" }
}
