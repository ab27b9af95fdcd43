import DeixisGraph
import DeixisRuntime

/// Operators on quantized tensors as what they mean: DequantizeLinear, the operator, QuantizeLinear. The passes find
/// their kernels there.
enum QuantizedFunctions {
    /// Real values of inputs `first` (data), `first` + 1 (scale) and `first` + 2 (zero point); one scale for each index
    /// of `axis`.
    private static func real(_ importer: inout Importer, _ node: Node, _ first: Int, axis: Int64 = 1)
        throws(RuntimeError) -> ValueID
    {
        try importer.add(
            "DequantizeLinear", [node.input(first), node.input(first + 1), node.input(first + 2)], for: node,
            attributes: [("axis", .int(axis))])
    }

    /// Stores `x` by the scale and zero point that are inputs `first` and `first` + 1.
    private static func store(_ importer: inout Importer, _ node: Node, _ x: ValueID, _ first: Int) throws(RuntimeError)
        -> Bool
    {
        try importer.add(
            "QuantizeLinear", [x, node.input(first), node.input(first + 1)], for: node, output: try node.only())
        return true
    }

    /// Inputs: x, its scale and zero point, w, its scale and zero point, those of y, bias (int32, in steps of both
    /// scales' product).
    static let conv: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        let x = try real(&importer, node, 0), w = try real(&importer, node, 3, axis: 0)
        var inputs: [ValueID?] = [x, w]
        if let bias = node.input(8) {
            let steps = try product(&importer, node, node.input(1), node.input(4))
            inputs.append(
                try importer.add("DequantizeLinear", [bias, steps], for: node, attributes: [("axis", .int(0))]))
        }
        return try store(&importer, node, try importer.add("Conv", inputs, for: node, attributes: node.attributes), 6)
    }

    /// Of two scales; a constant where both are.
    private static func product(_ importer: inout Importer, _ node: Node, _ a: ValueID?, _ b: ValueID?)
        throws(RuntimeError) -> ValueID
    {
        guard let x = a.flatMap({ importer.graph.constants[$0] }), let y = b.flatMap({ importer.graph.constants[$0] }),
            x.type == .float32, y.type == .float32, x.count == 1
        else { return try importer.add("Mul", [a, b], for: node) }
        let factor = x.bytes.loadUnaligned(as: Float.self)
        let values = (0..<y.count).map { factor * y.bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        return importer.addConstant(Constant(.float32, y.shape, values))
    }

    /// Inputs: a, b, each with scale (of a for each row, of b for each column, or one) and zero point, then those of y.
    static let matMul: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        let a = try real(&importer, node, 0, axis: -2), b = try real(&importer, node, 3, axis: -1)
        return try store(&importer, node, try importer.add("MatMul", [a, b], for: node), 6)
    }

    static func binary(_ op: Name) -> FunctionLine.Expand {
        { (importer, node) throws(RuntimeError) in
            let a = try real(&importer, node, 0), b = try real(&importer, node, 3)
            return try store(&importer, node, try importer.add(op, [a, b], for: node), 6)
        }
    }

    static func unary(_ op: Name) -> FunctionLine.Expand {
        { (importer, node) throws(RuntimeError) in
            guard node.int("channels_last", default: 0) == 0 else {
                throw node.invalid("channels_last is not supported")
            }
            let attributes = node.attributes.filter { $0.name != "channels_last" }
            let x = try importer.add(op, [try real(&importer, node, 0)], for: node, attributes: attributes)
            return try store(&importer, node, x, 3)
        }
    }

    /// Inputs: scale and zero point of y, then each tensor with its own.
    static let concat: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        guard node.inputs.count >= 5, node.inputs.count % 3 == 2 else {
            throw node.invalid("has \(node.inputs.count) inputs")
        }
        var parts: [ValueID?] = []
        for first in stride(from: 2, to: node.inputs.count, by: 3) { parts.append(try real(&importer, node, first)) }
        return try store(&importer, node, try importer.add("Concat", parts, for: node, attributes: node.attributes), 0)
    }

    /// DequantizeLinear with a scale for each `block_size` elements along `axis`: (x - zero point) scale, both
    /// repeated.
    static let blocked: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        let size = node.int("block_size", default: 0), axis = Int64(node.int("axis", default: 1))
        if size == 0 { return false }
        guard size > 0 else { throw node.invalid("block_size is \(size)") }
        let zero = importer.addConstant(Constant(.int64, [], [Int64(0)])),
            one = importer.addConstant(Constant(.int64, [], [Int64(1)]))
        let extent = try importer.add(
            "Gather",
            [
                try importer.add("Shape", [node.input(0)], for: node),
                importer.addConstant(Constant(.int64, [], [axis])),
            ], for: node)
        let places = try importer.add("Range", [zero, extent, one], for: node)
        let blocks = try importer.add(
            "Div", [places, importer.addConstant(Constant(.int64, [], [Int64(size)]))], for: node)
        func repeated(_ importer: inout Importer, _ x: ValueID?) throws(RuntimeError) -> ValueID {
            try importer.add("Gather", [x, blocks], for: node, attributes: [("axis", .int(axis))])
        }
        let scale = try repeated(&importer, node.input(1))
        var x = try importer.add("CastLike", [node.input(0), node.input(1)], for: node)
        if let zeros = node.input(2) {
            x = try importer.add(
                "Sub", [x, try importer.add("CastLike", [try repeated(&importer, zeros), node.input(1)], for: node)],
                for: node)
        }
        try importer.add("Mul", [x, scale], for: node, output: try node.only())
        return true
    }

    /// Y = A W^T + bias, W [N, K] in blocks of 4-bit numbers, two in a byte, the lower half first. Inputs: A, the bytes
    /// [N, blocks, bytes of one], scales [N, blocks], zero points (4 bits each, rows of whole bytes; default 8), group
    /// index, bias.
    static let matMulNBits: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        let k = Int64(node.int("K", default: 0)), n = Int64(node.int("N", default: 0)),
            size = Int64(node.int("block_size", default: 0))
        guard node.int("bits", default: 4) == 4, k > 0, n > 0, size >= 16, size % 2 == 0, k <= 1 << 31, n <= 1 << 31,
            size <= 1 << 31
        else {
            throw node.invalid(
                "bits \(node.int("bits", default: 4)), K \(k), N \(n) and block_size \(size) are not supported")
        }
        guard node.input(4) == nil else { throw node.invalid("a group index is not supported") }
        let blocks = (k + size - 1) / size, output = try node.only()
        func ints(_ importer: inout Importer, _ values: [Int64]) -> ValueID {
            importer.addConstant(Constant(.int64, [values.count], values))
        }
        /// 4-bit numbers [N, blocks, one or block_size] as numbers like the scales, of the first `count` of each row of
        /// `perRow`.
        func unpacked(_ importer: inout Importer, _ bytes: ValueID?, perRow: Int64, count: Int64, _ shape: [Int64])
            throws(RuntimeError) -> ValueID
        {
            let rows = try importer.add("Reshape", [bytes, ints(&importer, [n, -1, 1])], for: node)
            let low = try importer.add(
                "BitwiseAnd", [rows, importer.addConstant(Constant(.uint8, [], [UInt8(15)]))], for: node)
            let high = try importer.add(
                "BitShift", [rows, importer.addConstant(Constant(.uint8, [], [UInt8(4)]))], for: node,
                attributes: [("direction", .string("RIGHT"))])
            let both = try importer.add("Concat", [low, high], for: node, attributes: [("axis", .int(2))])
            var all = try importer.add("Reshape", [both, ints(&importer, [n, perRow])], for: node)
            if count != perRow {
                all = try importer.add(
                    "Slice", [all, ints(&importer, [0]), ints(&importer, [count]), ints(&importer, [1])], for: node)
            }
            return try importer.add(
                "Reshape", [try importer.add("CastLike", [all, node.input(2)], for: node), ints(&importer, shape)],
                for: node)
        }
        let values = try unpacked(
            &importer, node.input(1), perRow: blocks * size, count: blocks * size, [n, blocks, size])
        var zeros: ValueID
        switch node.input(3) {
        case let packed? where importer.graph[packed].type?.element == .uint8 || importer.graph[packed].type == nil:
            zeros = try unpacked(&importer, packed, perRow: (blocks + 1) / 2 * 2, count: blocks, [n, blocks, 1])
        case let plain?: zeros = try importer.add("Reshape", [plain, ints(&importer, [n, blocks, 1])], for: node)
        case nil:
            zeros = try importer.add(
                "CastLike", [importer.addConstant(Constant(.float32, [], [Float(8)])), node.input(2)], for: node)
        }
        let scales = try importer.add("Reshape", [node.input(2), ints(&importer, [n, blocks, 1])], for: node)
        let real = try importer.add("Mul", [try importer.add("Sub", [values, zeros], for: node), scales], for: node)
        var w = try importer.add("Reshape", [real, ints(&importer, [n, blocks * size])], for: node)
        if blocks * size != k {
            w = try importer.add(
                "Slice", [w, ints(&importer, [0]), ints(&importer, [k]), ints(&importer, [1])], for: node)
        }
        w = try importer.add("Transpose", [w], for: node, attributes: [("perm", .ints([1, 0]))])
        let bias = node.input(5)
        let product = try importer.add("MatMul", [node.input(0), w], for: node, output: bias == nil ? output : nil)
        if let bias { try importer.add("Add", [product, bias], for: node, output: output) }
        return true
    }
}
