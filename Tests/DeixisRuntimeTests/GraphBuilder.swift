import DeixisGraph

@testable import DeixisRuntime

/// Short spellings for test graphs.
struct GraphBuilder {
    var graph = Graph(opset: 17)
    private var seed: UInt64 = 1
    private var count = 0

    mutating func node(_ op: Name, _ inputs: [ValueID?], _ attributes: [(name: Name, value: Attribute)] = []) -> ValueID
    {
        count += 1
        return graph.addNode(op, inputs, name: Name("\(op)_\(count)"), attributes: attributes)
    }

    mutating func weights(_ shape: [Int], scale: Float = 0.3) -> ValueID {
        seed += 1
        let values = (randomFloats(shape, seed: seed).floats ?? []).map { $0 * scale }
        return constant(floats(shape, values))
    }

    /// Positive numbers, for variances.
    mutating func positive(_ count: Int) -> ValueID {
        seed += 1
        return constant(floats([count], (randomFloats([count], seed: seed).floats ?? []).map { abs($0) + 0.5 }))
    }

    mutating func constant(_ value: Constant) -> ValueID {
        count += 1
        return graph.addConstant(Name("constant_\(count)"), value)
    }

    mutating func scalar(_ value: Float) -> ValueID { constant(floats([], [value])) }
    mutating func ints(_ values: [Int64]) -> ValueID { constant(int64s(values)) }

    /// As the trainer writes a linear layer.
    mutating func linear(_ x: ValueID, _ inputs: Int, _ outputs: Int) -> ValueID {
        let transposed = node("Transpose", [weights([outputs, inputs])], [("perm", .ints([1, 0]))])
        return node("Add", [node("MatMul", [x, transposed]), weights([outputs])])
    }

    mutating func conv(_ x: ValueID, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int64 = 1, norm: Bool = true)
        -> ValueID
    {
        let pad = Int64(kernel / 2)
        let y = node(
            "Conv", [x, weights([outputs, inputs, kernel, kernel])],
            [
                ("kernel_shape", .ints([Int64(kernel), Int64(kernel)])), ("strides", .ints([stride, stride])),
                ("pads", .ints([pad, pad, pad, pad])),
            ])
        guard norm else { return y }
        return node(
            "BatchNormalization",
            [y, weights([outputs], scale: 1), weights([outputs]), weights([outputs]), positive(outputs)])
    }

    /// As the trainer writes attention; `mask` [batch, 1, 1, keys] or nil. With another `axis` or `merge` it is none;
    /// `batch`: of the result, where it is not that of q.
    mutating func attention(
        _ q: ValueID, _ k: ValueID, _ v: ValueID, width: Int, heads: Int, mask: ValueID?, batch: Int64 = 0,
        axis: Int64 = -1, merge: [Int64] = [0, 2, 1, 3],
        rows: Int64? = nil, storedWeights: Float? = nil
    ) -> ValueID {
        func split(_ builder: inout GraphBuilder, _ x: ValueID, _ order: [Int64]) -> ValueID {
            let shaped = builder.node("Reshape", [x, builder.ints([0, 0, Int64(heads), Int64(width / heads)])])
            return builder.node("Transpose", [shaped], [("perm", .ints(order))])
        }
        let product = node("MatMul", [split(&self, q, [0, 2, 1, 3]), split(&self, k, [0, 2, 3, 1])])
        var scores = node("Mul", [product, scalar(1 / Float(width / heads).squareRoot())])
        if let mask { scores = node("Add", [scores, mask]) }
        var weights = node("Softmax", [scores], [("axis", .int(axis))])
        if let storedWeights { weights = rounded(weights, storedWeights) }
        let mixed = node("MatMul", [weights, split(&self, v, [0, 2, 1, 3])])
        return node(
            "Reshape",
            [
                node("Transpose", [mixed], [("perm", .ints(merge))]),
                ints([batch, rows ?? (merge[1] == 2 ? 0 : -1), Int64(width)]),
            ])
    }

    mutating func gelu(_ x: ValueID) -> ValueID {
        let sum = node("Add", [node("Erf", [node("Div", [x, scalar(Float(2).squareRoot())])]), scalar(1)])
        return node("Mul", [node("Mul", [x, sum]), scalar(0.5)])
    }

