import CDeixisKernels
import DeixisGraph

/// What only moves elements moves them stored:
///
///     move(DQ(x)) => DQ(move(x));   Q(move(x)) => move(Q(x));   Q(DQ(x)) => x, or QMap(x) where the scales differ
enum MoveQuantization {
    static let down: Rule = { editor, id, node in
        guard node.movesElements, let output = node.outputs[0], let made = editor.spec(output) else { return nil }
        var moved = node
        var scale: StoredScale?
        var constants: [ValueID?] = []
        for i in node.movedInputs {
            guard let (x, own) = editor.dequantized(node.input(i)), scale == nil || scale == own,
                let (_, dequantize) = editor.maker(of: node.input(i), "DequantizeLinear")
            else { return nil }
            scale = own
            moved.inputs[i] = x
            constants = Array(dequantize.inputs.dropFirst())
        }
        guard scale != nil else { return nil }
        var patch = Patch(editor, removing: [id])
        let inner = patch.addValue(editor[output].name.appending("/stored"), TensorSpec(.uint8, made.shape).type)
        moved.outputs = [inner]
        patch.nodes = [
            moved,
            Node(
                name: node.name.appending("/dequantize"), op: "DequantizeLinear", inputs: [inner] + constants,
                outputs: [output]),
        ]
        return patch
    }

    static let up: Rule = { editor, id, node in
        guard node.isONNX("QuantizeLinear"), editor.storedScale(node) != nil, let x = node.input(0), editor.vanishes(x),
            let maker = editor.maker(of: x), var moved = editor[maker], moved.movesElements,
            let output = node.outputs[0]
        else { return nil }
        var patch = Patch(editor, removing: [maker, id])
        patch.nodes = []
        for i in moved.movedInputs {
            guard let source = moved.input(i), let spec = editor.spec(source), spec.element == .float32 else {
                return nil
            }
            let inner = patch.addValue(editor[source].name.appending("/stored"), TensorSpec(.uint8, spec.shape).type)
            patch.nodes.append(
                Node(
                    name: node.name, op: "QuantizeLinear", inputs: [source] + node.inputs.dropFirst(), outputs: [inner],
                    attributes: node.attributes))
            moved.inputs[i] = inner
        }
        moved.outputs = [output]
        patch.nodes.append(moved)
        return patch
    }

    static let cancel: Rule = { editor, id, node in
        guard node.isONNX("QuantizeLinear"), let to = editor.storedScale(node),
            let (x, from) = editor.dequantized(node.input(0)),
            let output = node.outputs[0]
        else { return nil }
        var patch = Patch(editor, removing: [id])
        if from == to {
            patch.redirect(output, to: x)
            return patch
        }
        let table = (0..<256).map { q in quantize(from.real(Int32(q)), to) }
        let id = patch.addConstant(node.name.appending("/table"), Constant(.uint8, [1, 256], table))
        patch.nodes = [Node(name: node.name, domain: .deixis, op: "QMap", inputs: [x, id], outputs: [output])]
        return patch
    }

    /// Q(NormalizeImage(x, a, b)) => QMap(x, table of Q(a[c] x + b[c]))
    static let image: Rule = { editor, id, node in
        guard node.isONNX("QuantizeLinear"), let to = editor.storedScale(node), let between = node.input(0),
            editor.vanishes(between),
            let (made, normalize) = editor.maker(of: between, "NormalizeImage", domain: .deixis),
            let x = normalize.input(0),
            let scale = editor.constant(normalize.input(1))?.floats,
            let shift = editor.constant(normalize.input(2))?.floats,
            scale.count <= 1 << 12
        else { return nil }
        var table: [UInt8] = []
        for c in scale.indices { for q in 0..<256 { table.append(quantize(Float(q) * scale[c] + shift[c], to)) } }
        var patch = Patch(editor, removing: [made, id])
        let constant = patch.addConstant(node.name.appending("/table"), Constant(.uint8, [scale.count, 256], table))
        patch.nodes = [
            Node(name: normalize.name, domain: .deixis, op: "QMap", inputs: [x, constant], outputs: node.outputs)
        ]
        return patch
    }

