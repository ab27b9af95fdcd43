import DeixisGraph
import DeixisRuntime

/// RotaryEmbedding of opset 23: the first `rotary_embedding_dim` (0: all) numbers of a head as pairs, each turned by an
/// angle of its position.
///
/// X [batch, heads, length, size] or [batch, length, heads size]; cosines and sines [positions, pairs], looked up by
/// positions [batch, length], or [batch, length, pairs] without. Pairs are (i, i + half), or `interleaved` (2 i, 2 i +
/// 1).
enum RotaryFunctions {
    static let embedding: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        let heads = Int64(node.int("num_heads", default: 0)),
            turned = Int64(node.int("rotary_embedding_dim", default: 0))
        let isInterleaved = node.int("interleaved", default: 0) != 0, isFlat = heads != 0, output = try node.only()
        guard heads >= 0, turned >= 0, turned % 2 == 0 else {
            throw node.invalid("num_heads \(heads) and rotary_embedding_dim \(turned) are not supported")
        }
        func ints(_ importer: inout Importer, _ values: [Int64]) -> ValueID {
            importer.addConstant(Constant(.int64, [values.count], values))
        }
        func add(
            _ importer: inout Importer, _ op: Name, _ inputs: [ValueID?],
            _ attributes: [(name: Name, value: Attribute)] = []
        ) throws(RuntimeError) -> ValueID {
            try importer.add(op, inputs, for: node, attributes: attributes)
        }
        func slice(_ importer: inout Importer, _ x: ValueID, _ start: Int64, _ end: Int64, step: Int64 = 1)
            throws(RuntimeError) -> ValueID
        {
            try add(
                &importer, "Slice",
                [x, ints(&importer, [start]), ints(&importer, [end]), ints(&importer, [-1]), ints(&importer, [step])])
        }
        let swap: [(name: Name, value: Attribute)] = [("perm", .ints([0, 2, 1, 3]))],
            last: [(name: Name, value: Attribute)] = [("axis", .int(-1))]
        // [batch, length, heads, size]
        let x =
            isFlat
            ? try add(&importer, "Reshape", [node.input(0), ints(&importer, [0, 0, heads, -1])])
            : try add(&importer, "Transpose", [node.input(0)], swap)
        let head = turned == 0 ? x : try slice(&importer, x, 0, turned)
        var parts: [ValueID] = []
        if isInterleaved {
            parts = [try slice(&importer, head, 0, .max, step: 2), try slice(&importer, head, 1, .max, step: 2)]
        } else {
            let size = try add(&importer, "Gather", [try add(&importer, "Shape", [head]), ints(&importer, [-1])])
            let half = try add(&importer, "Div", [size, ints(&importer, [2])]), zero = ints(&importer, [0]),
                axis = ints(&importer, [-1])
            parts = [
                try add(&importer, "Slice", [head, zero, half, axis]),
                try add(&importer, "Slice", [head, half, size, axis]),
            ]
        }
        func angle(_ importer: inout Importer, _ table: ValueID?) throws(RuntimeError) -> ValueID {
            var values = table
            if let positions = node.input(3) { values = try add(&importer, "Gather", [table, positions]) }
            return try add(&importer, "Unsqueeze", [values, ints(&importer, [2])])
        }
        let cosine = try angle(&importer, node.input(1)), sine = try angle(&importer, node.input(2))
        func product(_ importer: inout Importer, _ a: ValueID, _ b: ValueID) throws(RuntimeError) -> ValueID {
            try add(&importer, "Mul", [a, b])
        }
        var made = [
            try add(
                &importer, "Sub", [try product(&importer, cosine, parts[0]), try product(&importer, sine, parts[1])]),
            try add(
                &importer, "Add", [try product(&importer, sine, parts[0]), try product(&importer, cosine, parts[1])]),
        ]
        var y: ValueID
        if isInterleaved {
            for i in 0..<2 { made[i] = try add(&importer, "Unsqueeze", [made[i], ints(&importer, [-1])]) }
            y = try add(
                &importer, "Reshape", [try add(&importer, "Concat", made, last), try add(&importer, "Shape", [head])])
        } else {
            y = try add(&importer, "Concat", made, last)
        }
        if turned != 0 { y = try add(&importer, "Concat", [y, try slice(&importer, x, turned, .max)], last) }
        if isFlat {
            try importer.add("Reshape", [y, try add(&importer, "Shape", [node.input(0)])], for: node, output: output)
        } else {
            try importer.add("Transpose", [y], for: node, attributes: swap, output: output)
        }
        return true
    }
}
