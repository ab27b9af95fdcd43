import DeixisGraph

/// (Cast(x) - mean) / deviation => NormalizeImage(x, 1 / deviation, - mean / deviation)   (x uint8, channels innermost;
/// any chain of + - * /)
///
/// Only where a byte's 256 values come out the same, up to the rounding of one product and one sum: a chain may
/// overflow, or lose its digits in a large sum, where one step does not.
enum FuseImageNormalization {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("Cast"), let x = node.input(0), let spec = editor.spec(x), spec.element == .uint8,
            let channels = spec.shape.last, channels <= 16, var made = node.outputs[0],
            editor.spec(made)?.element == .float32
        else { return nil }
        var scale = [Double](repeating: 1, count: channels), shift = [Double](repeating: 0, count: channels)
        // What the chain makes of each byte, as the file says: [channels][256].
        var real = (0..<channels * 256).map { Float($0 % 256) }
        var removed = [id]
        chain: while editor.vanishes(made), let reader = editor.readers(of: made).first, let step = editor[reader],
            step.domain.isEmpty,
            step.inputs.count == 2, let output = step.outputs[0], editor.spec(output)?.shape == spec.shape
        {
            let isFirst = step.inputs[0] == made
            guard let constant = editor.constant(isFirst ? step.inputs[1] : step.inputs[0]),
                let values = constant.floats,
                values.count == 1 || (values.count == channels && constant.shape.last == channels)
            else { break }
            guard step.op == "Add" || step.op == "Mul" || isFirst && (step.op == "Sub" || step.op == "Div") else {
                break
            }
            for c in 0..<channels {
                let number = values[values.count == 1 ? 0 : c], value = Double(number)
                switch step.op {
                case "Add": shift[c] += value
                case "Sub": shift[c] -= value
                case "Mul": (scale[c], shift[c]) = (scale[c] * value, shift[c] * value)
                default: (scale[c], shift[c]) = (scale[c] / value, shift[c] / value)
                }
                for i in c * 256..<c * 256 + 256 {
                    switch step.op {
                    case "Add": real[i] += number
                    case "Sub": real[i] -= number
                    case "Mul": real[i] *= number
                    default: real[i] /= number
                    }
                }
            }
            removed.append(reader)
            made = output
        }
        guard removed.count > 1 else { return nil }
        for (i, value) in real.enumerated() {
            let product = scale[i / 256] * Double(i % 256), shift = shift[i / 256]
            // NaN and infinities pass no comparison.
            guard (product + shift - Double(value)).magnitude <= 0x1p-22 * (product.magnitude + shift.magnitude) else {
                return nil
            }
        }
        var patch = Patch(editor, removing: removed)
        let name = node.name
        let scales = patch.addConstant(
            name.appending("/scale"), Constant(.float32, [channels], scale.map { Float($0) }))
        let shifts = patch.addConstant(
            name.appending("/shift"), Constant(.float32, [channels], shift.map { Float($0) }))
        patch.nodes = [
            Node(name: name, domain: .deixis, op: "NormalizeImage", inputs: [x, scales, shifts], outputs: [made])
        ]
        return patch
    }
}

/// Conv(NormalizeImage(x, a, b), W) => Conv(x, W, a, b);  QConv(QMap(x, table), W) => QConv(x, W, table)   (an image:
/// few channels)
enum FuseImageIntoConv {
    static let rule: Rule = { editor, id, node in
        let isStored = node.isDeixis("QConv")
        guard isStored || node.isDeixis("Conv"), let between = node.input(0), editor.vanishes(between),
            let (maker, image) = editor.maker(of: between, isStored ? "QMap" : "NormalizeImage", domain: .deixis),
            let x = editor.spec(between)?.shape, x[3] <= 16, let y = editor.spec(node.outputs[0])?.shape,
            let w = editor.spec(node.input(1))?.shape,
            node.int("group", default: 1) == 1, node.input(5) == nil
        else { return nil }
        // As `deixis_conv_f32_converts`.
        let reach =
            (y[2] - 1) * (node.ints("strides")?.last ?? 1) + (w[3] - 1) * (node.ints("dilations")?.last ?? 1) + 1
        guard reach <= 2 * x[2] + 64 else { return nil }
        var layer = node
        while layer.inputs.count < 5 { layer.inputs.append(nil) }
        layer.inputs[0] = image.input(0)
        layer.inputs += image.inputs.dropFirst()
        var patch = Patch(editor, removing: [maker, id])
        patch.nodes = [layer]
        return patch
    }
}
