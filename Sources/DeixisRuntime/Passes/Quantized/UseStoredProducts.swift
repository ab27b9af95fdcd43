import DeixisGraph

/// Conv(DQ(x), DQ(w), b) => QPlanarConv(x, w, b);  MatMul(DQ(x), DQ(w)) => QLinear(x, w);  Gemm likewise   (x uint8, w
/// int8 constant)
enum UseStoredProducts {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("Conv") || node.isONNX("MatMul") || node.isONNX("Gemm"),
            let (x, scale) = editor.dequantized(node.input(0)),
            let (_, dequantize) = editor.maker(of: node.input(1), "DequantizeLinear"), let w = dequantize.input(0),
            let weight = editor.constant(w), weight.type == .int8, let s = dequantize.input(1),
            let scales = editor.constant(s)?.floats,
            scales.allSatisfy({ $0 > 0 && $0.isFinite })
        else { return nil }
        var layer = node
        var axis = 0, rank = 4
        layer.domain = .deixis
        layer.op = "QPlanarConv"
        if !node.isONNX("Conv") {
            let transposed = node.isONNX("Gemm") && node.int("transB", default: 0) != 0
            if node.isONNX("Gemm") {
                guard node.int("transA", default: 0) == 0, node.float("alpha", default: 1) == 1,
                    node.float("beta", default: 1) == 1
                else { return nil }
            }
            (axis, rank) = (transposed ? 0 : 1, 2)
            layer.op = "QLinear"
            layer.attributes = transposed ? [("transB", .int(1))] : []
        }
        guard weight.shape.count == rank, weight.count > 0 else { return nil }
        let channels = weight.shape[axis], given = dequantize.int("axis", default: 1)
        guard scales.count == 1 || (scales.count == channels && (given < 0 ? given + rank : given) == axis),
            isZero(editor, dequantize.input(2)), QuantizedWeights.fits(depth: weight.count / channels)
        else { return nil }
        var patch = Patch(editor, removing: [id])
        layer.inputs = [x, w, s]
        var added: ValueID?
        if let b = node.input(2) {
            guard let bias = biasValues(editor, b, channels) else { return nil }
            if let steps = biasSteps(bias, scale, scales) {
                layer.inputs.append(
                    patch.addConstant(editor[b].name.appending("/steps"), Constant(.int32, [channels], steps)))
            } else {
                let shape = node.isONNX("Conv") ? [channels, 1, 1] : [channels]
                added = patch.addConstant(
                    editor[b].name.appending("/real"), Constant(.float32, shape, bias.map { Float($0) }))
            }
        }
        patch.nodes = [layer.storing(.x, scale)]
        if let added {
            let product = patch.addValue(node.name.appending("/product"))
            patch.nodes[0].outputs = [product]
            patch.nodes.append(
                Node(name: node.name.appending("/bias"), op: "Add", inputs: [product, added], outputs: node.outputs))
        }
        return patch
    }

    /// Zero points that are left out or all 0.
    private static func isZero(_ editor: GraphEditor, _ id: ValueID?) -> Bool {
        guard let id else { return true }
        return editor.constant(id)?.integers?.allSatisfy { $0 == 0 } ?? false
    }

    /// A bias, one number per channel: a constant, or DequantizeLinear of an int32 constant. nil for anything else.
    static func biasValues(_ editor: GraphEditor, _ id: ValueID, _ channels: Int) -> [Double]? {
        if let constant = editor.constant(id) { return biasValues(constant, channels) }
        guard let (_, node) = editor.maker(of: id, "DequantizeLinear"), let stored = editor.constant(node.input(0)),
            stored.type == .int32,
            stored.count == channels, stored.shape.last == channels, let integers = stored.integers,
            let steps = editor.constant(node.input(1))?.floats,
            steps.count == 1 || steps.count == channels, isZero(editor, node.input(2))
        else { return nil }
        return integers.indices.map { Double(integers[$0]) * Double(steps[steps.count == 1 ? 0 : $0]) }
    }

    static func biasValues(_ constant: Constant, _ channels: Int) -> [Double]? {
        guard constant.count == channels, constant.shape.last == channels else { return nil }
        return constant.floats?.map { Double($0) }
    }

    /// A bias in steps of x scale w scale[o]; nil where it is no whole number of them, unless the sum is then rounded
    /// to steps 64 times as large.
    static func biasSteps(
        _ bias: [Double], _ x: StoredScale, _ scales: [Float], roundedTo: StoredScale? = nil
    ) -> [Int32]? {
        var result: [Int32] = []
        for (o, value) in bias.enumerated() {
            let step = Double(x.scale) * Double(scales[scales.count == 1 ? 0 : o])
            let exact = value / step, whole = exact.rounded(.toNearestOrEven)
            // Half of int32, so that the sum of products cannot overflow with it.
            guard abs(whole) < 1_073_741_824 else { return nil }
            let isWhole = abs(exact - whole) <= max(0x1p-10, abs(exact) * 0x1p-22)
            guard isWhole || step * 64 <= Double(roundedTo?.scale ?? 0) else { return nil }
            result.append(Int32(whole))
        }
        return result
    }
}

/// QLinear(x, w) + b => QLinear(x, w, b);  likewise QPlanarConv   (b constant, one value per output channel)
enum FuseStoredBias {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("Add"), let a = node.input(0), let b = node.input(1), let output = node.outputs[0] else {
            return nil
        }
        for (made, added) in [(a, b), (b, a)] {
            guard let maker = editor.maker(of: made), var layer = editor[maker],
                layer.isDeixis("QLinear") || layer.isDeixis("QPlanarConv"),
                editor.vanishes(made), layer.input(3) == nil, layer.input(4) == nil,
                layer.attribute("activation") == nil, layer.stored(.y) == nil,
                let constant = editor.constant(added), let spec = editor.spec(made), let x = layer.stored(.x),
                constant.shape.count <= spec.rank,
                let scales = editor.constant(layer.input(2))?.floats
            else { continue }
            // Behind the channels of a planar image lie rows and columns.
            let behind = layer.isDeixis("QPlanarConv") ? 2 : 0, channels = spec.shape[spec.rank - 1 - behind]
            guard constant.shape.count > behind, constant.shape.suffix(behind).allSatisfy({ $0 == 1 }),
                let bias = UseStoredProducts.biasValues(constant.reshaped(constant.shape.dropLast(behind)), channels),
                let steps = UseStoredProducts.biasSteps(bias, x, scales, roundedTo: rounding(editor, output))
            else { continue }
            var patch = Patch(editor, removing: [maker, id])
            layer.inputs = Array(layer.inputs.prefix(3))
            layer.inputs.append(
                patch.addConstant(editor[added].name.appending("/steps"), Constant(.int32, [channels], steps)))
            layer.outputs = [output]
            // What the file stores in between is the product alone.
            if layer.stored(.cut) != nil { layer.attributes.append(("cut_before_bias", .int(1))) }
            patch.nodes = [layer]
            return patch
        }
        return nil
    }

    /// What `id`, or an activation that only clamps it, is rounded to.
    static func rounding(_ editor: GraphEditor, _ id: ValueID?) -> StoredScale? {
        guard let id else { return nil }
        if let (_, _, scale) = editor.quantizer(of: id) { return scale }
        for op in ["Relu", "Clip"] as [StaticString] {
            guard let (_, next) = editor.soleReader(of: id, op), next.input(0) == id, let made = next.outputs[0] else {
                continue
            }
            return editor.quantizer(of: made)?.scale
        }
        return nil
    }
}
