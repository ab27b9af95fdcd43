import DeixisGraph

/// Conv(x) => toPlanar(deixis.Conv(toChannelsLast(x))), and likewise MaxPool, AveragePool, Resize, QPlanarConv   (rank
/// 4, float32 or stored)
enum UseChannelsLast {
    static let toChannelsLast = [0, 2, 3, 1]
    static let toPlanar = [0, 3, 1, 2]

    static let rule: Rule = { editor, id, node in
        guard let x = node.input(0), let spec = editor.spec(x), spec.rank == 4,
            spec.element == .float32 || spec.element == .uint8,
            let output = node.outputs.first ?? nil, node.outputs.dropFirst().allSatisfy({ $0 == nil }),
            let made = editor.spec(output), let inner = channelsLast(editor, node, spec, made)
        else { return nil }
        var patch = Patch(editor, removing: [id])
        let before = patch.addValue(editor[x].name.appending("/channels-last"), spec.permuted(toChannelsLast).type)
        let after = patch.addValue(editor[output].name.appending("/channels-last"), made.permuted(toChannelsLast).type)
        var layer = inner
        layer.domain = .deixis
        layer.inputs[0] = before
        layer.outputs = [after]
        patch.nodes = [.transpose(x, toChannelsLast, to: before, name: node.name.appending("/to-channels-last"))]
        if layer.op.matches("QConv"), let residual = layer.input(4), let spec = editor.spec(residual) {
            let moved = patch.addValue(
                editor[residual].name.appending("/channels-last"), spec.permuted(toChannelsLast).type)
            patch.nodes.append(
                .transpose(residual, toChannelsLast, to: moved, name: node.name.appending("/residual-to-channels-last"))
            )
            layer.inputs[4] = moved
        }
        patch.nodes += [layer, .transpose(after, toPlanar, to: output, name: node.name.appending("/to-planar"))]
        return patch
    }

    /// The node as its channels-last operator wants it.
    private static func channelsLast(_ editor: GraphEditor, _ node: Node, _ x: TensorSpec, _ y: TensorSpec) -> Node? {
        var layer = node
        if node.isDeixis("ScaledConv") {
            guard editor.constant(node.input(1)) != nil, editor.constant(node.input(3)) != nil else { return nil }
            layer.op = "Conv"
            layer.inputs = [node.input(0), node.input(1), node.input(2), nil, node.input(3)]
            return layer
        }
        if node.isDeixis("QPlanarConv") {
            layer.op = "QConv"
            return layer
        }
        guard node.domain.isEmpty else { return nil }
        let isStored = x.element == .uint8
        switch node.op {
        case _ where isStored && !node.op.matches("MaxPool") && !node.op.matches("Resize"): return nil
        case "Conv": return editor.constant(node.input(1)) == nil ? nil : layer
        case "MaxPool": return node.int("storage_order", default: 0) == 0 ? layer : nil
        case "AveragePool": return layer
        case "Resize": return resize(editor, node, x, y)
        default: return nil
        }
    }

    /// Nearest and linear, height and width only, by the coordinate rules the kernel's tables serve.
    private static func resize(_ editor: GraphEditor, _ node: Node, _ x: TensorSpec, _ y: TensorSpec) -> Node? {
        guard x.shape[0] == y.shape[0], x.shape[1] == y.shape[1], node.int("antialias", default: 0) == 0,
            node.ints("axes") == nil,
            node.int("exclude_outside", default: 0) == 0, x.shape[2] > 0, x.shape[3] > 0
        else { return nil }
        if case .string(let policy)? = node.attribute("keep_aspect_ratio_policy"), policy != "stretch" { return nil }
        let known: [(name: Name, values: [Name])] = [
            ("mode", ["nearest", "linear"]),
            ("coordinate_transformation_mode", ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]),
            ("nearest_mode", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]),
        ]
        var layer = node
        layer.inputs = [node.input(0)]
        layer.attributes = []
        for (name, values) in known {
            guard let value = node.attribute(name) else { continue }
            guard case .string(let text) = value, values.contains(text) else { return nil }
            layer.attributes.append((name, value))
        }
        layer.attributes.append(("sizes", .ints([Int64(y.shape[2]), Int64(y.shape[3])])))
        // Where sizes are given the scale is their quotient, which no attribute holds exactly.
        if let scales = editor.constant(node.input(2)), scales.count > 0 {
            guard let given = scales.floats, given.count == 4, given.allSatisfy({ $0 > 0 && $0.isFinite }),
                given[0] == 1,
                given[1] == 1
            else { return nil }
            layer.attributes.append(("scales", .floats(Array(given[2...]))))
        }
        if x.element == .uint8, node.string("mode", default: "nearest") != "nearest" { return nil }
        return layer
    }
}

extension TensorSpec {
    /// Axis k of the result is axis order[k].
    func permuted(_ order: [Int]) -> TensorSpec { TensorSpec(element, order.map { shape[$0] }) }
}
