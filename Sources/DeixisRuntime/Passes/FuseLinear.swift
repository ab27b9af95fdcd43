import DeixisGraph

/// MatMul(x, W) => Linear(x, W);  MatMul(x, Transpose(W)) => Linear(x, W, transB);  Gemm(x, W, c) => Linear(x, W, c)
/// (W constant, rank 2)
enum FuseLinear {
    static let rule: Rule = { editor, id, node in
        guard node.domain.isEmpty, let x = node.input(0), let b = node.input(1) else { return nil }
        if node.isONNX("MatMul") {
            if let weight = editor.constant(b), weight.type == .float32, weight.shape.count == 2 {
                return replace(editor, id, node, [x, b], transposed: false)
            }
            if let (_, transpose) = editor.maker(of: b, "Transpose"), let source = transpose.input(0),
                let weight = editor.constant(source), weight.type == .float32, weight.shape.count == 2,
                transpose.permutation ?? [1, 0] == [1, 0]
            {
                return replace(editor, id, node, [x, source], transposed: true)
            }
            return nil
        }
        guard node.isONNX("Gemm"), let weight = editor.constant(b), weight.type == .float32, weight.shape.count == 2,
            node.int("transA", default: 0) == 0, node.float("alpha", default: 1) == 1,
            node.float("beta", default: 1) == 1
        else { return nil }
        let transposed = node.int("transB", default: 0) != 0
        guard let c = node.input(2) else { return replace(editor, id, node, [x, b], transposed: transposed) }
        guard let bias = editor.constant(c), bias.shape == [weight.shape[transposed ? 0 : 1]] else { return nil }
        return replace(editor, id, node, [x, b, c], transposed: transposed)
    }

    private static func replace(
        _ editor: GraphEditor, _ id: NodeID, _ node: Node, _ inputs: [ValueID?], transposed: Bool
    ) -> Patch {
        var patch = Patch(editor, removing: [id])
        patch.nodes = [
            Node(
                name: node.name, domain: .deixis, op: "Linear", inputs: inputs, outputs: node.outputs,
                attributes: transposed ? [("transB", .int(1))] : [])
        ]
        return patch
    }
}
