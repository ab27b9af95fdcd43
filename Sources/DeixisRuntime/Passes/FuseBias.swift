import DeixisGraph

/// Linear(x, W) + b => Linear(x, W, b);  Conv(x, W) + b => Conv(x, W, b)   (b constant, one value per output channel,
/// channels innermost)
enum FuseBias {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("Add"), let a = node.input(0), let b = node.input(1), let output = node.outputs[0] else {
            return nil
        }
        for (made, added) in [(a, b), (b, a)] {
            guard let maker = editor.maker(of: made), let layer = editor[maker],
                layer.isDeixis("Linear") || layer.isDeixis("Conv"),
                editor.vanishes(made), layer.input(2) == nil, layer.input(3) == nil,
                layer.attribute("activation") == nil,
                let bias = editor.constant(added), bias.type == .float32, let spec = editor.spec(made),
                let channels = spec.shape.last,
                bias.count == channels, bias.shape.last == channels, bias.shape.count <= spec.rank
            else { continue }
            var patch = Patch(editor, removing: [maker, id])
            var fused = layer
            while fused.inputs.count < 3 { fused.inputs.append(nil) }
            fused.inputs[2] =
                bias.shape.count == 1
                ? added : patch.addConstant(editor[added].name.appending("/flat"), bias.reshaped([channels]))
            fused.outputs = [output]
            patch.nodes = [fused]
            return patch
        }
        return nil
    }
}