    mutating func layerNorm(_ x: ValueID, _ width: Int) -> ValueID {
        node(
            "LayerNormalization", [x, weights([width], scale: 1), weights([width])],
            [("axis", .int(-1)), ("epsilon", .float(1e-5))])
    }

    /// The bytes of an image, normalized, planar.
    mutating func image(_ name: Name, _ size: Int) -> ValueID {
        let bytes = graph.addInput(name, TensorType(.uint8, [.symbol("batch"), .fixed(size), .fixed(size), .fixed(3)]))
        let numbers = node("Cast", [bytes], [("to", .int(1))])
        let centered = node("Sub", [numbers, constant(floats([3], [124, 116, 104]))])
        let scaled = node("Div", [centered, constant(floats([3], [58, 57, 57.5]))])
        return node("Transpose", [scaled], [("perm", .ints([0, 3, 1, 2]))])
    }

    /// An image branch, a token branch and attention between them: every pattern of a grounding network, small.
    static func grounding() -> Graph {
        var b = GraphBuilder()
        var x = b.image("image", 16)
        x = b.node("Relu", [b.conv(x, 3, 8, kernel: 3, stride: 2)])
        x = b.node(
            "MaxPool", [x],
            [("kernel_shape", .ints([3, 3])), ("strides", .ints([2, 2])), ("pads", .ints([1, 1, 1, 1]))])
        let inner = b.node("Relu", [b.conv(x, 8, 8, kernel: 3)])
        let joined = b.node("Relu", [b.node("Add", [b.conv(inner, 8, 16, kernel: 1), b.conv(x, 8, 16, kernel: 1)])])
        let deep = b.node("Relu", [b.conv(joined, 16, 16, kernel: 3, stride: 2)])
        let up = b.node(
            "Resize", [deep, nil, b.constant(floats([4], [1, 1, 2, 2]))],
            [
                ("mode", .string("nearest")), ("coordinate_transformation_mode", .string("asymmetric")),
                ("nearest_mode", .string("floor")),
            ])
        let features = b.node(
            "Concat", [b.conv(joined, 16, 12, kernel: 1, norm: false), b.conv(up, 16, 12, kernel: 1, norm: false)],
            [("axis", .int(1))])
        let flat = b.node("Reshape", [features, b.ints([0, 24, 16])])
        var vision = b.node("Transpose", [flat], [("perm", .ints([0, 2, 1]))])
        vision = b.node("Add", [vision, b.weights([1, 16, 24])])

        let ids = b.graph.addInput("token_ids", TensorType(.int64, [.symbol("batch"), .symbol("length")]))
        let mask = b.graph.addInput("attention_mask", TensorType(.int64, [.symbol("batch"), .symbol("length")]))
        let real = b.node("Cast", [mask], [("to", .int(1))])
        let padding = b.node("Mul", [b.node("Sub", [b.scalar(1), real]), b.scalar(-1e9)])
        let bias = b.node("Unsqueeze", [padding, b.ints([1, 2])])
        let length = b.node("Slice", [b.node("Shape", [ids]), b.ints([1]), b.ints([2]), b.ints([0])])
        let places = b.node("Slice", [b.weights([12, 24]), b.ints([0]), length, b.ints([0])])
        var text = b.layerNorm(b.node("Add", [b.node("Gather", [b.weights([30, 24], scale: 1), ids]), places]), 24)

        func block(_ b: inout GraphBuilder, _ q: ValueID, _ s: ValueID, _ mask: ValueID?) -> ValueID {
            let mixed = b.attention(
                b.linear(q, 24, 24), b.linear(s, 24, 24), b.linear(s, 24, 24), width: 24, heads: 2, mask: mask)
            let first = b.layerNorm(b.node("Add", [q, b.linear(mixed, 24, 24)]), 24)
            return b.layerNorm(b.node("Add", [first, b.linear(b.gelu(b.linear(first, 24, 40)), 40, 24)]), 24)
        }
        text = block(&b, text, text, bias)
        vision = block(&b, vision, text, bias)
        text = block(&b, text, vision, nil)
        let row = b.node("Squeeze", [b.node("Slice", [text, b.ints([0]), b.ints([1]), b.ints([1])]), b.ints([1])])
        let hidden = b.node("Relu", [b.linear(row, 24, 24)])
        let box = b.node("Identity", [b.node("Sigmoid", [b.linear(hidden, 24, 4)])])
        b.graph.outputs = [box, vision]
        return b.graph
    }
}
