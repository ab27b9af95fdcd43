public import DeixisGraph

/// A graph and what it is asked.
public struct DifferentialCase: Sendable {
    public var graph: Graph
    /// One tensor for each graph input, by position.
    public var inputs: [Constant]
    /// The same shapes with other content.
    public var others: [Constant]

    public init(graph: Graph, inputs: [Constant], others: [Constant]) {
        (self.graph, self.inputs, self.others) = (graph, inputs, others)
    }

    public func named(_ tensors: [Constant]) -> [(name: Name, tensor: Constant)] {
        zip(graph.inputs, tensors).map { (graph[$0].name, $1) }
    }
}

extension DifferentialCase {
    /// The same graph where symbols of its inputs' shapes stand for other extents: `step` more of each, elements
    /// repeated. nil where there are none. It need not be valid.
    func varied(by step: Int) -> DifferentialCase? {
        var result = self, changed = false
        for (i, id) in graph.inputs.enumerated() {
            for (axis, dimension) in (graph[id].type?.shape ?? []).enumerated() {
                guard case .symbol = dimension, result.inputs[i].shape[axis] + step > 0 else { continue }
                result.inputs[i] = result.inputs[i].resized(axis, to: result.inputs[i].shape[axis] + step)
                changed = true
            }
        }
        return changed ? result : nil
    }
}

extension Constant {
    fileprivate func resized(_ axis: Int, to extent: Int) -> Constant {
        let inner = shape[(axis + 1)...].reduce(1, *), had = shape[axis], numbers = doubles
        var made = shape
        made[axis] = extent
        if numbers.isEmpty { return .of(type, made, [Double](repeating: 1, count: made.reduce(1, *))) }
        return .of(
            type, made,
            (0..<made.reduce(1, *)).map { i in
                let outer = i / (inner * extent), at = i / inner % extent
                return numbers[(outer * had + at % had) * inner + i % inner]
            })
    }

    /// Elements as Double, of any type that generated graphs have.
    public var doubles: [Double] {
        func read<T: BitwiseCopyable>(_: T.Type, _ convert: (T) -> Double) -> [Double] {
            withExtendedLifetime(storage) {
                let bytes = self.bytes
                return (0..<count).map {
                    convert(bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self))
                }
            }
        }
        switch type {
        case .float32: return read(Float.self) { Double($0) }
        case .float64: return read(Double.self) { $0 }
        case .int64: return read(Int64.self) { Double($0) }
        case .float16: return read(Float16.self) { Double($0) }
        case .int32: return read(Int32.self) { Double($0) }
        case .int16: return read(Int16.self) { Double($0) }
        case .uint16: return read(UInt16.self) { Double($0) }
        case .int8: return read(Int8.self) { Double($0) }
        case .uint8, .bool: return read(UInt8.self) { Double($0) }
        default: return []
        }
    }

    /// `values` as elements of `type`.
    public static func of(_ type: ElementType, _ shape: [Int], _ values: [Double]) -> Constant {
        switch type {
        case .float32: return Constant(type, shape, values.map { Float($0) })
        case .float64: return Constant(type, shape, values)
        case .int64: return Constant(type, shape, values.map { Int64($0) })
        case .float16: return Constant(type, shape, values.map { Float16($0) })
        case .int32: return Constant(type, shape, values.map { Int32($0) })
        case .int16: return Constant(type, shape, values.map { Int16($0) })
        case .uint16: return Constant(type, shape, values.map { UInt16($0) })
        case .int8: return Constant(type, shape, values.map { Int8($0) })
        default: return Constant(type, shape, values.map { UInt8($0) })
        }
    }
}
