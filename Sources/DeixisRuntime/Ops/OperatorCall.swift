import DeixisGraph

/// One node at concrete shapes: all that `infer`, `evaluate` and `lower` may look at.
struct OperatorCall {
    var node: Node
    var opset: Int
    /// nil: an optional input left out.
    var inputs: [TensorSpec?]
    /// The content of input i where planning knows it.
    var constants: [Constant?]
    /// Empty while `infer` runs. nil: an output nobody asked for.
    var outputs: [TensorSpec?] = []
    let limits: Limits

    init(
        node: Node, opset: Int, inputs: [TensorSpec?], constants: [Constant?], outputs: [TensorSpec?] = [],
        limits: Limits = Limits()
    ) {
        self.limits = limits
        self.node = node
        self.opset = opset
        self.inputs = inputs
        self.constants = constants
        self.outputs = outputs
    }

    /// The error for something the standard does not allow here.
    func invalid(_ reason: Message) -> RuntimeError {
        .invalidNode(op: node.op, node: node.name, reason: reason)
    }

    /// The error for more than `limits` allow.
    func check(_ kind: LimitExceeded.Kind, _ value: Int, limit: Int) throws(RuntimeError) {
        do throws(LimitExceeded) { try LimitExceeded.check(kind, value, limit: limit) } catch {
            throw .limit(op: node.op, node: node.name, error)
        }
    }

    /// Multiply-accumulates, or steps of a window or sum: each factor as it comes, for their product may be more than
    /// an Int holds.
    func checkWork(_ factors: [Int]) throws(RuntimeError) {
        try check(.macs, factors.productClamped(), limit: limits.macs)
    }

    /// A table of `entries` in arrays, 32 bytes each at most while they grow.
    func checkTable(_ entries: Int) throws(RuntimeError) {
        try check(.tableEntries, entries, limit: limits.tableEntries)
        do throws(OutOfMemory) { try OutOfMemory.check(entries * 32) } catch { throw RuntimeError(error) }
    }

    /// Memory of `byteCount` that a step needs beside its tensors.
    func memory(byteCount: Int) throws(RuntimeError) -> MutableBytes {
        try check(.plannedBytes, byteCount, limit: limits.plannedBytes)
        return try MutableBytes(byteCount: byteCount)
    }

    // MARK: Inputs and outputs

    func has(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

    /// Input `index`, which the standard requires.
    func input(_ index: Int) throws(RuntimeError) -> TensorSpec {
        guard index < inputs.count, let spec = inputs[index] else { throw invalid("input \(index) is missing") }
        return spec
    }

    /// Output `index`, once inferred.
    func output(_ index: Int = 0) -> TensorSpec { outputs[index].unsafelyUnwrapped }

    func wants(_ index: Int) -> Bool { index < outputs.count && outputs[index] != nil }

    /// Input `index` as planning knows it, which decides shapes: a few numbers for each axis, or one for each output.
    private func deciding(_ index: Int) throws(RuntimeError) -> (TensorSpec, Constant) {
        let spec = try input(index)
        guard let constant = constants[index] else {
            throw .valueNotKnown(op: node.op, node: node.name, input: index)
        }
        guard spec.count <= max(4 * limits.rank, node.outputs.count) else {
            throw invalid("input \(index) has \(spec.count) elements")
        }
        return (spec, constant)
    }

    /// The content of an integer input that decides shapes. Throws `valueNotKnown` where planning cannot tell.
    func integers(_ index: Int) throws(RuntimeError) -> [Int] {
        let (spec, constant) = try deciding(index)
        guard let values = constant.integers else {
            throw invalid("input \(index) holds \(spec.element), expected integers")
        }
        return values
    }

    /// The content of a real or integer input that decides shapes.
    func numbers(_ index: Int) throws(RuntimeError) -> [Double] {
        try deciding(index).1.numbers()
    }

    // MARK: Attributes

    func attribute(_ name: Name) -> Attribute? {
        for entry in node.attributes where entry.name == name { return entry.value }
        return nil
    }

    func int(_ name: Name, default value: Int) throws(RuntimeError) -> Int {
        switch attribute(name) {
        case nil: return value
        case .int(let found): return Int(clamping: found)
        default: throw invalid("attribute '\(name)' is not an integer")
        }
    }

    func float(_ name: Name, default value: Float) throws(RuntimeError) -> Float {
        switch attribute(name) {
        case nil: return value
        case .float(let found): return found
        default: throw invalid("attribute '\(name)' is not a float")
        }
    }

    func ints(_ name: Name) throws(RuntimeError) -> [Int]? {
        switch attribute(name) {
        case nil: return nil
        case .ints(let found): return found.map { Int(clamping: $0) }
        default: throw invalid("attribute '\(name)' is not a list of integers")
        }
    }

    func string(_ name: Name, default value: Name) throws(RuntimeError) -> Name {
        switch attribute(name) {
        case nil: return value
        case .string(let found): return found
        default: throw invalid("attribute '\(name)' is not a string")
        }
    }

    func floats(_ name: Name) throws(RuntimeError) -> [Float]? {
        switch attribute(name) {
        case nil: return nil
        case .floats(let found): return found
        default: throw invalid("attribute '\(name)' is not a list of floats")
        }
    }

    /// `axes` counted from the front, none twice.
    func normalize(axes: [Int], rank: Int) throws(RuntimeError) -> [Int] {
        var result: [Int] = []
        for axis in axes {
            let axis = try normalize(axis: axis, rank: rank)
            guard !result.contains(axis) else { throw invalid("axes \(axes) name axis \(axis) twice") }
            result.append(axis)
        }
        return result
    }

    /// `axis` counted from the front, checked against `rank`.
    func normalize(axis: Int, rank: Int) throws(RuntimeError) -> Int {
        guard axis >= -rank, axis < rank else { throw invalid("axis \(axis) is outside rank \(rank)") }
        return axis < 0 ? axis + rank : axis
    }
}

extension Constant {
    /// More than any parameter that planning looks at has: larger constants are weights or data, which stay where they
    /// lie. So what is copied into arrays is 8 MB at most.
    private var isParameter: Bool { count <= 1 << 20 }

    /// Elements as Int, for integer and bool types; nil otherwise, and where they are too many to be parameters.
    var integers: [Int]? {
        guard isParameter else { return nil }
        func read<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> [Int] {
            (0..<count).map { Int(clamping: element($0, as: T.self)) }
        }
        switch type {
        case .int64: return read(Int64.self)
        case .int32: return read(Int32.self)
        case .int16: return read(Int16.self)
        case .int8: return read(Int8.self)
        case .uint64: return read(UInt64.self)
        case .uint32: return read(UInt32.self)
        case .uint16: return read(UInt16.self)
        case .uint8, .bool: return read(UInt8.self)
        default: return nil
        }
    }

    /// Element `index` of an array of `T`.
    func element<T: BitwiseCopyable>(_ index: Int, as: T.Type = T.self) -> T {
        bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.stride, as: T.self)
    }

    /// Elements as Double.
    func numbers() throws(RuntimeError) -> [Double] {
        let aligned = try self.aligned(), load = RealElements(type).load
        guard let pointer = aligned.pointer else { return [] }
        let result = (0..<count).map { load(pointer, $0) }
        withExtendedLifetime(aligned) {}
        return result
    }

    /// Elements as Float, for float32 only; nil where they are too many to be parameters.
    var floats: [Float]? {
        guard type == .float32, isParameter else { return nil }
        return (0..<count).map { element($0) }
    }
}
