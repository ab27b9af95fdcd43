import DeixisGraph

/// An attention between a long and a short side multiplies the short side with the weights first.
///
/// Queries X many, keys K and values V few, heads h:
///
///     softmax(s (X Wq + bq)_h K_h^T + mask) V_h, heads side by side, Wo  =>  sum_h softmax(X M_h^T + r_h + mask) N_h
///     M_h = s K_h Wq_h^T,   r_h = s K_h bq_h,   N_h = V_h Wo_h
///
/// Queries Q few, keys Y Wk + bk and values Y Wv + bv many:
///
///     softmax(s Q_h (Y Wk + bk)_h^T + mask) (Y Wv + bv)_h  =>  (softmax(G_h Y^T + mask) Y) Wv_h + bv_h,   G_h = s Q_h Wk_h^T
///
/// (Q_h bk_h adds the same to every score of a row, which softmax does not see; the weights of a row sum to 1, so bv
/// stays bv.) For 1024 positions, 20 tokens, 768 channels and 8 heads either is 275 MMAC instead of 1239. Results
/// change by rounding only.
///
/// Done where multiply-accumulates fall to three quarters and by a million at least, for batches of 1 and float
/// weights; quantized files keep the numbers they store. Not done where the long side depends on fewer inputs than the
/// short one: its projections then stay from sentence to sentence (`KeptSplit`), which saves more.
enum Reassociate {
    static let rule: Rule = { editor, id, node in
        guard node.isDeixis("Attention"), let q = node.input(0), let k = node.input(1), let v = node.input(2),
            let output = node.outputs[0],
            let queries = editor.spec(q), let keys = editor.spec(k), let values = editor.spec(v), queries.shape[0] == 1
        else { return nil }
        let attention = Site(
            id: id, node: node, q: q, k: k, v: v, output: output, n: queries.shape[1], m: keys.shape[1],
            width: queries.shape[2],
            valueWidth: values.shape[2], heads: node.int("heads", default: 1))
        if let mask = node.input(3) {
            // One for all heads and queries.
            guard let spec = editor.spec(mask), spec.count == attention.m, spec.shape.last == attention.m else {
                return nil
            }
        }
        return fewKeys(editor, attention) ?? fewQueries(editor, attention)
    }

    /// An attention: n queries, m keys.
    private struct Site {
        var id: NodeID, node: Node
        var q: ValueID, k: ValueID, v: ValueID, output: ValueID
        var n: Int, m: Int, width: Int, valueWidth: Int, heads: Int

        var scale: Attribute { node.attribute("scale") ?? .float(1) }
        var mask: ValueID? { node.input(3) }
        func name(_ suffix: StaticString) -> Name { node.name.appending(suffix) }
    }

    /// x W + b, of constants, read by one node alone.
    private struct Projection {
        var id: NodeID, node: Node
        var x: ValueID, weight: ValueID, bias: ValueID?
        var isTransposed: Bool
        /// Extent of x's last axis.
        var inputs: Int

        init?(_ editor: GraphEditor, _ id: NodeID?) {
            guard let id, let node = editor[id], node.isDeixis("Linear"), let x = node.input(0),
                let weight = node.input(1),
                editor.constant(weight) != nil, node.input(2) == nil || editor.constant(node.input(2)) != nil,
                node.input(3) == nil,
                let spec = editor.spec(x), spec.rank == 3
            else { return nil }
            (self.id, self.node, self.x, self.weight, bias, inputs) = (
                id, node, x, weight, node.input(2), spec.shape[2]
            )
            isTransposed = node.int("transB", default: 0) != 0
        }

        static func making(_ editor: GraphEditor, _ value: ValueID) -> Projection? {
            guard editor.vanishes(value), let found = Projection(editor, editor.maker(of: value)),
                found.node.attribute("activation") == nil
            else { return nil }
            return found
        }
    }

    private static func pays(_ new: Int, _ old: Int) -> Bool { new * 4 <= old * 3 && old - new >= 1 << 20 }

    // MARK: Many queries

    private static func fewKeys(_ editor: GraphEditor, _ a: Site) -> Patch? {
        guard let before = Projection.making(editor, a.q), editor.vanishes(a.output),
            let after = Projection(editor, editor.readers(of: a.output).first), after.x == a.output,
            let result = after.node.outputs[0], let made = editor.spec(result)
        else { return nil }
        let hm = a.heads * a.m, outputs = made.shape[2]
        let old = a.n * (before.inputs * a.width + a.m * (a.width + a.valueWidth) + a.valueWidth * outputs)
        let new = a.n * hm * (before.inputs + outputs) + a.m * (a.width * before.inputs + a.valueWidth * outputs)
        guard pays(new, old), dependsOnAll(editor, before.x, of: [a.k, a.v]) else { return nil }
        var build = Builder(editor, a, removing: [a.id, before.id, after.id])
        let m = build.headExpand(
            a.k, before.weight, transposed: !before.isTransposed, [hm, before.inputs], scale: a.scale, "/key-weights")
        // Per head and key: what bq adds, and the mask.
        var row: ValueID?
        if let bias = before.bias, let constant = editor.constant(bias) {
            let column = build.patch.addConstant(a.name("/query-bias"), constant.reshaped([a.width, 1]))
            row = build.headExpand(a.k, column, transposed: false, [hm, 1], scale: a.scale, "/key-bias")
        }
        if let mask = a.mask {
            let perKey = build.reshape(mask, [1, a.m], "/mask")
            let perHead =
                row.map { build.reshape($0, [a.heads, a.m], "/key-bias/heads") }
                ?? build.patch.addConstant(
                    a.name("/zeros"), Constant(.float32, [a.heads, 1], [Float](repeating: 0, count: a.heads)))
            row = build.node("Add", [perHead, perKey], [a.heads, a.m], "/masked")
        }
        row = row.map { build.reshape($0, [hm], "/bias") }
        let scores = build.linear(before.x, m, row, transposed: true, [1, a.n, hm], "/scores")
        let weights = build.node(
            "Softmax", [build.reshape(scores, [1, a.n, a.heads, a.m], "/scores/heads")], [1, a.n, a.heads, a.m],
            "/softmax",
            attributes: [("axis", .int(-1))])
        let n = build.headExpand(
            a.v, after.weight, transposed: after.isTransposed, [hm, outputs], scale: .float(1), "/value-weights")
        var last = after.node
        last.inputs[0] = build.reshape(weights, [1, a.n, hm], "/weights")
        last.inputs[1] = n
        last.attributes.removeAll { $0.name == "transB" }
        build.patch.nodes.append(last)
        return build.patch
    }

