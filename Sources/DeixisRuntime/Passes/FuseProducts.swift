import DeixisGraph

/// Linear(x, W1), Linear(x, W2), ... => Products(x, W1, W2, ...);  the same of QLinear   (W constant, no residual)
enum FuseProducts {
    static let rule: Rule = { editor, id, node in
        guard let width = parts(editor, node), let x = node.input(0) else { return nil }
        var ids: [NodeID] = [], nodes: [Node] = []
        for reader in editor.readers(of: x) where !ids.contains(reader) {
            guard let other = editor[reader], other.op == node.op, parts(editor, other) != nil, other.input(0) == x,
                !other.inputs.dropFirst().contains(x), ids.count < Products.mostParts
            else { continue }
            ids.append(reader)
            nodes.append(other)
        }
        guard ids.count > 1 else { return nil }
        var patch = Patch(editor, removing: ids)
        patch.nodes = [Products.node(nodes, x: x, width: width)]
        return patch
    }

    /// How many inputs `node` has behind x at most; nil where it cannot be a part.
    private static func parts(_ editor: GraphEditor, _ node: Node) -> Int? {
        guard node.outputs.count == 1, editor.constant(node.input(1)) != nil else { return nil }
        if node.isDeixis("Linear") { return node.input(3) == nil ? 2 : nil }
        guard node.isDeixis("QLinear"), editor.constant(node.input(2)) != nil else { return nil }
        return node.input(4) == nil && (node.input(3) == nil || editor.constant(node.input(3)) != nil) ? 3 : nil
    }
}
