import DeixisGraph

/// An int32 or int64 input of positions along an axis.
struct Indices {
    let shape: [Int]
    let count: Int
    private let input: Int
    private let elements: IntegerElements

    init(_ call: OperatorCall, input: Int) throws(RuntimeError) {
        let spec = try call.input(input)
        guard spec.element == .int64 || spec.element == .int32 else {
            throw call.invalid("input \(input) holds \(spec.element), expected int32 or int64")
        }
        shape = spec.shape
        count = spec.count
        self.input = input
        elements = IntegerElements(spec.element)
    }

    /// Index `i` counted from the front, -1 where it is outside `extent`, which is reported.
    @inline(__always)
    func load(_ buffers: Buffers, _ i: Int, _ extent: Int) -> Int {
        let index = Int(clamping: elements.load(buffers.inputs[input].unsafelyUnwrapped, i))
        if index >= extent || index < -extent {
            buffers.report(position: i, index: index, extent: extent)
            return -1
        }
        return index < 0 ? index + extent : index
    }

    /// Where planning knows the content: every index inside the extent of its axis, of which there are several in turn
    /// where tuples are indices.
    func check(_ call: OperatorCall, extents: [Int]) throws(RuntimeError) {
        guard let known = call.constants[input], known.type == .int64 || known.type == .int32 else { return }
        let bytes = known.bytes
        for i in 0..<known.count {
            let index =
                known.type == .int64
                ? Int(clamping: bytes.loadUnaligned(fromByteOffset: i * 8, as: Int64.self))
                : Int(bytes.loadUnaligned(fromByteOffset: i * 4, as: Int32.self))
            let extent = extents[i % extents.count]
            if index >= extent || index < -extent {
                throw .indexOutOfRange(
                    op: call.node.op, node: call.node.name, position: i, index: index, extent: extent)
            }
        }
    }
}

/// Element i of an index tensor of rank r stands for the element of X whose position along `axis` it gives, all others
/// being its own.
struct ElementIndices {
    let extent: Int
    private let shape: [Int]
    private let strides: [Int]
    private let axis: Int

    init(_ x: [Int], _ indices: [Int], _ axis: Int) {
        extent = x[axis]
        shape = indices
        strides = DeixisRuntime.strides(x)
        self.axis = axis
    }

    /// Offset in X, -1 where `index` is.
    @inline(__always)
    func offset(_ i: Int, _ index: Int) -> Int {
        if index < 0 { return -1 }
        var rest = i, offset = index * strides[axis], k = shape.count - 1
        while k >= 0 {
            if k != axis { offset += rest % shape[k] * strides[k] }
            rest /= shape[k]
            k -= 1
        }
        return offset
    }

    /// Input 1 and `axis`, checked against input 0.
    static func read(_ call: OperatorCall) throws(RuntimeError) -> (Indices, Int) {
        let x = try call.input(0), indices = try Indices(call, input: 1)
        let axis = try call.normalize(axis: try call.int("axis", default: 0), rank: x.rank)
        guard indices.shape.count == x.rank,
            x.shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= x.shape[$0] })
        else {
            throw call.invalid("indices \(indices.shape) do not fit \(x.shape) along axis \(axis)")
        }
        try indices.check(call, extents: [x.shape[axis]])
        return (indices, axis)
    }
}

/// Input 1 [..., t]: tuples of t indices that name slices of input 0 behind `batch` axes that both share.
struct TupleIndices {
    /// Shape of the tuples: that of input 1 without its last axis.
    let shape: [Int]
    let count: Int
    /// The first axis of input 0 that tuples do not index, and the elements of one slice from there on.
    let inner: Int
    let block: Int
    private let batchSlices: Int
    private let perBatch: Int
    private let extents: [Int]
    private let indices: Indices

    init(_ call: OperatorCall, batch: Int) throws(RuntimeError) {
        let x = try call.input(0)
        indices = try Indices(call, input: 1)
        guard let width = indices.shape.last, batch >= 0, batch < indices.shape.count, batch + width <= x.rank,
            indices.shape[..<batch] == x.shape[..<batch]
        else { throw call.invalid("indices \(indices.shape) do not fit \(x.shape) with \(batch) batch axes") }
        shape = Array(indices.shape.dropLast())
        count = shape.reduce(1, *)
        inner = batch + width
        block = x.shape[inner...].reduce(1, *)
        extents = Array(x.shape[batch..<inner])
        batchSlices = extents.reduce(1, *)
        perBatch = shape[batch...].reduce(1, *)
        if width > 0 { try indices.check(call, extents: extents) }
    }

    /// The slice that tuple `i` names, counted in blocks; -1 where an index is outside.
    @inline(__always)
    func offset(_ buffers: Buffers, _ i: Int) -> Int {
        var offset = i / perBatch * batchSlices, within = 0
        for (k, extent) in extents.enumerated() {
            let index = indices.load(buffers, i * extents.count + k, extent)
            if index < 0 { return -1 }
            within = within * extent + index
        }
        offset += within
        return offset
    }
}
