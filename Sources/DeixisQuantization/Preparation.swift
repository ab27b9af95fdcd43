internal import DeixisGraph
internal import DeixisRuntime

/// The graph in the form that is quantized: batch normalizations inside their convolutions, constant transposes carried
/// out. Same results, standard operators.
enum Preparation {
    static func prepare(_ graph: Graph) throws(QuantizationError) -> Graph {
        let editor = GraphEditor(graph)
        editor.rewrite(foldBatchNorm)
        editor.rewrite(foldTranspose)
        editor.removeUnused()
        do throws(GraphError) { return try editor.finish() } catch {
            throw .runtime(.invalidGraph(reason: Message(error.description)))
        }
    }

    /// BatchNormalization(Conv(x, W, b)) => Conv(x, s W, beta + (b - mean) s),   s = gamma / sqrt(variance + epsilon)
    static func foldBatchNorm(_ editor: GraphEditor, _ id: NodeID, _ node: Node) -> Patch? {
        guard node.op == "BatchNormalization", node.domain.isEmpty, node.outputs.dropFirst().allSatisfy({ $0 == nil }),
            let x = node.input(0), editor.vanishes(x), let (convID, conv) = editor.maker(of: x, "Conv"),
            let weight = editor.constant(conv.input(1)), var w = weight.floats, let channels = weight.shape.first,
            channels > 0,
            let gamma = editor.constant(node.input(1))?.floats, let beta = editor.constant(node.input(2))?.floats,
            let mean = editor.constant(node.input(3))?.floats, let variance = editor.constant(node.input(4))?.floats,
            [gamma, beta, mean, variance].allSatisfy({ $0.count == channels })
        else { return nil }
        var bias = [Float](repeating: 0, count: channels)
        if let b = conv.input(2) {
            guard let values = editor.constant(b)?.floats, values.count == channels else { return nil }
            bias = values
        }
        var epsilon: Float = 1e-5
        for case ("epsilon", .float(let value)) in node.attributes { epsilon = value }
        let per = w.count / channels
        for o in 0..<channels {
            let s = Double(gamma[o]) / (Double(variance[o]) + Double(epsilon)).squareRoot()
            bias[o] = Float(Double(beta[o]) + (Double(bias[o]) - Double(mean[o])) * s)
            for i in o * per..<(o + 1) * per { w[i] = Float(Double(w[i]) * s) }
        }
        var patch = Patch(editor, removing: [convID, id])
        let folded = patch.addConstant(conv.name + "/weight", Constant(.float32, weight.shape, w))
        let shift = patch.addConstant(conv.name + "/bias", Constant(.float32, [channels], bias))
        patch.nodes = [
            Node(
                name: conv.name, op: "Conv", inputs: [conv.input(0), folded, shift],
                outputs: [node.outputs.first ?? nil], attributes: conv.attributes)
        ]
        return patch
    }

    /// Transpose(constant matrix) => constant
    static func foldTranspose(_ editor: GraphEditor, _ id: NodeID, _ node: Node) -> Patch? {
        guard node.op == "Transpose", node.domain.isEmpty, let constant = editor.constant(node.input(0)),
            constant.shape.count == 2,
            let from = constant.floats, let output = node.outputs.first ?? nil, !editor.isOutput(output)
        else { return nil }
        for case ("perm", .ints(let perm)) in node.attributes where perm != [1, 0] { return nil }
        let rows = constant.shape[0], columns = constant.shape[1]
        var to = [Float](repeating: 0, count: from.count)
        for i in 0..<rows { for j in 0..<columns { to[j * rows + i] = from[i * columns + j] } }
        var patch = Patch(editor, removing: [id])
        let name = node.input(0).map { editor[$0].name } ?? node.name
        patch.redirect(output, to: patch.addConstant(name + "/transposed", Constant(.float32, [columns, rows], to)))
        return patch
    }
}

extension Constant {
    /// The elements of a float32 constant.
    var floats: [Float]? {
        guard type == .float32 else { return nil }
        let bytes = self.bytes
        return (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }
}
