import DeixisGraph

/// Identity(x) => x;  Dropout(x) => x;  Cast to the type x has => x;  Reshape, Transpose, Expand, Squeeze to the shape
/// x has, moving nothing => x
enum RemoveIdentity {
    static let rule: Rule = { editor, id, node in
        guard let input = node.input(0), let output = node.outputs.first ?? nil, changesNothing(editor, node)
        else { return nil }
        for case let other? in node.outputs.dropFirst() where editor.isRead(other) { return nil }
        var patch = Patch(editor, removing: [id])
        patch.redirect(output, to: input)
        return patch
    }

    private static func changesNothing(_ editor: GraphEditor, _ node: Node) -> Bool {
        guard node.domain.isEmpty else { return false }
        switch node.op {
        case "Identity": return true
        // Its training mode is refused by the operator itself when input 2 says so.
        case "Dropout": return node.input(2) == nil || editor.constant(node.input(2))?.integers == [0]
        case "Transpose":
            if let order = node.permutation { return order == Array(0..<order.count) }
            return false
        case "Cast", "Reshape", "Expand", "Squeeze", "Unsqueeze", "Flatten":
            guard let x = editor.spec(node.input(0)), let y = editor.spec(node.outputs.first ?? nil)
            else { return false }
            return x == y
        default: return false
        }
    }
}
