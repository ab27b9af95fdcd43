import DeixisGraph

/// LayerNorm(DequantizeLinear(Gather(T, ids)) + a + b) => Embedding(T, ids, scale, a, b);  the same without
/// DequantizeLinear for T float32, and with a quantized result   (T, scale, a and b constant, a and b in either order
/// of the sums or left out)
enum FuseEmbedding {
    static let rule: Rule = { editor, id, node in
        guard var value = node.input(0), let output = node.outputs.first ?? nil, node.outputs.count == 1,
            let spec = editor.spec(value),
            spec.element == .float32, let n = spec.shape.last
        else { return nil }
        let gain: ValueID?, bias: ValueID?
        if node.isDeixis("QLayerNorm") {
            guard node.input(1) == nil, node.stored(.x) == nil else { return nil }
            (gain, bias) = (node.input(2), node.input(3))
        } else {
            guard node.isONNX("LayerNormalization"), [spec.rank - 1, -1].contains(node.int("axis", default: -1)) else {
                return nil
            }
            (gain, bias) = (node.input(1), node.input(2))
        }
        guard editor.spec(gain) == TensorSpec(.float32, [n]),
            bias == nil || editor.spec(bias) == TensorSpec(.float32, [n])
        else { return nil }

        var removed = [id], addends: [ValueID] = []
        while addends.count < 2, editor.vanishes(value), let (sum, add) = editor.maker(of: value, "Add"),
            let a = add.input(0), let b = add.input(1)
        {
            let (rest, addend) = editor.constant(b) == nil ? (b, a) : (a, b)
            guard let constant = editor.constant(addend), constant.type == .float32, editor.constant(rest) == nil,
                editor.spec(rest) == spec,
                Embedding.isSuffix(constant.shape, of: spec.shape)
            else { break }
            addends.insert(addend, at: 0)
            removed.append(sum)
            value = rest
        }
        guard editor.vanishes(value), let (table, ids, scale, makers) = lookup(editor, value, n) else { return nil }
        let first = addends.first, second = addends.count > 1 ? addends[1] : nil
        var fused = Node(
            name: node.name, domain: .deixis, op: "Embedding", inputs: [table, ids, scale, first, second, gain],
            outputs: [output],
            attributes: [("epsilon", .float(node.float("epsilon", default: 1e-5)))])
        if let bias { fused.inputs.append(bias) }
        if let stored = node.stored(.y) { fused = fused.storing(.y, stored) }
        var patch = Patch(editor, removing: removed + makers)
        patch.nodes = [fused]
        return patch
    }

    /// What `value` is looked up in, where, the scales of its columns, and the nodes that do it.
    private static func lookup(
        _ editor: GraphEditor, _ value: ValueID, _ n: Int
    ) -> (table: ValueID, ids: ValueID, scale: ValueID?, makers: [NodeID])? {
        var gathered = value, scale: ValueID?, makers: [NodeID] = []
        if let (id, dequantize) = editor.maker(of: value, "DequantizeLinear"), let x = dequantize.input(0),
            let s = dequantize.input(1)
        {
            let zeros = dequantize.input(2).map { editor.constant($0)?.integers ?? [1] } ?? []
            guard editor.vanishes(x), let rank = editor.spec(x)?.rank,
                [rank - 1, -1].contains(dequantize.int("axis", default: 1)),
                editor.constant(s)?.floats?.count == n, editor.constant(s)?.shape == [n], zeros.allSatisfy({ $0 == 0 })
            else { return nil }
            (gathered, scale) = (x, s)
            makers.append(id)
        }
        guard let (id, gather) = editor.maker(of: gathered, "Gather"), gather.int("axis", default: 0) == 0,
            let t = gather.input(0),
            let ids = gather.input(1), let table = editor.constant(t), table.shape.count == 2, table.shape[1] == n,
            table.type == (scale == nil ? .float32 : .int8), editor.constant(ids) == nil
        else { return nil }
        return (t, ids, scale, makers + [id])
    }
}
