import DeixisGraph

/// A rewriting of the graph, named by a verb; its doc comment is an equation.
struct Pass {
    var name: StaticString
    var rule: Rule
}

enum Passes {
    /// Once per session, at shapes that may be unknown. What they make are ONNX operators and shape-free `deixis` ones.
    static var portable: [Pass] { [] }

    /// Once per plan, at concrete shapes.
    static var target: [Pass] { [] }

    static func run(_ passes: [Pass], on graph: Graph) throws(RuntimeError) -> Graph {
        let editor = GraphEditor(graph)
        for pass in passes { editor.rewrite(pass.rule) }
        do throws(GraphError) { return try editor.finish() } catch { throw .invalidGraph(reason: error.description) }
    }
}
