import DeixisGraph

/// DequantizeLinear(QuantizeLinear(x, s, z)) => the same with z + 128   (z int8, one for all)
///
/// Kernels store activations as uint8; q + 128 with zero point z + 128 means the same number.
enum UseUnsigned {
    static let rule: Rule = { editor, id, node in
        guard node.isONNX("QuantizeLinear"), let (scale, zero) = signed(editor, node), let stored = node.outputs[0],
            !editor.isOutput(stored)
        else { return nil }
        var patch = Patch(editor, removing: [id])
        let shifted = patch.addConstant(node.name.appending("/unsigned"), Constant(.uint8, [], [zero]))
        let value = patch.addValue(editor[stored].name.appending("/unsigned"))
        var quantize = node
        quantize.inputs = [node.input(0), scale, shifted]
        quantize.outputs = [value]
        quantize.attributes = []
        patch.nodes = [quantize]
        for reader in editor.readers(of: stored) {
            guard var dequantize = editor[reader], dequantize.isONNX("DequantizeLinear"),
                let (ownScale, ownZero) = signed(editor, dequantize), ownZero == zero, dequantize.input(0) == stored
            else { return nil }
            dequantize.inputs = [value, ownScale, shifted]
            dequantize.attributes = []
            patch.nodes.append(dequantize)
            patch.removed.append(reader)
        }
        return patch
    }

    private static func signed(_ editor: GraphEditor, _ node: Node) -> (scale: ValueID, zero: UInt8)? {
        guard let scale = node.input(1), editor.scalar(scale) != nil, let zero = editor.constant(node.input(2)),
            zero.type == .int8, zero.count == 1, let value = zero.integers?.first
        else { return nil }
        return (scale, UInt8(value + 128))
    }
}
