import DeixisGraph

/// f(toPlanar(x)) => toPlanar(f(x)) for elementwise f and Concat;  Transpose(Transpose(x, p), q) => Transpose(x, p q)
enum MoveTransposes {
    static let compose: Rule = { editor, id, node in
        guard let outer = node.permutation, let middle = node.input(0),
            let (_, below) = editor.maker(of: middle, "Transpose"),
            let inner = below.permutation, inner.count == outer.count, let x = below.input(0),
            let output = node.outputs[0]
        else { return nil }
        let order = outer.map { inner[$0] }
        var patch = Patch(editor, removing: [id])
        if order == Array(0..<order.count) {
            patch.redirect(output, to: x)
        } else {
            patch.nodes = [.transpose(x, order, to: output, name: node.name)]
        }
        return patch
    }

    /// Readers of a planar view of channels-last memory read the memory instead.
    static let moveDown: Rule = { editor, id, node in
        guard let output = node.outputs.first ?? nil, node.outputs.count == 1, let made = editor.spec(output),
            made.rank == 4
        else { return nil }
        var patch = Patch(editor, removing: [id])
        var moved = node
        if isElementwise(node) {
            guard let below = source(editor, node.input(0)) else { return nil }
            moved.inputs[0] = below
        } else if node.isDeixis("QAdd") {
            guard let a = source(editor, node.input(0)), let b = source(editor, node.input(1)) else { return nil }
            moved.inputs = [a, b]
        } else if isBinary(node), let a = node.input(0), let b = node.input(1) {
            guard source(editor, a) != nil || source(editor, b) != nil, let x = operand(editor, a, &patch),
                let y = operand(editor, b, &patch)
            else { return nil }
            moved.inputs = [x, y]
        } else if node.isONNX("Concat") {
            var inputs: [ValueID?] = []
            for input in node.inputs {
                guard let below = source(editor, input) else { return nil }
                inputs.append(below)
            }
            let axis = node.int("axis", default: 0)
            moved.inputs = inputs
            moved.attributes = [("axis", .int(Int64(UseChannelsLast.toPlanar[axis < 0 ? axis + 4 : axis])))]
        } else {
            return nil
        }
        let inner = patch.addValue(
            editor[output].name.appending("/channels-last"), made.permuted(UseChannelsLast.toChannelsLast).type)
        moved.outputs = [inner]
        patch.nodes = [
            moved, .transpose(inner, UseChannelsLast.toPlanar, to: output, name: node.name.appending("/to-planar")),
        ]
        return patch
    }

    /// Transpose(Reshape(toPlanar(x), [b, c, h w]), [0, 2, 1]) => Reshape(x, [b, h w, c]), and the way back.
    static let tokens: Rule = { editor, id, node in
        guard let order = node.permutation, let flat = node.input(0),
            let (_, reshape) = editor.maker(of: flat, "Reshape"),
            let planar = reshape.input(0), let from = editor.spec(planar), let to = editor.spec(flat),
            let output = node.outputs[0],
            let made = editor.spec(output)
        else { return nil }
        let x: ValueID
        if order == [0, 2, 1], from.rank == 4,
            to.shape == [from.shape[0], from.shape[1], from.shape[2] * from.shape[3]],
            let below = source(editor, planar)
        {
            x = below
        } else if order == UseChannelsLast.toChannelsLast, from.rank == 3,
            from.shape == [to.shape[0], to.shape[1], to.shape[2] * to.shape[3]],
            let (_, transpose) = editor.maker(of: planar, "Transpose"), transpose.permutation == [0, 2, 1],
            let below = transpose.input(0)
        {
            x = below
        } else {
            return nil
        }
        var patch = Patch(editor, removing: [id])
        let shape = patch.addConstant(
            node.name.appending("/shape"), Constant(.int64, [made.rank], made.shape.map { Int64($0) }))
        // A file's 0 would copy an extent; these are all meant.
        patch.nodes = [
            Node(
                name: node.name, op: "Reshape", inputs: [x, shape], outputs: [output],
                attributes: [("allowzero", .int(1))])
        ]
        return patch
    }

    /// x where `id` is toPlanar(x).
    private static func source(_ editor: GraphEditor, _ id: ValueID?) -> ValueID? {
        guard let (_, node) = editor.maker(of: id, "Transpose"), node.permutation == UseChannelsLast.toPlanar else {
            return nil
        }
        return node.input(0)
    }

    /// An operand of a binary node in channels-last order: moved, a scalar, or a constant with one value per channel.
    private static func operand(_ editor: GraphEditor, _ id: ValueID, _ patch: inout Patch) -> ValueID? {
        if let below = source(editor, id) { return below }
        guard let constant = editor.constant(id) else { return nil }
        if constant.count == 1 { return constant.shape.count <= 4 ? id : nil }
        let padded = [Int](repeating: 1, count: max(0, 4 - constant.shape.count)) + constant.shape
        guard padded.count == 4, padded[1] == constant.count else { return nil }
        return patch.addConstant(editor[id].name.appending("/flat"), constant.reshaped([constant.count]))
    }

    private static func isElementwise(_ node: Node) -> Bool {
        if node.isDeixis("Activate") || node.isDeixis("QActivate") { return true }
        guard node.domain.isEmpty else { return false }
        switch node.op {
        case "Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "HardSwish", "Gelu", "Erf", "Exp", "Log", "Sqrt",
            "Reciprocal", "Neg", "Abs",
            "Clip", "Elu", "Softplus", "Softsign", "Cast", "Identity":
            return true
        default: return false
        }
    }

    private static func isBinary(_ node: Node) -> Bool {
        guard node.domain.isEmpty else { return false }
        switch node.op {
        case "Add", "Sub", "Mul", "Div": return true
        default: return false
        }
    }
}
