import DeixisGraph

/// x (1 + erf(x / sqrt 2)) / 2 => Gelu(x), in whichever order an exporter multiplies
enum FuseGelu {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("Erf"), let scaled = node.input(0), let erf = node.outputs[0],
            let maker = editor.maker(of: scaled), let division = editor[maker], let x = divided(editor, division),
            let (sumID, sum) = editor.soleReader(of: erf, "Add"), let one = editor.scalarOperand(sum), one.scalar == 1,
            let (firstID, first) = editor.soleReader(of: sum.outputs[0], "Mul"), let a = first.input(0),
            let b = first.input(1)
        else { return nil }
        let other = a == sum.outputs[0] ? b : a
        var removed = [id, sumID, firstID]
        if editor.vanishes(scaled) { removed.append(maker) }
        var output = first.outputs[0]
        if let (halfID, half) = editor.maker(of: other, "Mul"), let operand = editor.scalarOperand(half),
            operand.scalar == 0.5,
            operand.other == x
        {
            if editor.vanishes(other) { removed.append(halfID) }
        } else {
            guard let (lastID, last) = editor.soleReader(of: first.outputs[0], "Mul") else { return nil }
            if other == x {
                guard let operand = editor.scalarOperand(last), operand.scalar == 0.5 else { return nil }
            } else {
                guard editor.scalarOperand(first)?.scalar == 0.5, last.inputs.contains(x) else { return nil }
            }
            removed.append(lastID)
            output = last.outputs[0]
        }
        guard editor.spec(x)?.element == .float32 else { return nil }
        var patch = Patch(editor, removing: removed)
        patch.nodes = [
            Node(
                name: node.name, domain: .deixis, op: "Activate", inputs: [x], outputs: [output],
                attributes: Activation(function: 4).attributes)
        ]
        return patch
    }

    /// x where `node` is x / sqrt 2.
    private static func divided(_ editor: GraphEditor, _ node: Node) -> ValueID? {
        guard let operand = editor.scalarOperand(node) else { return nil }
        if node.isONNX("Div"), operand.other == node.input(0), abs(operand.scalar - 1.41421356) < 1e-6 {
            return operand.other
        }
        if node.isONNX("Mul"), abs(operand.scalar - 0.70710678) < 1e-6 { return operand.other }
        return nil
    }
}
