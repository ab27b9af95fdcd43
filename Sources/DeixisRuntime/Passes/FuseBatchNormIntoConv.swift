import DeixisGraph

/// BatchNormalization(Conv(x, W, b)) => ScaledConv(x, W, beta + (b - mean) s, s),   s = gamma / sqrt(variance +
/// epsilon)
enum FuseBatchNormIntoConv {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("BatchNormalization"), node.int("training_mode", default: 0) == 0, let x = node.input(0),
            editor.vanishes(x),
            node.outputs.dropFirst().allSatisfy({ $0 == nil }),
            let (convID, conv) = editor.maker(of: x, "Conv"), let w = conv.input(1), let weight = editor.constant(w),
            weight.type == .float32,
            let gamma = editor.constant(node.input(1))?.floats, let beta = editor.constant(node.input(2))?.floats,
            let mean = editor.constant(node.input(3))?.floats, let variance = editor.constant(node.input(4))?.floats
        else { return nil }
        guard let channels = weight.shape.first else { return nil }
        var bias = [Float](repeating: 0, count: channels)
        if let b = conv.input(2) {
            guard let values = editor.constant(b)?.floats, values.count == channels else { return nil }
            bias = values
        }
        guard [gamma, beta, mean, variance].allSatisfy({ $0.count == channels }) else { return nil }
        let epsilon = Double(node.float("epsilon", default: 1e-5))
        var scale = [Float](repeating: 0, count: channels)
        for o in 0..<channels {
            let s = Double(gamma[o]) / (Double(variance[o]) + epsilon).squareRoot()
            scale[o] = Float(s)
            bias[o] = Float(Double(beta[o]) + (Double(bias[o]) - Double(mean[o])) * s)
        }
        var patch = Patch(editor, removing: [convID, id])
        let shift = patch.addConstant(node.name.appending("/shift"), Constant(.float32, [channels], bias))
        let factor = patch.addConstant(node.name.appending("/scale"), Constant(.float32, [channels], scale))
        patch.nodes = [
            Node(
                name: conv.name, domain: .deixis, op: "ScaledConv", inputs: [conv.input(0), w, shift, factor],
                outputs: [node.outputs[0]],
                attributes: conv.attributes)
        ]
        return patch
    }
}
