import DeixisGraph
import Testing

@testable import DeixisRuntime

/// The graph as read by the references and by every set of kernels, optimized: the same integers, the same numbers to
/// 1e-5. What `deixis-differential` prints calls this.
func expectAgreement(
    _ graph: Graph, _ inputs: [Constant], tolerance: Float = 1e-5, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let model = try Model(graph: graph), named = zip(graph.inputs, inputs).map { (name: graph[$0].name, tensor: $1) }
    var options = SessionOptions()
    (options.optimize, options.referenceOnly) = (false, true)
    let expected = try Session(model, options: options).run(named)
    func compare(_ way: String) throws {
        let found = try Session(model, options: options).run(named)
        for (a, b) in zip(found, expected) {
            if b.tensor.type == .float32 {
                #expect(
                    difference(a.tensor, b.tensor) <= tolerance, "\(way), \(a.name)", sourceLocation: sourceLocation)
            } else {
                #expect(
                    a.tensor.bytes.elementsEqual(b.tensor.bytes), "\(way), \(a.name)", sourceLocation: sourceLocation)
            }
        }
    }
    options.referenceOnly = false
    try compare("kernels on the graph as read")
    options.optimize = true
    for name in ["scalar", "v128", "avx2", "avx512", nil]
    where name.map({ Machine.instructionSets(upTo: $0) != nil }) ?? true {
        options.instructionSet = name
        try compare(name ?? "best instruction set")
    }
    options.referenceOnly = true
    try compare("references on the optimized graph")
}

extension Graph {
    /// Extents of an input that states them; 1 for a symbol.
    func extents(_ id: ValueID) -> [Int] {
        (self[id].type?.shape ?? []).map { dimension in
            if case .fixed(let extent) = dimension { return extent }
            return 1
        }
    }
}

extension GraphBuilder {
    mutating func input(_ name: Name, _ shape: [Int], _ element: ElementType = .float32) -> ValueID {
        graph.addInput(name, TensorType(element, shape.map { .fixed($0) }))
    }

    /// DQ(Q(x)); `element` int8 or uint8.
    mutating func rounded(_ x: ValueID, _ scale: Float, _ zero: Int = 0, _ element: ElementType = .uint8) -> ValueID {
        let (s, z) = parameters(scale, zero, element)
        return node("DequantizeLinear", [node("QuantizeLinear", [x, s, z]), s, z])
    }

    mutating func parameters(_ scale: Float, _ zero: Int, _ element: ElementType = .uint8) -> (
        scale: ValueID, zero: ValueID
    ) {
        (
            scalar(scale),
            constant(element == .uint8 ? Constant(.uint8, [], [UInt8(zero)]) : Constant(.int8, [], [Int8(zero)]))
        )
    }

    /// DQ of int8 weights, one scale for all unless `scales` says otherwise; small whole numbers.
    mutating func stored(
        _ shape: [Int], _ scale: Float = 0.0625, scales: (axis: Int64, values: [Float])? = nil, zero: Int8? = nil
    ) -> ValueID {
        let numbers = (randomFloats(shape, seed: UInt64(graph.values.count + 7)).floats ?? []).map {
            Int8(($0 * 9).rounded())
        }
        var inputs = [
            constant(Constant(.int8, shape, numbers)),
            scales.map { constant(floats([$0.values.count], $0.values)) } ?? scalar(scale),
        ]
        if let zero { inputs.append(constant(Constant(.int8, [], [zero]))) }
        return node("DequantizeLinear", inputs, scales.map { [("axis", .int($0.axis))] } ?? [])
    }

    /// Operators of the graph at its inputs' shapes after all passes: `deixis.Linear`.
    func optimizedOps() throws -> [String] {
        let context = try Session(Model(graph: graph)).makeContext()
        try context.prepare(graph.inputs.map { graph.extents($0) })
        return try #require(context.current?.plan.graph).nodes.map { "\($0.domain.isEmpty ? "" : "deixis.")\($0.op)" }
    }
}
