import DeixisGraph

/// merge(Softmax(c split(Q) split(K)^T + bias) split(V)) => Attention(Q, K, V, bias)
///
/// split: Reshape [b, l, h d] -> [b, l, h, d], Transpose -> [b, h, l, d]; merge: back again. The factor c may stand on
/// Q, K or the product.
enum FuseAttention {
    static let rule: Rule = { editor, id, node in
        // Backwards from the Reshape of the merge.
        guard node.isONNX("Reshape"), let merged = node.outputs[0], let output = editor.spec(merged), output.rank == 3,
            let flat = node.input(0), editor.vanishes(flat),
            let (transposeID, transpose) = editor.maker(of: flat, "Transpose"),
            transpose.permutation == [0, 2, 1, 3], let mixed = transpose.input(0), editor.vanishes(mixed),
            let (mixID, mix) = editor.maker(of: mixed, "MatMul"), let weights = mix.input(0), editor.vanishes(weights),
            let (softmaxID, softmax) = editor.maker(of: weights, "Softmax"), let weightSpec = editor.spec(weights),
            weightSpec.rank == 4,
            [-1, 3].contains(softmax.int("axis", default: -1)),
            let v = mix.input(1), let values = Split(editor, v), !values.isTransposed, values.factor == 1
        else { return nil }
        var removed = [id, transposeID, mixID, softmaxID]
        var bias: ValueID?
        var factor: Float = 1
        guard var scores = softmax.input(0), editor.vanishes(scores) else { return nil }
        if let (addID, add) = editor.maker(of: scores, "Add"), let a = add.input(0), let b = add.input(1) {
            // The product is the operand that leads back to a MatMul of activations.
            let first = isProduct(editor, a)
            bias = first ? b : a
            scores = first ? a : b
            removed.append(addID)
            guard editor.vanishes(scores) else { return nil }
        }
        while let maker = editor.maker(of: scores), let scaling = editor[maker],
            let (other, value) = scale(editor, scaling)
        {
            factor *= value
            scores = other
            removed.append(maker)
            guard editor.vanishes(scores) else { return nil }
        }
        guard let (productID, product) = editor.maker(of: scores, "MatMul"), let q = product.input(0),
            let k = product.input(1),
            let queries = Split(editor, q), !queries.isTransposed, let keys = Split(editor, k), keys.isTransposed,
            queries.heads == keys.heads, values.heads == keys.heads,
            output.shape == [weightSpec.shape[0], weightSpec.shape[2], values.heads * values.head],
            isOne(editor, queries.source, keys.source, values.source, weightSpec, heads: keys.heads),
            let biasSpec = bias == nil ? weightSpec : editor.spec(bias), biasSpec.element == .float32,
            broadcast(biasSpec.shape, weightSpec.shape) == weightSpec.shape
        else { return nil }
        removed.append(productID)
        factor *= queries.factor * keys.factor
        var patch = Patch(editor, removing: removed)
        patch.nodes = [
            Node(
                name: mix.name, domain: .deixis, op: "Attention",
                inputs: [queries.source, keys.source, values.source] + (bias == nil ? [] : [bias]), outputs: [merged],
                attributes: [("heads", .int(Int64(queries.heads))), ("scale", .float(factor))])
        ]
        return patch
    }

    /// Whether scores of this shape are one attention's: nothing is repeated over batches or heads.
    static func isOne(
        _ editor: GraphEditor, _ q: ValueID, _ k: ValueID, _ v: ValueID, _ scores: TensorSpec, heads: Int
    ) -> Bool {
        guard let queries = editor.spec(q)?.shape, let keys = editor.spec(k)?.shape, let values = editor.spec(v)?.shape
        else { return false }
        return keys[0] == queries[0] && values[0] == queries[0] && values[1] == keys[1]
            && scores.shape == [queries[0], heads, queries[1], keys[1]]
    }

    static func isProduct(_ editor: GraphEditor, _ id: ValueID) -> Bool {
        var at = id
        while let maker = editor.maker(of: at), let node = editor[maker] {
            if node.isONNX("MatMul") { return true }
            guard let (other, _) = scale(editor, node) else { return false }
            at = other
        }
        return false
    }

    /// The other operand and the factor, where `node` multiplies or divides by a scalar.
    static func scale(_ editor: GraphEditor, _ node: Node) -> (other: ValueID, factor: Float)? {
        guard node.isONNX("Mul") || node.isONNX("Div"), let operand = editor.scalarOperand(node) else { return nil }
        if node.isONNX("Mul") { return (operand.other, operand.scalar) }
        return operand.other == node.input(0) ? (operand.other, 1 / operand.scalar) : nil
    }

    /// A value that is a matrix of tokens split into heads.
    private struct Split {
        /// [batch, length, heads head]
        var source: ValueID
        var heads: Int, head: Int
        /// [batch, heads, head, length] instead of [batch, heads, length, head].
        var isTransposed = false
        var factor: Float = 1

        init?(_ editor: GraphEditor, _ id: ValueID) {
            var at = id
            var moved: [Int] = [0, 1, 2, 3]
            while let maker = editor.maker(of: at), let node = editor[maker] {
                if let order = node.permutation, order.count == 4, let input = node.input(0) {
                    // Axis k of the result is axis order[moved[k]] of the input.
                    moved = moved.map { order[$0] }
                    at = input
                } else if let (other, value) = FuseAttention.scale(editor, node) {
                    factor *= value
                    at = other
                } else {
                    break
                }
            }
            guard let (_, reshape) = editor.maker(of: at, "Reshape"), let source = reshape.input(0),
                let from = editor.spec(source), let to = editor.spec(at), from.rank == 3, to.rank == 4,
                from.element == .float32,
                from.shape[0] == to.shape[0], from.shape[1] == to.shape[1],
                moved == [0, 2, 1, 3] || moved == [0, 2, 3, 1]
            else { return nil }
            self.source = source
            heads = to.shape[2]
            head = to.shape[3]
            isTransposed = moved == [0, 2, 3, 1]
        }
    }
}
