import DeixisGraph

/// Slice(f(x)) => f(Slice(x))   (f works row by row, the slice takes rows, nobody else reads f(x))
///
/// A head that reads the [CLS] row alone so needs one row of the layers in front of it, back to where other rows are
/// read too: an attention's keys and values. f may take several operands by rows (a residual sum) and others whole
/// (weights, an attention's keys). `ShareEqualNodes` runs along: when both readers of a residual have been sliced,
/// their equal slices become one, and that moves on.
enum MoveSlicesUp {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("Slice"), let x = node.input(0), let spec = editor.spec(x), let result = node.outputs[0],
            let starts = editor.constant(node.input(1))?.integers, let ends = editor.constant(node.input(2))?.integers,
            starts.count == 1, ends.count == 1,
            node.inputs.count < 5 || editor.constant(node.input(4))?.integers == [1],
            let made = editor.spec(result), made.count < spec.count, editor.vanishes(x),
            let maker = editor.maker(of: x),
            var layer = editor[maker], layer.outputs.count == 1
        else { return nil }
        let given = node.input(3) == nil ? [0] : editor.constant(node.input(3))?.integers
        guard var axis = given?.first, given?.count == 1 else { return nil }
        if axis < 0 { axis += spec.rank }
        guard let operands = rows(editor, layer, spec, axis) else { return nil }
        var patch = Patch(editor, removing: [maker, id])
        var slices: [Node] = []
        for index in operands {
            guard let operand = layer.input(index), let whole = editor.spec(operand) else { return nil }
            let own = axis - spec.rank + whole.rank
            var inputs = node.inputs
            inputs[0] = operand
            if own != given?.first || inputs.count < 4 {
                while inputs.count < 4 { inputs.append(nil) }
                inputs[3] = patch.addConstant(node.name.appending("/axis"), Constant(.int64, [1], [Int64(own)]))
            }
            var shape = whole.shape
            shape[own] = made.shape[axis]
            let row = patch.addValue(editor[operand].name.appending("/rows"), TensorSpec(whole.element, shape).type)
            slices.append(Node(name: node.name, op: "Slice", inputs: inputs, outputs: [row]))
            layer.inputs[index] = row
        }
        layer.outputs = [result]
        patch.nodes = slices + [layer]
        return patch
    }

    /// Gather(f(x), i) along an axis => Squeeze(Slice(f(x), i, i + 1))   (i a number, f row by row)
    static let gather: Rule = { editor, id, node in
        guard node.isONNX("Gather"), let x = node.input(0), let spec = editor.spec(x), let output = node.outputs[0],
            let index = editor.constant(node.input(1)), index.shape.isEmpty, var at = index.integers?.first,
            let maker = editor.maker(of: x), let layer = editor[maker], editor.vanishes(x)
        else { return nil }
        var axis = node.int("axis", default: 0)
        if axis < 0 { axis += spec.rank }
        if at < 0 { at += spec.shape[axis] }
        guard spec.shape[axis] > 1, rows(editor, layer, spec, axis) != nil else { return nil }
        var patch = Patch(editor, removing: [id])
        func list(_ suffix: StaticString, _ value: Int) -> ValueID {
            patch.addConstant(node.name.appending(suffix), Constant(.int64, [1], [Int64(value)]))
        }
        let (start, end, along) = (list("/start", at), list("/end", at + 1), list("/axis", axis))
        var shape = spec.shape
        shape[axis] = 1
        let row = patch.addValue(editor[output].name.appending("/row"), TensorSpec(spec.element, shape).type)
        patch.nodes = [
            Node(name: node.name, op: "Slice", inputs: [x, start, end, along], outputs: [row]),
            Node(name: node.name, op: "Squeeze", inputs: [row, along], outputs: [output]),
        ]
        return patch
    }

    /// Which inputs of `node` follow its result's rows along `axis`; nil where one row is not computed of one row.
    private static func rows(_ editor: GraphEditor, _ node: Node, _ made: TensorSpec, _ axis: Int) -> [Int]? {
        let isInner = axis == made.rank - 1
        if node.domain == .deixis {
            switch node.op {
            case "Linear": return isInner ? nil : present(node, [0, 3])
            case "QLinear": return isInner ? nil : present(node, [0, 4])
            case "LayerNorm", "QLayerNorm": return isInner ? nil : present(node, [0, 1])
            case "QAdd": return [0, 1]
            case "QMap": return isInner ? nil : [0]
            case "Activate", "QActivate": return [0]
            case "Attention", "QAttention":
                guard axis == 1 else { return nil }
                // A bias for each query goes along; one for all stays.
                guard let bias = node.input(3), let spec = editor.spec(bias), spec.rank >= 2,
                    spec.shape[spec.rank - 2] > 1
                else { return [0] }
                return nil
            default: return nil
            }
        }
        guard node.domain.isEmpty else { return nil }
        switch node.op {
        case "Relu", "Sigmoid", "Tanh", "Gelu", "Erf", "LeakyRelu", "HardSwish", "HardSigmoid", "Neg", "Abs", "Sqrt",
            "Exp", "Cast":
            return [0]
        case "QuantizeLinear", "DequantizeLinear":
            return node.inputs.dropFirst().allSatisfy({ $0 == nil || editor.constant($0)?.count == 1 }) ? [0] : nil
        case "LayerNormalization":
            let first = node.int("axis", default: -1)
            return axis < (first < 0 ? first + made.rank : first) ? [0] : nil
        case "Add", "Sub", "Mul", "Div":
            var operands: [Int] = []
            for (i, input) in node.inputs.enumerated() {
                guard let spec = editor.spec(input) else { return nil }
                let own = axis - made.rank + spec.rank
                if own >= 0, spec.shape[own] == made.shape[axis] { operands.append(i) }
            }
            return operands
        default: return nil
        }
    }

    private static func present(_ node: Node, _ indices: [Int]) -> [Int] { indices.filter { node.input($0) != nil } }
}