    /// Q(f(DQ(x))) => QMap(x, table of Q(f(.)))
    static let map: Rule = { editor, id, node in
        guard let activation = FuseActivation.activation(editor, node),
            let (x, from) = editor.dequantized(node.input(0)),
            let (quantizeID, quantize, to) = editor.quantizer(of: node.outputs[0])
        else { return nil }
        return table(editor, [id, quantizeID], node.name, x, from, to, quantize.outputs, activation) { $0 }
    }

    /// Q(DQ(x) o c) => QMap(x, table of Q(. o c)), o being + - * / and c a number;  Q(Erf(DQ(x) o c)) => QMap(x, table
    /// of Q(Erf(. o c)))
    static let arithmetic: Rule = { editor, id, node in
        guard let (quantizeID, quantize, to) = editor.quantizer(of: node.outputs.first ?? nil) else { return nil }
        var removed = [id, quantizeID], inner: ValueID? = node.outputs.first ?? nil, last = Activation.identity
        if node.isONNX("Erf") {
            inner = node.input(0)
            last = Activation(function: Int32(DEIXIS_UNARY_ERF.rawValue))
        }
        var step: (Float) -> Float = { $0 }
        if let made = inner, let maker = editor.maker(of: made), let scaling = editor[maker],
            let (other, function) = withNumber(editor, scaling)
        {
            guard maker == id || editor.vanishes(made) else { return nil }
            if maker != id { removed.append(maker) }
            (inner, step) = (other, function)
        } else if inner == node.outputs.first ?? nil {
            return nil
        }
        guard let (x, from) = editor.dequantized(inner) else { return nil }
        return table(editor, removed, node.name, x, from, to, quantize.outputs, last, step)
    }

    /// The other operand of + - * / with a number, and what is done to it.
    private static func withNumber(_ editor: GraphEditor, _ node: Node) -> (other: ValueID, function: (Float) -> Float)?
    {
        guard node.domain.isEmpty, let (other, c) = editor.scalarOperand(node) else { return nil }
        let isFirst = node.input(0) == other
        switch node.op {
        case "Add": return (other, { $0 + c })
        case "Mul": return (other, { $0 * c })
        case "Sub": return (other, { isFirst ? $0 - c : c - $0 })
        case "Div": return (other, { isFirst ? $0 / c : c / $0 })
        default: return nil
        }
    }

    /// QMap(QMap(x, s), t) => QMap(x, t[s])
    static let compose: Rule = { editor, id, node in
        guard let between = node.input(0), editor.vanishes(between),
            let (first, map) = editor.maker(of: between, "QMap", domain: .deixis),
            let t = editor.constant(node.input(1)), let s = editor.constant(map.input(1)), t.count == 256
        else { return nil }
        let second = t.bytes, composed = s.bytes.map { second[Int($0)] }
        var patch = Patch(editor, removing: [first, id])
        let constant = patch.addConstant(node.name.appending("/table"), Constant(.uint8, s.shape, composed))
        patch.nodes = [
            Node(name: node.name, domain: .deixis, op: "QMap", inputs: [map.input(0), constant], outputs: node.outputs)
        ]
        return patch
    }

    /// Q(f(g(DQ(x)))) as a table of 256.
    private static func table(
        _ editor: GraphEditor, _ removed: [NodeID], _ name: Name, _ x: ValueID, _ from: StoredScale, _ to: StoredScale,
        _ outputs: [ValueID?],
        _ f: Activation, _ g: (Float) -> Float
    ) -> Patch {
        let values = (0..<256).map { g(from.real(Int32($0))) }
        var table = [UInt8](repeating: 0, count: 256)
        deixis_quantize_u8_select(0).pointee.quantize(f.kernel, values, to.scale, to.zero, &table, 256)
        var patch = Patch(editor, removing: removed)
        let constant = patch.addConstant(name.appending("/table"), Constant(.uint8, [1, 256], table))
        patch.nodes = [Node(name: name, domain: .deixis, op: "QMap", inputs: [x, constant], outputs: outputs)]
        return patch
    }

    private static func quantize(_ x: Float, _ to: StoredScale) -> UInt8 {
        UInt8(max(0, min(255, (x / to.scale).rounded(.toNearestOrEven) + Float(to.zero))))
    }
}
