import DeixisGraph

/// merge(Q(DQ(Q(Softmax(c split(DQ(q)) split(DQ(k))^T + bias))) split(DQ(v)))) => QAttention(q, k, v, bias)
///
/// split and merge as in `FuseAttention`, on stored values: `MoveQuantization` has carried them there. Scores may be
/// stored, DQ(Q(.)), after the product, its factor c and the bias: the kernel rounds as the file does.
enum UseStoredAttention {
    static let rule: Rule = { editor, id, node in
        // Backwards from the Reshape of the merge.
        guard node.isONNX("Reshape"), let merged = node.outputs[0], let output = editor.spec(merged), output.rank == 3,
            let flat = node.input(0), editor.vanishes(flat),
            let (transposeID, transpose) = editor.maker(of: flat, "Transpose"),
            transpose.permutation == [0, 2, 1, 3], var mixed = transpose.input(0), editor.vanishes(mixed)
        else { return nil }
        var removed = [id, transposeID]
        var result: StoredScale?
        if let (quantizeID, quantize) = editor.maker(of: mixed, "QuantizeLinear"),
            let scale = editor.storedScale(quantize), let x = quantize.input(0)
        {
            guard editor.vanishes(x) else { return nil }
            removed.append(quantizeID)
            result = scale
            mixed = x
        }
        guard let (mixID, mix) = editor.maker(of: mixed, "MatMul"),
            let (weights, probability) = editor.dequantized(mix.input(0)),
            probability.zero == 0, let dequantizeWeights = mix.input(0), editor.vanishes(dequantizeWeights),
            editor.vanishes(weights),
            let (quantizeID, quantize) = editor.maker(of: weights, "QuantizeLinear"), let real = quantize.input(0),
            editor.vanishes(real),
            let (softmaxID, softmax) = editor.maker(of: real, "Softmax"), let weightSpec = editor.spec(real),
            weightSpec.rank == 4,
            [-1, 3].contains(softmax.int("axis", default: -1)), let (v, vScale) = editor.dequantized(mix.input(1)),
            let values = Split(editor, v), !values.isTransposed
        else { return nil }
        removed += [mixID, quantizeID, softmaxID]
        var bias: ValueID?
        var factor: Float = 1
        guard var scores = softmax.input(0), editor.vanishes(scores) else { return nil }
        // onnxruntime stores scores after each operation on them.
        let biased = unstore(editor, &scores, &removed)
        if let (addID, add) = editor.maker(of: scores, "Add"), let a = add.input(0), let b = add.input(1) {
            let first = isProduct(editor, a)
            bias = first ? b : a
            scores = first ? a : b
            removed.append(addID)
            guard editor.vanishes(scores) else { return nil }
        }
        let scaled = unstore(editor, &scores, &removed)
        while let maker = editor.maker(of: scores), let scaling = editor[maker],
            let (other, value) = FuseAttention.scale(editor, scaling)
        {
            factor *= value
            scores = other
            removed.append(maker)
            guard editor.vanishes(scores) else { return nil }
        }
        let stored = unstore(editor, &scores, &removed)
        guard let (productID, product) = editor.maker(of: scores, "MatMul"),
            let (q, qScale) = editor.dequantized(product.input(0)),
            let (k, kScale) = editor.dequantized(product.input(1)), let queries = Split(editor, q),
            !queries.isTransposed,
            let keys = Split(editor, k), keys.isTransposed, queries.heads == keys.heads, values.heads == keys.heads,
            output.shape == [weightSpec.shape[0], weightSpec.shape[2], values.heads * values.head],
            FuseAttention.isOne(editor, queries.source, keys.source, values.source, weightSpec, heads: keys.heads),
            QAttention.fits(keys: weightSpec.shape[3], head: queries.head)
        else { return nil }
        let biasSpec = bias == nil ? weightSpec : editor.spec(bias)
        guard let biasSpec, biasSpec.element == .float32,
            broadcast(biasSpec.shape, weightSpec.shape) == weightSpec.shape,
            bias == nil || biasSpec.shape.last == weightSpec.shape[3]
        else { return nil }
        removed.append(productID)
        var patch = Patch(editor, removing: removed)
        var fused = Node(
            name: mix.name, domain: .deixis, op: "QAttention",
            inputs: [queries.source, keys.source, values.source] + (bias == nil ? [] : [bias]), outputs: [merged],
            attributes: [("heads", .int(Int64(queries.heads))), ("scale", .float(factor))])
        for (names, scale) in [(StoredScale.Names.q, qScale), (.k, kScale), (.v, vScale), (.p, probability)] {
            fused = fused.storing(names, scale)
        }
        let between: [(StoredScale.Names, StoredScale?)] = [
            (.product, stored), (.scaled, scaled), (.biased, biased), (.y, result),
        ]
        for case (let names, let scale?) in between { fused = fused.storing(names, scale) }
        patch.nodes = [fused]
        return patch
    }

    /// Where `scores` is DQ(Q(x)) and nobody else reads between, goes on to x and says how it was stored.
    private static func unstore(_ editor: GraphEditor, _ scores: inout ValueID, _ removed: inout [NodeID])
        -> StoredScale?
    {
        guard let (x, scale) = editor.dequantized(scores), let dequantize = editor.maker(of: scores),
            editor.vanishes(x),
            let (quantizeID, quantize) = editor.maker(of: x, "QuantizeLinear"), editor.storedScale(quantize) == scale,
            let real = quantize.input(0), editor.vanishes(real)
        else { return nil }
        removed += [dequantize, quantizeID]
        scores = real
        return scale
    }

    /// Whether `id` is a product of queries and keys, scaled, stored in between or not.
    private static func isProduct(_ editor: GraphEditor, _ id: ValueID) -> Bool {
        var at = id, passed: [NodeID] = []
        while let maker = editor.maker(of: at), let node = editor[maker] {
            if node.isONNX("MatMul") { return true }
            if unstore(editor, &at, &passed) != nil { continue }
            guard let (other, _) = FuseAttention.scale(editor, node) else { return false }
            at = other
        }
        return false
    }

    /// A stored value that is a matrix of tokens split into heads.
    private struct Split {
        /// [batch, length, heads head]
        var source: ValueID
        var heads: Int, head: Int
        /// [batch, heads, head, length] instead of [batch, heads, length, head].
        var isTransposed = false

        init?(_ editor: GraphEditor, _ id: ValueID) {
            var at = id
            var moved = [0, 1, 2, 3]
            while let (_, node) = editor.maker(of: at, "Transpose"), let order = node.permutation, order.count == 4,
                let input = node.input(0)
            {
                moved = moved.map { order[$0] }
                at = input
            }
            guard let (_, reshape) = editor.maker(of: at, "Reshape"), let source = reshape.input(0),
                let from = editor.spec(source),
                let to = editor.spec(at), from.rank == 3, to.rank == 4, from.element == .uint8,
                from.shape[0] == to.shape[0],
                from.shape[1] == to.shape[1], moved == [0, 2, 1, 3] || moved == [0, 2, 3, 1]
            else { return nil }
            self.source = source
            (heads, head) = (to.shape[2], to.shape[3])
            isTransposed = moved == [0, 2, 3, 1]
        }
    }
}
