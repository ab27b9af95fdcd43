import DeixisGraph

/// Linear(x, W1), Linear(x, W2), ... => Products(x, W1, W2, ...);  the same of QLinear   (W and bias constant, no
/// residual)
enum FuseProducts {
    static let rule: Rule = { editor, id, node in
        guard let width = parts(editor, node), let x = node.input(0) else { return nil }
        var ids: [NodeID] = [], nodes: [Node] = []
        for reader in editor.readers(of: x) where !ids.contains(reader) {
            guard let other = editor[reader], other.op == node.op, parts(editor, other) != nil, other.input(0) == x,
                !other.inputs.dropFirst().contains(x)
            else { continue }
            ids.append(reader)
            nodes.append(other)
            if ids.count == Products.mostParts { break }
        }
        guard ids.count > 1 else { return nil }
        var patch = Patch(editor, removing: ids)
        patch.nodes = [Products.node(nodes, x: x, width: width)]
        return patch
    }

    /// How many inputs `node` has behind x at most; nil where it cannot be a part.
    private static func parts(_ editor: GraphEditor, _ node: Node) -> Int? {
        guard node.outputs.count == 1, node.isDeixis("Linear") || node.isDeixis("QLinear") else { return nil }
        // Constants alone: what is computed might wait for another part.
        let width = node.op.matches("Linear") ? 2 : 3
        let own = (1...width).map { node.input($0) }
        guard own[0] != nil, node.input(width + 1) == nil else { return nil }
        return own.allSatisfy { $0 == nil || editor.constant($0) != nil } ? width : nil
    }
}
