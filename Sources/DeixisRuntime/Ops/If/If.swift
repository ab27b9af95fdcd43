import DeixisGraph

/// The outputs of one of two sub-graphs, as input 0 says. The others are what the sub-graphs take from the graph around
/// them: those of the first attribute, then those of the second.
///
/// Planning puts the nodes of the sub-graph in its place; a condition that only running the graph can tell is refused.
enum If {
    static let definition = OperatorDefinition(
        "If", inputs: 1...Int.max, types: [.bool],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            throw .valueNotKnown(op: call.node.op, node: call.node.name, input: 0)
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            throw .valueNotKnown(op: call.node.op, node: call.node.name, input: 0)
        })

    /// The sub-graph that `node` stands for, and what it takes.
    static func branch(_ node: Node, _ condition: Constant) throws(RuntimeError) -> (
        body: Graph, inputs: [ValueID?]
    ) {
        guard condition.type == .bool, condition.count == 1 else {
            throw node.invalid("its condition is \(condition.type) \(condition.shape), expected one bool")
        }
        let wanted: Name = condition.bytes[0] == 0 ? "else_branch" : "then_branch"
        var first = 1
        for case (let name, .graph(let body)) in node.attributes {
            let end = first + body.inputs.count
            guard end <= node.inputs.count, body.outputs.count >= node.outputs.count else { break }
            if name == wanted { return (body, Array(node.inputs[first..<end])) }
            first = end
        }
        throw node.invalid("has no '\(wanted)' of \(node.outputs.count) outputs")
    }
}
