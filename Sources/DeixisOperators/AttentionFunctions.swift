import DeixisGraph
import DeixisRuntime

/// Attention as the nodes that exporters write where they have no operator for it, which the passes fuse.
enum AttentionFunctions {
    /// Attention of opset 23: Q, K, V, mask, past K, past V, all [batch, heads, length, size], or Q, K, V [batch,
    /// length, heads size]. Outputs: Y as Q, K and V with the past in front, scores.
    static let attention: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        for name in ["softmax_precision", "left_window_size", "right_window_size"] as [Name] {
            switch node.attribute(name) {
            case nil, .int(-1)?: break
            case .int(1)? where name == "softmax_precision": break
            default: throw node.invalid("attribute '\(name)' is not supported")
            }
        }
        guard node.input(6) == nil else { throw node.invalid("input 6 (nonpad_kv_seqlen) is not supported") }
        guard node.outputs.count < 4 || node.outputs[3] == nil else {
            throw node.invalid("output 3 (scores) is not supported")
        }
        var core = Core(node)
        core.softcap = node.float("softcap", default: 0)
        core.isCausal = node.int("is_causal", default: 0) != 0
        if case .float(let scale)? = node.attribute("scale") { core.scale = scale }
        core.mask = node.input(3)
        let heads = Int64(node.int("q_num_heads", default: 0)), shared = Int64(node.int("kv_num_heads", default: 0))
        var q = node.input(0), k = node.input(1), v = node.input(2)
        let isFlat = heads != 0
        if isFlat {
            guard heads > 0, shared > 0, heads % shared == 0 else {
                throw node.invalid("\(heads) heads do not share \(shared)")
            }
            q = try core.split(&importer, q, heads)
            k = try core.split(&importer, k, shared)
            v = try core.split(&importer, v, shared)
        }
        if let past = node.input(4) {
            core.past = past
            k = try core.joined(&importer, past, k, output: node.outputs.count > 1 ? node.outputs[1] : nil)
            v = try core.joined(&importer, node.input(5), v, output: node.outputs.count > 2 ? node.outputs[2] : nil)
        } else {
            for (i, x) in [(1, k), (2, v)] where node.outputs.count > i {
                if let output = node.outputs[i] { try importer.add("Identity", [x], for: node, output: output) }
            }
        }
        if isFlat ? heads != shared : core.headsMayDiffer(importer, q, k) {
            k = try core.repeated(&importer, k, like: q)
            v = try core.repeated(&importer, v, like: q)
        }
        try core.finish(&importer, q, k, v, isFlat: isFlat)
        return true
    }

    /// onnxruntime's: query, key, value [batch, length, heads size], bias of all three, padding mask [batch, length],
    /// bias of the scores.
    static let multiHead: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        guard node.input(1) != nil, node.input(2) != nil, node.inputs.dropFirst(6).allSatisfy({ $0 == nil }) else {
            throw node.invalid("packed or past keys and values are not supported")
        }
        let heads = Int64(node.int("num_heads", default: 0))
        guard heads > 0 else { throw node.invalid("num_heads is \(heads)") }
        _ = try node.only()
        var core = Core(node), parts = Array(node.inputs.prefix(3))
        core.isCausal = node.int("unidirectional", default: 0) != 0
        if case .float(let scale)? = node.attribute("scale"), scale != 0 { core.scale = scale }
        core.mask = node.input(5)
        if let bias = node.input(3) {
            // The three behind each other, the first two of the width of Q.
            let width = try core.extent(&importer, parts[0], axis: -1), all = try core.extent(&importer, bias, axis: 0)
            let two = try importer.add("Add", [width, width], for: node)
            let cuts = [core.ints(&importer, [0]), width, two, all]
            for i in 0..<3 {
                let part = try importer.add(
                    "Slice", [bias, cuts[i], cuts[i + 1], core.ints(&importer, [0])], for: node)
                parts[i] = try importer.add("Add", [parts[i], part], for: node)
            }
        }
        if let padding = node.input(4) {
            // 0 where a token is padding; [batch, 1, 1, length].
            guard importer.graph[padding].type?.shape?.count == 2 else {
                throw node.invalid("a padding mask that is no stated matrix is not supported")
            }
            let real = try importer.add(
                "Cast", [padding], for: node, attributes: [("to", .int(Int64(ElementType.bool.rawValue)))])
            let open = try importer.add("Unsqueeze", [real, core.ints(&importer, [1, 2])], for: node)
            core.padding = open
            core.low = node.float("mask_filter_value", default: -10000)
        }
        for i in 0..<3 { parts[i] = try core.split(&importer, parts[i], heads) }
        try core.finish(&importer, parts[0], parts[1], parts[2], isFlat: true)
        return true
    }

    /// softmax(scale Q K^T + mask) V, heads apart.
    private struct Core {
        let node: Node
        /// nil: 1 / sqrt(size of a head).
        var scale: Float?
        var softcap: Float = 0
        var isCausal = false
        /// Added, or where it is bool, what may be seen.
        var mask: ValueID?
        /// What may be seen; elsewhere `low` is added.
        var padding: ValueID?
        var low: Float = -.infinity
        var past: ValueID?

        init(_ node: Node) { self.node = node }

        func ints(_ importer: inout Importer, _ values: [Int64]) -> ValueID {
            importer.addConstant(Constant(.int64, [values.count], values))
        }

        /// [one extent]
        func extent(_ importer: inout Importer, _ x: ValueID?, axis: Int64) throws(RuntimeError) -> ValueID {
            try importer.add("Gather", [try importer.add("Shape", [x], for: node), ints(&importer, [axis])], for: node)
        }

        /// `value` of the type of `x`.
        func number(_ importer: inout Importer, _ value: Float, like x: ValueID?) throws(RuntimeError) -> ValueID {
            let scalar = importer.addConstant(Constant(.float32, [], [value]))
            if let x, importer.graph[x].type?.element == .float32 { return scalar }
            return try importer.add("CastLike", [scalar, x], for: node)
        }

        /// [batch, length, heads size] -> [batch, heads, length, size]
        func split(_ importer: inout Importer, _ x: ValueID?, _ heads: Int64) throws(RuntimeError) -> ValueID {
            let shaped = try importer.add("Reshape", [x, ints(&importer, [0, 0, heads, -1])], for: node)
            return try importer.add("Transpose", [shaped], for: node, attributes: [("perm", .ints([0, 2, 1, 3]))])
        }

        func joined(_ importer: inout Importer, _ past: ValueID?, _ x: ValueID?, output: ValueID?) throws(RuntimeError)
            -> ValueID
        {
            try importer.add("Concat", [past, x], for: node, attributes: [("axis", .int(2))], output: output)
        }

        func headsMayDiffer(_ importer: Importer, _ q: ValueID?, _ k: ValueID?) -> Bool {
            guard let q = q.flatMap({ importer.graph[$0].type?.shape }),
                let k = k.flatMap({ importer.graph[$0].type?.shape }), q.count == 4, k.count == 4
            else { return true }
            return q[1] != k[1] || q[1] == .unknown
        }

        /// Each head as often as Q has heads for it.
        func repeated(_ importer: inout Importer, _ x: ValueID?, like q: ValueID?) throws(RuntimeError) -> ValueID {
            let heads = try extent(&importer, q, axis: 1), shared = try extent(&importer, x, axis: 1)
            let times = try importer.add("Div", [heads, shared], for: node), one = ints(&importer, [1])
            let shape = try importer.add(
                "Concat", [one, one, times, one, one], for: node, attributes: [("axis", .int(0))])
            let apart = try importer.add(
                "Expand", [try importer.add("Unsqueeze", [x, ints(&importer, [2])], for: node), shape], for: node)
            let minus = ints(&importer, [-1])
            let joined = try importer.add(
                "Concat", [ints(&importer, [0]), heads, minus, try extent(&importer, x, axis: 3)], for: node,
                attributes: [("axis", .int(0))])
            return try importer.add("Reshape", [apart, joined], for: node)
        }

        func finish(_ importer: inout Importer, _ q: ValueID?, _ k: ValueID?, _ v: ValueID?, isFlat: Bool)
            throws(RuntimeError)
        {
            let keys = try importer.add("Transpose", [k], for: node, attributes: [("perm", .ints([0, 1, 3, 2]))])
            let factor: ValueID
            if let scale {
                factor = try number(&importer, scale, like: node.input(0))
            } else {
                let size = try importer.add("Squeeze", [try extent(&importer, q, axis: 3)], for: node)
                let real = try importer.add(
                    "Cast", [size], for: node, attributes: [("to", .int(Int64(ElementType.float32.rawValue)))])
                let root = try importer.add("Reciprocal", [try importer.add("Sqrt", [real], for: node)], for: node)
                factor = try importer.add("CastLike", [root, node.input(0)], for: node)
            }
            var scores = try importer.add(
                "Mul", [try importer.add("MatMul", [q, keys], for: node), factor], for: node)
            if softcap != 0 {
                let cap = try number(&importer, softcap, like: node.input(0))
                let bent = try importer.add("Tanh", [try importer.add("Div", [scores, cap], for: node)], for: node)
                scores = try importer.add("Mul", [bent, cap], for: node)
            }
            let causal = isCausal ? try causal(&importer, q, k) : nil
            for (seen, low) in [(mask, -Float.infinity), (padding, low), (causal, -Float.infinity)] {
                guard var seen else { continue }
                if seen != mask || importer.graph[seen].type?.element == .bool {
                    let zero = try number(&importer, 0, like: node.input(0)),
                        low = try number(&importer, low, like: node.input(0))
                    seen = try importer.add("Where", [seen, zero, low], for: node)
                }
                scores = try importer.add("Add", [scores, seen], for: node)
            }
            let weights = try importer.add("Softmax", [scores], for: node, attributes: [("axis", .int(-1))])
            let output = node.outputs.first ?? nil,
                isGuarded = mask.flatMap { importer.graph[$0].type?.element } == .bool
            var mixed = try importer.add("MatMul", [weights, v], for: node, output: isFlat || isGuarded ? nil : output)
            if isGuarded {
                // A query that sees nothing gets zeros.
                let seen = causal == nil ? mask : try importer.add("And", [mask, causal], for: node)
                let any = try importer.add("ReduceMax", [seen, ints(&importer, [-1])], for: node)
                let zero = try number(&importer, 0, like: node.input(0))
                mixed = try importer.add("Where", [any, mixed, zero], for: node, output: isFlat ? nil : output)
            }
            guard isFlat else { return }
            let tokens = try importer.add("Transpose", [mixed], for: node, attributes: [("perm", .ints([0, 2, 1, 3]))])
            try importer.add("Reshape", [tokens, ints(&importer, [0, 0, -1])], for: node, output: output)
        }

        /// What query i may see: keys up to i, and the past.
        private func causal(_ importer: inout Importer, _ q: ValueID?, _ k: ValueID?) throws(RuntimeError) -> ValueID {
            let shape = try importer.add(
                "Concat", [try extent(&importer, q, axis: 2), try extent(&importer, k, axis: 2)], for: node,
                attributes: [("axis", .int(0))])
            let all = try importer.add(
                "ConstantOfShape", [shape], for: node,
                attributes: [("value", .tensor(Constant(.bool, [1], [UInt8(1)])))])
            var inputs: [ValueID?] = [all]
            if let past {
                inputs.append(try importer.add("Squeeze", [try extent(&importer, past, axis: 2)], for: node))
            }
            return try importer.add("Trilu", inputs, for: node, attributes: [("upper", .int(0))])
        }
    }
}
