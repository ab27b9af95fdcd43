import DeixisGraph

/// Reshape(Softmax(Flatten(x))) => Softmax(x), where both have rows of the same extent and the result x's shape.
///
/// What files of opsets before 13 become that take the softmax along the last axis.
enum RemoveFlattening {
    static let rule: Rule = { editor, id, node in
        guard let (softmaxID, softmax) = editor.maker(of: node.input(0), "Softmax"), let rows = softmax.input(0),
            let made = node.input(0),
            let (flatID, flat) = editor.maker(of: rows, "Flatten"), let x = flat.input(0),
            softmax.int("axis", default: -1) == -1,
            editor.vanishes(rows), editor.vanishes(made), let before = editor.spec(x),
            editor.spec(node.outputs[0]) == before,
            before.shape.last == editor.spec(rows)?.shape.last
        else { return nil }
        var patch = Patch(editor, removing: [id, softmaxID, flatID])
        patch.nodes = [
            Node(name: softmax.name, op: "Softmax", inputs: [x], outputs: node.outputs, attributes: softmax.attributes)
        ]
        return patch
    }
}
