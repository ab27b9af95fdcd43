public import DeixisGraph
public import DeixisRuntime

public struct QuantizationOptions: Sendable {
    public var method = RangeMethod.minMax
    /// Takes the mean error that rounded weights make out of the bias.
    public var biasCorrection = true
    /// Names of nodes that stay in float.
    public var keepFloat: Set<Name> = []

    public init() {}
}

/// Post-training static quantization: a float graph and samples in, the same graph with QuantizeLinear and
/// DequantizeLinear around what is stored as uint8 out. Standard ONNX: any runtime runs it, and one that knows the
/// pattern runs it in integers.
///
///     var quantizer = try Quantizer(graph)
///     for sample in samples { try quantizer.observe(sample) }
///     let int8 = try quantizer.quantized()
public struct Quantizer {
    /// The graph as quantized: batch normalizations folded, constant transposes carried out.
    public let prepared: Graph
    private let all: Selection
    private var calibration: Calibration

    public init(_ graph: Graph, session options: SessionOptions = SessionOptions()) throws(QuantizationError) {
        if let node = graph.nodes.first(where: { $0.op == "QuantizeLinear" || $0.op == "DequantizeLinear" }) {
            throw .alreadyQuantized(node: node.name.description)
        }
        let prepared = try Preparation.prepare(graph), all = Selection(prepared, keepFloat: [])
        if all.computes.isEmpty { throw .nothingToQuantize }
        let stored = prepared.values.indices.filter { all.isStored[$0] }.map { ValueID($0) }
        var axes: [ValueID: Int] = [:]
        for compute in all.computes where compute.weightAxis != nil {
            let node = prepared.nodes[compute.node]
            if let x = node.input(0) { axes[x] = node.op == "Conv" ? 1 : -1 }
        }
        (self.prepared, self.all) = (prepared, all)
        calibration = try Calibration(prepared, watching: stored, channelAxis: axes, options: options)
    }

    /// The convolutions and products that can be quantized, in order.
    public var computeNodes: [Name] { all.computes.map { prepared.nodes[$0.node].name } }
    public var sampleCount: Int { calibration.sampleCount }

    /// Learns ranges from one run; inputs as for `Session.run`.
    public mutating func observe(_ inputs: [(name: Name, tensor: Constant)]) throws(QuantizationError) {
        try calibration.observe(inputs)
    }

    /// The quantized graph.
    public func quantized(_ options: QuantizationOptions = QuantizationOptions()) throws(QuantizationError) -> Graph {
        if calibration.sampleCount == 0 { throw .noSamples }
        let selection = options.keepFloat.isEmpty ? all : Selection(prepared, keepFloat: options.keepFloat)
        var writer = QuantizedGraphWriter(
            selection, parameters: parameters(selection, options.method), calibration, options)
        return writer.write()
    }

    /// How each value that is stored as uint8 is stored, by the value's name in `prepared`.
    public func storedValues(method: RangeMethod) -> [Name: ActivationParameters] {
        let parameters = parameters(all, method)
        var found: [Name: ActivationParameters] = [:]
        for i in all.isStored.indices where all.isStored[i] {
            found[prepared[ValueID(i)].name] = parameters[all.group(ValueID(i))]
        }
        return found
    }

    /// What the input of compute node `name` looked like while calibrating, and the range its 256 steps cover.
    public func input(of name: Name, method: RangeMethod) -> (histogram: Histogram, low: Float, high: Float)? {
        guard let node = prepared.nodes.first(where: { $0.name == name }), let x = node.input(0),
            let histogram = calibration.histogram(of: x)
        else { return nil }
        let range = method.range(of: histogram)
        return (histogram, range.low, range.high)
    }

    /// Per group, over the ranges of its members.
    private func parameters(_ selection: Selection, _ method: RangeMethod) -> [Int: ActivationParameters] {
        var ranges: [Int: (low: Float, high: Float)] = [:], fixed: [Int: ActivationParameters] = [:]
        for i in selection.isStored.indices where selection.isStored[i] {
            let id = ValueID(i), group = selection.group(id)
            guard let histogram = calibration.histogram(of: id) else { continue }
            if selection.isProbability[i] {
                fixed[group] = ActivationParameters(low: 0, high: min(RangeMethod.minMax.range(of: histogram).high, 1))
            }
            let range = method.range(of: histogram), known = ranges[group] ?? (0, 0)
            ranges[group] = (min(range.low, known.low), max(range.high, known.high))
        }
        return ranges.mapValues { ActivationParameters(low: $0.low, high: $0.high) }.merging(fixed) { $1 }
    }
}
