internal import DeixisGraph
import DeixisRuntime

/// Writes a prepared graph anew with what is stored as uint8 between QuantizeLinear and DequantizeLinear.
struct QuantizedGraphWriter {
    private let selection: Selection
    private let parameters: [Int: ActivationParameters]
    private let calibration: Calibration
    private let options: QuantizationOptions
    private var graph: Graph
    /// What readers of a value read now.
    private var replaced: [ValueID: ValueID] = [:]
    private var scalars: [Int: (scale: ValueID, zero: ValueID)] = [:]
    /// Inputs of bias additions, settled when the product was written.
    private var biases: [Int: [(input: Int, value: ValueID)]] = [:]

    init(
        _ selection: Selection, parameters: [Int: ActivationParameters], _ calibration: Calibration,
        _ options: QuantizationOptions
    ) {
        (self.selection, self.parameters, self.calibration, self.options) = (
            selection, parameters, calibration, options
        )
        graph = selection.graph
    }

    mutating func write() -> Graph {
        let nodes = graph.nodes
        graph.nodes = []
        for id in graph.inputs { store(id, named: graph[id].name) }
        let computes = Dictionary(selection.computes.map { ($0.node, $0) }, uniquingKeysWith: { a, _ in a })
        for (index, original) in nodes.enumerated() {
            var node = original
            node.inputs = node.inputs.map { $0.map { replaced[$0] ?? $0 } }
            for (input, value) in biases[index] ?? [] { node.inputs[input] = value }
            if let compute = computes[index] { quantizeWeights(&node, original, compute, nodes) }
            if original.op == "Gather", !options.keepFloat.contains(node.name), quantizeEmbedding(node) { continue }
            graph.nodes.append(node)
            for case let output? in node.outputs { store(output, named: graph[output].name) }
        }
        dropUnusedConstants()
        return graph
    }

    // MARK: Activations

    private mutating func store(_ id: ValueID, named name: Name) {
        guard selection.isStored[id.index], let p = parameters[selection.group(id)] else { return }
        let (scale, zero) = scalar(selection.group(id), p, name)
        let q = graph.addNode("QuantizeLinear", [id, scale, zero], name: name + "/QuantizeLinear")
        replaced[id] = graph.addNode("DequantizeLinear", [q, scale, zero], name: name + "/DequantizeLinear")
    }

    private mutating func scalar(_ group: Int, _ p: ActivationParameters, _ name: Name) -> (
        scale: ValueID, zero: ValueID
    ) {
        if let known = scalars[group] { return known }
        let made = (
            scale: graph.addConstant(name + "/scale", Constant(.float32, [], [p.scale])),
            zero: graph.addConstant(name + "/zero_point", Constant(.uint8, [], [p.zero]))
        )
        scalars[group] = made
        return made
    }

    // MARK: Weights

    private mutating func quantizeWeights(
        _ node: inout Node, _ original: Node, _ compute: Selection.Compute, _ nodes: [Node]
    ) {
        guard let axis = compute.weightAxis, let x = original.input(0), let input = parameters[selection.group(x)],
            let id = original.input(1),
            let weight = graph.constants[id], let values = weight.floats, weight.shape.indices.contains(axis)
        else { return }
        let channels = weight.shape[axis], inner = weight.shape[(axis + 1)...].reduce(1, *)
        let stored = QuantizedWeights(values, channels: channels) { $0 / inner % channels }
        let name = graph[id].name
        let q = graph.addConstant(name + "/quantized", Constant(.int8, weight.shape, stored.values))
        let scale = graph.addConstant(name + "/scale", Constant(.float32, [channels], stored.scales))
        let zero = graph.addConstant(
            name + "/zero_point", Constant(.int8, [channels], [Int8](repeating: 0, count: channels)))
        node.inputs[1] = dequantize(q, scale, zero, axis: axis, name)

        let shift = options.biasCorrection ? meanError(values, stored, weight.shape, axis, x) : nil
        let from: ValueID?
        if let bias = compute.bias { from = nodes[bias.node].inputs[bias.input] } else { from = original.input(2) }
        var bias = from.flatMap { graph.constants[$0] }.flatMap { constant in
            constant.count == channels ? constant.floats : nil
        }
        if bias == nil {
            // A bias of another shape stays; a convolution without one gets one for the correction.
            guard from == nil, original.op == "Conv", shift != nil else { return }
            bias = [Float](repeating: 0, count: channels)
        }
        guard var bias else { return }
        var units = [Int32](repeating: 0, count: channels), scales = [Float](repeating: 1, count: channels)
        for o in 0..<channels {
            bias[o] -= Float(shift?[o] ?? 0)
            scales[o] = input.scale * stored.scales[o]
            let steps = Double(bias[o]) / Double(scales[o])
            units[o] = Int32(max(-2_147_483_520, min(2_147_483_520, steps.rounded(.toNearestOrEven))))
        }
        let base = from.map { graph[$0].name } ?? node.name + "/bias"
        let shape = from.flatMap { graph.constants[$0] }?.shape ?? [channels]
        let axisOfBias = shape.lastIndex(of: channels) ?? 0
        let whole = graph.addConstant(base + "/quantized", Constant(.int32, shape, units))
        let steps = graph.addConstant(base + "/scale", Constant(.float32, [channels], scales))
        let value = dequantize(whole, steps, nil, axis: axisOfBias, base)
        if let place = compute.bias {
            biases[place.node, default: []].append((place.input, value))
        } else if node.inputs.count > 2 {
            node.inputs[2] = value
        } else {
            node.inputs.append(value)
        }
    }

