import DeixisGraph

/// Conv(DQ(x), DQ(w), b) => QPlanarConv(x, w, b);  MatMul(DQ(x), DQ(w)) => QLinear(x, w);  Gemm likewise   (x uint8, w int8 constant)
enum UseStoredProducts {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("Conv") || node.isONNX("MatMul") || node.isONNX("Gemm"), let (x, scale) = editor.dequantized(node.input(0)),
            let (_, dequantize) = editor.maker(of: node.input(1), "DequantizeLinear"), let w = dequantize.input(0),
            let weight = editor.constant(w), weight.type == .int8, let s = dequantize.input(1), let scales = editor.constant(s)?.floats,
            scales.allSatisfy({ $0 > 0 && $0.isFinite })
        else { return nil }
        var layer = node
        var axis = 0, rank = 4
        layer.domain = .deixis
        layer.op = "QPlanarConv"
        if !node.isONNX("Conv") {
            let transposed = node.isONNX("Gemm") && node.int("transB", default: 0) != 0
            if node.isONNX("Gemm") {
                guard node.int("transA", default: 0) == 0, node.float("alpha", default: 1) == 1, node.float("beta", default: 1) == 1 else { return nil }
            }
            (axis, rank) = (transposed ? 0 : 1, 2)
            layer.op = "QLinear"
            layer.attributes = transposed ? [("transB", .int(1))] : []
        }
        guard weight.shape.count == rank else { return nil }
        let channels = weight.shape[axis], given = dequantize.int("axis", default: 1)
        guard scales.count == 1 || (scales.count == channels && (given < 0 ? given + rank : given) == axis),
            isZero(editor, dequantize.input(2))
        else { return nil }
        var patch = Patch(editor, removing: [id])
        layer.inputs = [x, w, s]
        if let b = node.input(2) {
            guard let steps = biasSteps(editor, b, scale, scales, channels) else { return nil }
            layer.inputs.append(patch.addConstant(editor[b].name.appending("/steps"), Constant(.int32, [channels], steps)))
        }
        patch.nodes = [layer.storing(.x, scale)]
        return patch
    }

    /// Zero points that are left out or all 0.
    private static func isZero(_ editor: GraphEditor, _ id: ValueID?) -> Bool {
        guard let id else { return true }
        return editor.constant(id)?.integers?.allSatisfy { $0 == 0 } ?? false
    }

    /// A bias in steps of x scale w scale[o]: a constant, or DequantizeLinear of an int32 constant. nil for anything else.
    static func biasSteps(_ editor: GraphEditor, _ id: ValueID, _ x: StoredScale, _ scales: [Float], _ channels: Int) -> [Int32]? {
        var values: [Double]
        if let constant = editor.constant(id) {
            guard constant.type == .float32, constant.count == channels, let floats = constant.floats else { return nil }
            values = floats.map { Double($0) }
        } else {
            guard let (_, node) = editor.maker(of: id, "DequantizeLinear"), let stored = editor.constant(node.input(0)), stored.type == .int32,
                stored.count == channels, let integers = stored.integers, let steps = editor.constant(node.input(1))?.floats,
                steps.count == 1 || steps.count == channels, isZero(editor, node.input(2))
            else { return nil }
            values = integers.indices.map { Double(integers[$0]) * Double(steps[steps.count == 1 ? 0 : $0]) }
        }
        for o in 0..<channels {
            values[o] = (values[o] / (Double(x.scale) * Double(scales[scales.count == 1 ? 0 : o]))).rounded(.toNearestOrEven)
            // Half of int32, so that the sum of products cannot overflow with it.
            guard abs(values[o]) < 1_073_741_824 else { return nil }
        }
        return values.map { Int32($0) }
    }
}

/// QLinear(x, w) + b => QLinear(x, w, b);  likewise QPlanarConv   (b constant, one value per output channel)
enum FuseStoredBias {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("Add"), let a = node.input(0), let b = node.input(1), let output = node.outputs[0] else { return nil }
        for (made, added) in [(a, b), (b, a)] {
            guard let maker = editor.maker(of: made), var layer = editor[maker], layer.isDeixis("QLinear"), editor.vanishes(made),
                layer.input(3) == nil, layer.input(4) == nil, layer.attribute("activation") == nil, layer.stored(.y) == nil,
                let bias = editor.constant(added), let spec = editor.spec(made), let channels = spec.shape.last, bias.count == channels,
                bias.shape.last == channels, bias.shape.count <= spec.rank, let x = layer.stored(.x),
                let scales = editor.constant(layer.input(2))?.floats,
                let steps = UseStoredProducts.biasSteps(editor, added, x, scales, channels)
            else { continue }
            var patch = Patch(editor, removing: [maker, id])
            layer.inputs = Array(layer.inputs.prefix(3))
            layer.inputs.append(patch.addConstant(editor[added].name.appending("/steps"), Constant(.int32, [channels], steps)))
            layer.outputs = [output]
            patch.nodes = [layer]
            return patch
        }
        return nil
    }
}
