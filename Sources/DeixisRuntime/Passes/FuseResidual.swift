import DeixisGraph

/// Conv(x) + r => Conv(x, r);  Linear(x) + r => Linear(x, r)   (r of the sum's shape)
enum FuseResidual {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("Add"), let a = node.input(0), let b = node.input(1), a != b, let output = node.outputs[0],
            let spec = editor.spec(output), spec.element == .float32, editor.spec(a) == spec, editor.spec(b) == spec
        else { return nil }
        for (made, residual) in [(a, b), (b, a)] {
            guard let maker = editor.maker(of: made), var layer = editor[maker],
                layer.isDeixis("Linear") || layer.isDeixis("Conv"),
                editor.vanishes(made), layer.input(3) == nil, layer.attribute("activation") == nil,
                !isDepthwise(editor, layer)
            else { continue }
            while layer.inputs.count < 4 { layer.inputs.append(nil) }
            layer.inputs[3] = residual
            layer.outputs = [output]
            var patch = Patch(editor, removing: [maker, id])
            patch.nodes = [layer]
            return patch
        }
        return nil
    }

    /// Its kernel takes no residual.
    private static func isDepthwise(_ editor: GraphEditor, _ node: Node) -> Bool {
        guard node.isDeixis("Conv"), let w = editor.spec(node.input(1)) else { return false }
        return w.shape[1] == 1 && node.int("group", default: 1) == w.shape[0]
    }
}

/// LayerNormalization(a + b) => LayerNorm(a, b)   (last axis, equal shapes)
enum FuseResidualIntoLayerNorm {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("LayerNormalization"), node.outputs.count == 1, let x = node.input(0),
            let scale = node.input(1),
            let spec = editor.spec(x), spec.element == .float32, let n = spec.shape.last,
            editor.spec(scale) == TensorSpec(.float32, [n]),
            node.input(2) == nil || editor.spec(node.input(2)) == editor.spec(scale),
            [spec.rank - 1, -1].contains(node.int("axis", default: -1)),
            let (sum, add) = editor.maker(of: x, "Add"), editor.vanishes(x), let a = add.input(0), let b = add.input(1),
            editor.spec(a) == spec, editor.spec(b) == spec
        else { return nil }
        var patch = Patch(editor, removing: [sum, id])
        patch.nodes = [
            Node(
                name: node.name, domain: .deixis, op: "LayerNorm", inputs: [a, b, scale, node.input(2)],
                outputs: node.outputs,
                attributes: [("epsilon", .float(node.float("epsilon", default: 1e-5)))])
        ]
        return patch
    }
}
