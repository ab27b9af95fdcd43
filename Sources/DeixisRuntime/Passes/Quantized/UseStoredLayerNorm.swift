import DeixisGraph

/// Q(LayerNorm(DQ(x) + DQ(r))) => QLayerNorm(x, r), each of the three stored or not, but one at least.
enum UseStoredLayerNorm {
    static let rule: Rule = { editor, id, node in
        guard let x = node.input(0), var output = node.outputs.first ?? nil, let spec = editor.spec(x),
            let n = spec.shape.last
        else { return nil }
        var fused: Node
        if node.isDeixis("LayerNorm") {
            fused = Node(
                name: node.name, domain: .deixis, op: "QLayerNorm", inputs: Array(node.inputs.prefix(4)), outputs: [])
        } else {
            guard node.isONNX("LayerNormalization"), node.outputs.count == 1, spec.element == .float32,
                let scale = node.input(1),
                editor.spec(scale) == TensorSpec(.float32, [n]),
                node.input(2) == nil || editor.spec(node.input(2)) == editor.spec(scale),
                [spec.rank - 1, -1].contains(node.int("axis", default: -1))
            else { return nil }
            fused = Node(
                name: node.name, domain: .deixis, op: "QLayerNorm", inputs: [x, nil, scale, node.input(2)], outputs: [])
        }
        fused.attributes = [("epsilon", .float(node.float("epsilon", default: 1e-5)))]
        var removed = [id], isStored = false
        for (i, names) in [(0, StoredScale.Names.x), (1, .residual)] {
            guard let (stored, scale) = editor.dequantized(fused.inputs[i]) else { continue }
            fused.inputs[i] = stored
            fused = fused.storing(names, scale)
            isStored = true
        }
        if let (reader, quantize, scale) = editor.quantizer(of: output), let made = quantize.outputs[0] {
            fused = fused.storing(.y, scale)
            removed.append(reader)
            output = made
            isStored = true
        }
        guard isStored else { return nil }
        if fused.inputs.last == .some(nil) { fused.inputs.removeLast() }
        fused.outputs = [output]
        var patch = Patch(editor, removing: removed)
        patch.nodes = [fused]
        return patch
    }
}

/// Q(f(x)) => QActivate(x, f) stored, Q(x) => QActivate(x) stored;  f(x) => QActivate(x, f) on the float32 result of a
/// quantized node
enum UseStoredActivation {
    static let rule: Rule = { editor, id, node in
        if let activation = activation(editor, node), let x = node.input(0), let output = node.outputs[0] {
            var fused = Node(
                name: node.name, domain: .deixis, op: "QActivate", inputs: [x], outputs: [output],
                attributes: activation.attributes)
            if let (reader, quantize, scale) = editor.quantizer(of: output) {
                fused.outputs = quantize.outputs
                return replace(editor, [id, reader], fused.storing(.y, scale))
            }
            guard let maker = editor.maker(of: x), let layer = editor[maker],
                layer.isDeixis("QLinear") || layer.isDeixis("QLayerNorm")
            else { return nil }
            return replace(editor, [id], fused)
        }
        guard node.isONNX("QuantizeLinear"), let scale = editor.storedScale(node), let x = node.input(0),
            editor.spec(x)?.element == .float32
        else { return nil }
        return replace(
            editor, [id],
            Node(name: node.name, domain: .deixis, op: "QActivate", inputs: [x], outputs: node.outputs).storing(
                .y, scale))
    }

    private static func activation(_ editor: GraphEditor, _ node: Node) -> Activation? {
        FuseActivation.activation(editor, node)
    }

    private static func replace(_ editor: GraphEditor, _ removed: [NodeID], _ node: Node) -> Patch {
        var patch = Patch(editor, removing: removed)
        patch.nodes = [node]
        return patch
    }
}
