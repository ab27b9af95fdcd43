import DeixisGraph

// What rules ask of QuantizeLinear and DequantizeLinear.

extension GraphEditor {
    /// The scale of a QuantizeLinear or DequantizeLinear that stores a whole tensor as uint8; nil for others.
    func storedScale(_ node: Node) -> StoredScale? {
        guard node.isONNX("QuantizeLinear") || node.isONNX("DequantizeLinear"), let scale = scalar(node.input(1)),
            StoredScale.isUsable(scale)
        else { return nil }
        guard let zero = node.input(2) else {
            // Without a zero point QuantizeLinear gives uint8; what DequantizeLinear reads tells.
            guard
                node.isONNX("QuantizeLinear")
                    ? node.int("output_dtype", default: 0) == 0 : spec(node.input(0))?.element == .uint8
            else { return nil }
            return StoredScale(scale: scale, zero: 0)
        }
        guard let constant = constant(zero), constant.type == .uint8, constant.count == 1,
            let value = constant.integers?.first
        else { return nil }
        return StoredScale(scale: scale, zero: Int32(value))
    }

    /// x and its scale where `id` is DequantizeLinear(x), x stored as uint8 and not a constant.
    func dequantized(_ id: ValueID?) -> (x: ValueID, scale: StoredScale)? {
        guard let (_, node) = maker(of: id, "DequantizeLinear"), let scale = storedScale(node), let x = node.input(0),
            constant(x) == nil
        else { return nil }
        return (x, scale)
    }

    /// The only reader of `id`, if it is a QuantizeLinear to uint8 and `id` may vanish into it.
    func quantizer(of id: ValueID?) -> (id: NodeID, node: Node, scale: StoredScale)? {
        guard let (reader, node) = soleReader(of: id, "QuantizeLinear"), node.input(0) == id,
            let scale = storedScale(node)
        else { return nil }
        return (reader, node, scale)
    }
}

extension Node {
    /// With what the attributes `names` say replaced.
    func storing(_ names: StoredScale.Names, _ scale: StoredScale) -> Node {
        var node = self
        node.attributes.removeAll { $0.name == names.scale || $0.name == names.zero }
        node.attributes += scale.attributes(names)
        return node
    }

    /// The shape of its input as `quantizes(_:)` leaves it: operators that only move elements, whose results are
    /// elements of their input. (Resize by cropping fills what lies outside with a number.)
    var movesElements: Bool {
        guard domain.isEmpty, outputs.count == 1 else { return false }
        switch op {
        case "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather", "Expand", "Identity",
            "MaxPool", "Concat":
            return true
        case "Resize":
            return string("mode", default: "nearest") == "nearest"
                && string("coordinate_transformation_mode", default: "") != "tf_crop_and_resize"
        default: return false
        }
    }

    /// Which inputs are moved.
    var movedInputs: Range<Int> { op.matches("Concat") ? 0..<inputs.count : 0..<1 }
}