    /// Per output channel: sum over inputs k of (stored - w)[k] times the mean of input k. Borders of padded images
    /// count like the inside.
    private func meanError(_ w: [Float], _ stored: QuantizedWeights, _ shape: [Int], _ axis: Int, _ x: ValueID)
        -> [Double]?
    {
        guard let means = calibration.channelMeans(of: x) else { return nil }
        let channels = shape[axis], inner = shape[(axis + 1)...].reduce(1, *)
        // Input channel of element i: axis 1 of [O, I, ...], or the other axis of a matrix.
        let per = axis == 0 ? shape[1...].reduce(1, *) : 0, taps = axis == 0 ? shape[2...].reduce(1, *) : 0
        guard axis == 0 ? shape.count >= 2 && shape[1] == means.count : shape[0] == means.count else { return nil }
        var shift = [Double](repeating: 0, count: channels)
        for i in w.indices {
            let o = i / inner % channels, k = axis == 0 ? i % per / taps : i / channels
            shift[o] += (Double(stored.values[i]) * Double(stored.scales[o]) - Double(w[i])) * means[k]
        }
        return shift
    }

    /// Gather(table, ids) => DequantizeLinear(Gather(int8 table, ids)), one scale per column.
    private mutating func quantizeEmbedding(_ node: Node) -> Bool {
        guard let id = node.input(0), let table = graph.constants[id], table.shape.count == 2, table.shape[0] > 1,
            let values = table.floats,
            let output = node.outputs.first ?? nil, !graph.outputs.contains(output),
            selection.isActivation(node.input(1))
        else { return false }
        for case ("axis", .int(let axis)) in node.attributes where axis != 0 { return false }
        let columns = table.shape[1]
        let stored = QuantizedWeights(values, channels: columns) { $0 % columns }
        let name = graph[id].name
        var gather = node
        let small = graph.addValue(graph[output].name + "/quantized")
        gather.inputs[0] = graph.addConstant(name + "/quantized", Constant(.int8, table.shape, stored.values))
        gather.outputs = [small]
        let scale = graph.addConstant(name + "/scale", Constant(.float32, [columns], stored.scales))
        let zero = graph.addConstant(
            name + "/zero_point", Constant(.int8, [columns], [Int8](repeating: 0, count: columns)))
        graph.nodes.append(gather)
        graph.nodes.append(
            Node(
                name: node.name + "/DequantizeLinear", op: "DequantizeLinear", inputs: [small, scale, zero],
                outputs: [output],
                attributes: [("axis", .int(-1))]))
        store(output, named: graph[output].name)
        return true
    }

    private mutating func dequantize(_ q: ValueID, _ scale: ValueID, _ zero: ValueID?, axis: Int, _ name: Name)
        -> ValueID
    {
        graph.addNode(
            "DequantizeLinear", zero.map { [q, scale, $0] } ?? [q, scale], name: name + "/DequantizeLinear",
            attributes: [("axis", .int(Int64(axis)))])
    }

    private mutating func dropUnusedConstants() {
        var used = Set(graph.outputs)
        for node in graph.nodes { for case let id? in node.inputs { used.insert(id) } }
        graph.constants = graph.constants.filter { used.contains($0.key) }
    }
}

extension Name {
    static func + (a: Name, b: Name) -> Name { Name(bytes: a.bytes + b.bytes) }
}