    // MARK: Few queries

    private static func fewQueries(_ editor: GraphEditor, _ a: Site) -> Patch? {
        guard let key = Projection.making(editor, a.k), let value = Projection.making(editor, a.v), key.x == value.x
        else { return nil }
        let c = key.inputs, hn = a.heads * a.n
        let old = a.m * (c + a.n) * (a.width + a.valueWidth)
        let new = a.n * c * (a.width + a.valueWidth) + 2 * hn * c * a.m
        guard pays(new, old), dependsOnAll(editor, key.x, of: [a.q]) else { return nil }
        var build = Builder(editor, a, removing: [a.id, key.id, value.id])
        let g = build.headExpand(
            a.q, key.weight, transposed: !key.isTransposed, [hn, c], scale: a.scale, "/query-weights")
        let y = build.reshape(key.x, [a.m, c], "/source")
        let mask = a.mask.map { build.reshape($0, [a.m], "/mask") }
        let scores = build.linear(g, y, mask, transposed: true, [hn, a.m], "/scores")
        let weights = build.node("Softmax", [scores], [hn, a.m], "/softmax", attributes: [("axis", .int(-1))])
        let mixed = build.linear(weights, y, nil, transposed: false, [hn, c], "/mixed")
        build.patch.nodes.append(
            Node(
                name: a.name("/values"), domain: .deixis, op: "HeadReduce",
                inputs: [mixed, value.weight] + (value.bias == nil ? [] : [value.bias]),
                outputs: [a.output],
                attributes: [("heads", .int(Int64(a.heads)))] + (value.isTransposed ? [("transB", .int(1))] : [])))
        return build.patch
    }

    // MARK: Tools

    /// Whether `value` depends on every graph input that one of `others` depends on.
    private static func dependsOnAll(_ editor: GraphEditor, _ value: ValueID, of others: [ValueID]) -> Bool {
        let own = graphInputs(editor, [value])
        return graphInputs(editor, others).allSatisfy { own.contains($0) }
    }

    @inline(never)
    private static func graphInputs(_ editor: GraphEditor, _ values: [ValueID]) -> [ValueID] {
        var seen = [Bool](repeating: false, count: editor.values.count), stack = values
        var found: [ValueID] = []
        while let value = stack.popLast() {
            if seen[value.index] { continue }
            seen[value.index] = true
            guard let maker = editor.maker(of: value) else {
                if editor.isInput(value) { found.append(value) }
                continue
            }
            for case let next? in editor[maker]?.inputs ?? [] { stack.append(next) }
        }
        return found
    }

    /// Nodes of a patch, float32.
    private struct Builder {
        var patch: Patch
        let site: Site

        init(_ editor: GraphEditor, _ site: Site, removing: [NodeID]) {
            patch = Patch(editor, removing: removing)
            self.site = site
        }

        @inline(never)
        mutating func node(
            _ op: Name, domain: Name = "", _ inputs: [ValueID?], _ shape: [Int], _ suffix: StaticString,
            attributes: [(name: Name, value: Attribute)] = []
        ) -> ValueID {
            let name = site.name(suffix), output = patch.addValue(name, TensorSpec(.float32, shape).type)
            patch.nodes.append(
                Node(name: name, domain: domain, op: op, inputs: inputs, outputs: [output], attributes: attributes))
            return output
        }

        @inline(never)
        mutating func reshape(_ x: ValueID, _ shape: [Int], _ suffix: StaticString) -> ValueID {
            let target = patch.addConstant(
                site.name("/shape"), Constant(.int64, [shape.count], shape.map { Int64($0) }))
            return node("Reshape", [x, target], shape, suffix, attributes: [("allowzero", .int(1))])
        }

        @inline(never)
        mutating func linear(
            _ x: ValueID, _ b: ValueID, _ bias: ValueID?, transposed: Bool, _ shape: [Int], _ suffix: StaticString
        ) -> ValueID {
            node(
                "Linear", domain: .deixis, bias == nil ? [x, b] : [x, b, bias], shape, suffix,
                attributes: transposed ? [("transB", .int(1))] : [])
        }

        @inline(never)
        mutating func headExpand(
            _ x: ValueID, _ weight: ValueID, transposed: Bool, _ shape: [Int], scale: Attribute, _ suffix: StaticString
        ) -> ValueID {
            node(
                "HeadExpand", domain: .deixis, [x, weight], shape, suffix,
                attributes: [("heads", .int(Int64(site.heads))), ("scale", scale)]
                    + (transposed ? [("transB", .int(1))] : []))
        }
    }
}
