import DeixisGraph

/// What follows a product happens in its kernel: f is QLinear, QPlanarConv or QAdd with a float32 result that nobody
/// else reads.
///
///     ReLU(f(x)), Clip(f(x)) => f(x, activation);   f(x) + r, f(x) + DQ(r) => f(x, r);   Q(f(x)) => f(x) stored
enum FuseStoredTail {
    static let activation: Rule = { editor, id, node in
        guard let activation = FuseActivation.activation(editor, node),
            activation.function == 1 || activation.function == 2,
            let (maker, layer) = producer(editor, node.input(0)), layer.attribute("activation") == nil
        else { return nil }
        var fused = layer
        fused.attributes += activation.attributes
        fused.outputs = node.outputs
        return replace(editor, [maker, id], fused)
    }

    static let residual: Rule = { editor, id, node in
        guard node.isONNX("Add"), let a = node.input(0), let b = node.input(1), a != b, let output = node.outputs[0],
            let spec = editor.spec(output), editor.spec(a) == spec, editor.spec(b) == spec
        else { return nil }
        for (made, other) in [(a, b), (b, a)] {
            guard let (maker, layer) = producer(editor, made), !layer.isDeixis("QAdd"), layer.input(4) == nil,
                layer.attribute("activation") == nil
            else { continue }
            var fused = layer
            while fused.inputs.count < 5 { fused.inputs.append(nil) }
            fused.inputs[4] = other
            if let (x, scale) = editor.dequantized(other) {
                fused.inputs[4] = x
                fused = fused.storing(.residual, scale)
            }
            fused.outputs = [output]
            return replace(editor, [maker, id], fused)
        }
        return nil
    }

    static let quantize: Rule = { editor, id, node in
        guard node.isONNX("QuantizeLinear"), let scale = editor.storedScale(node),
            let (maker, layer) = producer(editor, node.input(0))
        else { return nil }
        var fused = layer.storing(.y, scale)
        fused.outputs = node.outputs
        return replace(editor, [maker, id], fused)
    }

    /// DQ(Q(f(x))) + r => f(x) + r   (f a convolution that nobody else reads, or a product and r its bias)
    ///
    /// The sum happens in the kernel, before anything is rounded to a byte: one rounding less than the file asks for.
    /// What bytes could not hold is cut off all the same: quantizers leave ReLU and ReLU6 to the zero point, and choose
    /// ranges narrower than the values. r stays as stored: were it left unrounded too, it would lie in memory as
    /// float32. Where the sum is rounded to steps much finer than the product's, the product's rounding stays.
    static let sumBeforeRounding: Rule = { editor, id, node in
        guard node.isONNX("Add"), node.inputs.count == 2 else { return nil }
        for i in 0..<2 {
            guard let real = node.input(i), editor.vanishes(real), let (stored, scale) = editor.dequantized(real),
                editor.vanishes(stored),
                let (quantizeID, quantize) = editor.maker(of: stored, "QuantizeLinear"),
                editor.storedScale(quantize) == scale,
                let (layerID, layer) = producer(editor, quantize.input(0)),
                layer.isDeixis("QPlanarConv")
                    || (layer.isDeixis("QLinear") && layer.input(3) == nil
                        && isBias(editor, node.input(1 - i), of: real)),
                layer.input(4) == nil, layer.attribute("activation") == nil, layer.stored(.cut) == nil,
                scale.scale <= 2 * (FuseStoredBias.rounding(editor, node.outputs[0])?.scale ?? .infinity),
                !isLayer(editor, node.input(1 - i)),
                let dequantizeID = editor.maker(of: real)
            else { continue }
            var patch = Patch(editor, removing: [layerID, quantizeID, dequantizeID, id])
            var sum = node
            sum.inputs[i] = quantize.input(0)
            patch.nodes = [layer.storing(.cut, scale), sum]
            return patch
        }
        return nil
    }

    /// A sum that a kernel leaves unrounded.
    private static func isLayer(_ editor: GraphEditor, _ id: ValueID?) -> Bool {
        editor.maker(of: id).flatMap { editor[$0] }.map { $0.isDeixis("QPlanarConv") || $0.isDeixis("QLinear") }
            ?? false
    }

    /// DQ(a) + b, DQ(a) + DQ(b) => QAdd(a, b)
    static let add: Rule = { editor, id, node in
        guard node.isONNX("Add"), let a = node.input(0), let b = node.input(1), let output = node.outputs[0],
            let spec = editor.spec(output)
        else { return nil }
        for (first, second) in [(a, b), (b, a)] {
            guard let (x, scale) = editor.dequantized(first), editor.spec(first) == spec else { continue }
            var patch = Patch(editor, removing: [id])
            var sum = Node(name: node.name, domain: .deixis, op: "QAdd", inputs: [x, second], outputs: node.outputs)
                .storing(.x, scale)
            if let (y, other) = editor.dequantized(second) {
                sum.inputs[1] = y
                sum = sum.storing(.residual, other)
            }
            if let constant = editor.constant(second), constant.shape != spec.shape {
                // A constant that lacks leading axes of extent 1.
                guard constant.count == spec.count, constant.type == .float32 else { continue }
                sum.inputs[1] = patch.addConstant(editor[second].name.appending("/full"), constant.reshaped(spec.shape))
            } else if editor.spec(second) != spec {
                continue
            }
            patch.nodes = [sum]
            return patch
        }
        return nil
    }

    /// `id` is a constant with one value per channel of `value`.
    private static func isBias(_ editor: GraphEditor, _ id: ValueID?, of value: ValueID) -> Bool {
        guard let constant = editor.constant(id), let channels = editor.spec(value)?.shape.last else { return false }
        return constant.type == .float32 && constant.count == channels && constant.shape.last == channels
    }

    /// The maker of `id`, if what follows may happen in its kernel.
    private static func producer(_ editor: GraphEditor, _ id: ValueID?) -> (id: NodeID, node: Node)? {
        guard let id, editor.vanishes(id), let maker = editor.maker(of: id), let node = editor[maker],
            node.isDeixis("QLinear") || node.isDeixis("QPlanarConv") || node.isDeixis("QAdd"), node.stored(.y) == nil
        else { return nil }
        return (maker, node)
    }

    private static func replace(_ editor: GraphEditor, _ removed: [NodeID], _ node: Node) -> Patch {
        var patch = Patch(editor, removing: removed)
        patch.nodes = [node]
        return patch
    }
}
