import DeixisGraph

/// Old forms of operators and what they are today; nothing else in the runtime knows them.
///
/// A line says of one operator which form it has before an opset, and how that becomes the form of the opset; lines of
/// one operator stand in order, for each starts where the one in front of it ends. An operator without a line has meant
/// the same since opset 6.
enum History {
    struct Line: Sendable {
        var op: StaticString
        /// The opset that brought the form which `change` makes.
        var before: Int
        var change: Change

        init(_ op: StaticString, before: Int, _ change: @escaping Change) {
            self.op = op
            self.before = before
            self.change = change
        }
    }

    /// The node in the later form, or nil where other nodes have taken its place.
    typealias Change = @Sendable (inout Importer, Node) throws(RuntimeError) -> Node?

    /// Opsets from here on have no line.
    static let newest = 18

    static let lines: [Line] = [
        Line("Add", before: 7, broadcast), Line("Sub", before: 7, broadcast), Line("Mul", before: 7, broadcast),
        Line("Div", before: 7, broadcast),
        Line("Pow", before: 7, broadcast), Line("And", before: 7, broadcast), Line("Or", before: 7, broadcast),
        Line("Xor", before: 7, broadcast),
        Line("Equal", before: 7, broadcast), Line("Less", before: 7, broadcast), Line("Greater", before: 7, broadcast),
        Line("PRelu", before: 7, perChannel),
        Line("BatchNormalization", before: 9, perActivation),
        Line("BatchNormalization", before: 14, withoutStatistics),
        Line("Clip", before: 11, inputs("min", "max")),
        Line("Pad", before: 11, inputs("pads", "value")),
        Line("Slice", before: 10, inputs("starts", "ends", "axes")),
        Line("TopK", before: 10, inputs("k")),
        Line("Split", before: 13, inputs("split")),
        Line("Squeeze", before: 13, inputs("axes")), Line("Unsqueeze", before: 13, inputs("axes")),
        Line("ReduceSum", before: 13, inputs("axes")),
        Line("ReduceMean", before: 18, inputs("axes")), Line("ReduceProd", before: 18, inputs("axes")),
        Line("ReduceMax", before: 18, inputs("axes")), Line("ReduceMin", before: 18, inputs("axes")),
        Line("ReduceL1", before: 18, inputs("axes")), Line("ReduceL2", before: 18, inputs("axes")),
        Line("ReduceLogSum", before: 18, inputs("axes")), Line("ReduceLogSumExp", before: 18, inputs("axes")),
        Line("ReduceSumSquare", before: 18, inputs("axes")),
        Line("Scatter", before: 11, renamed("ScatterElements")),
        Line("Softmax", before: 13, flattened), Line("LogSoftmax", before: 13, flattened),
        Line("Hardmax", before: 13, flattened),
        Line("Upsample", before: 9, inputs("scales")),
        Line("Upsample", before: 10, renamed("Resize")),
        Line("Resize", before: 11, asymmetric),
    ]

    // MARK: Changes

    private static func renamed(_ op: StaticString) -> Change {
        { (_, node) throws(RuntimeError) in
            var node = node
            node.op = Name(stringLiteral: op)
            return node
        }
    }

    /// Attributes that have become inputs, from input 1 on: integers, or numbers of the type of input 0.
    private static func inputs(_ names: StaticString...) -> Change {
        { (importer, node) throws(RuntimeError) in
            guard node.inputs.count == 1 else {
                throw node.invalid("has \(node.inputs.count) inputs, in this opset it has one")
            }
            var node = node
            for name in names {
                var input: ValueID?
                switch node.remove(name) {
                case nil: break
                case .ints(let values)? where values.isEmpty: break
                case .int(let value)?: input = importer.addConstant(Constant(.int64, [1], [value]))
                case .ints(let values)?: input = importer.addConstant(Constant(.int64, [values.count], values))
                case .floats(let values)?: input = importer.addConstant(Constant(.float32, [values.count], values))
                case .float(let value)?:
                    let scalar = importer.addConstant(Constant(.float32, [], [value])), x = node.inputs[0]
                    // Where the file does not state the type, planning finds it.
                    let isFloat = x.flatMap { importer.graph[$0].type?.element } == .float32
                    input = isFloat ? scalar : try importer.add("CastLike", [scalar, x], for: node)
                default: throw node.invalid("attribute '\(name)' is no number")
                }
                node.inputs.append(input)
            }
            while let last = node.inputs.last, last == nil { node.inputs.removeLast() }
            return node
        }
    }

    /// Before opset 7 input 1 is repeated only where `broadcast` says so, and along the axes from `axis` on; default:
    /// the last ones.
    private static let broadcast: Change = { (importer, node) throws(RuntimeError) in
        var node = node
        _ = node.remove("broadcast")
        guard case .int(let axis)? = node.remove("axis"), axis != -1, node.inputs.count == 2 else { return node }
        try importer.align(&node, axis: Int(clamping: axis))
        return node
    }

    /// Before opset 7 a slope for each channel is a vector.
    private static let perChannel: Change = { (importer, node) throws(RuntimeError) in
        var node = node
        if importer.shape(of: node.input(1))?.count == 1, importer.shape(of: node.input(1)) != [.fixed(1)] {
            try importer.align(&node, axis: 1)
        }
        return node
    }

    private static let perActivation: Change = { (_, node) throws(RuntimeError) in
        guard node.int("spatial", default: 1) == 1 else { throw node.invalid("spatial = 0 is not supported") }
        return node
    }

    /// Outputs 1 to 4 were for training.
    private static let withoutStatistics: Change = { (_, node) throws(RuntimeError) in
        var node = node
        node.outputs = Array(node.outputs.prefix(1))
        return node
    }

    /// softmax(X) of X as a matrix: the axes before `axis` (default 1) are rows, all others columns.
    private static let flattened: Change = { (importer, node) throws(RuntimeError) in
        var node = node
        var axis: Int64 = 1
        if case .int(let given)? = node.remove("axis") { axis = given }
        node.attributes.append(("axis", .int(-1)))
        guard let x = node.input(0), let output = node.outputs.first ?? nil else { return node }
        if axis == -1 || importer.shape(of: x).map({ Int64($0.count) - 1 == axis }) == true { return node }
        let rows = try importer.add("Flatten", [x], for: node, attributes: [("axis", .int(axis))])
        let made = try importer.add(node.op, [rows], for: node, attributes: node.attributes)
        try importer.add(
            "Reshape", [made, try importer.add("Shape", [x], for: node)], for: node,
            attributes: [("allowzero", .int(1))], output: output)
        return nil
    }

    /// Element i of an axis comes from i / scale: for nearest from the element before, where the axis shrinks from that
    /// behind.
    private static let asymmetric: Change = { (importer, node) throws(RuntimeError) in
        guard node.inputs.count == 2 else {
            throw node.invalid("has \(node.inputs.count) inputs, in this opset it has two")
        }
        var node = node
        let scales = node.inputs[1].flatMap { importer.graph.constants[$0] }?.floats ?? []
        let shrinks = scales.contains { $0 < 1 }
        if shrinks, scales.contains(where: { $0 > 1 }), node.string("mode", default: "nearest") == "nearest" {
            throw node.invalid("scales that shrink one axis and widen another are not supported in this opset")
        }
        node.inputs.insert(nil, at: 1)
        node.attributes += [
            ("coordinate_transformation_mode", .string("asymmetric")),
            ("nearest_mode", .string(shrinks ? "ceil" : "floor")),
        ]
        return node
    }
}

extension Importer {
    /// As the file states it.
    fileprivate func shape(of id: ValueID?) -> [Dimension]? { id.flatMap { graph[$0].type?.shape } }

    /// Brings the axes of input 1 to those of input 0 from `axis` on, by axes of extent 1 behind them.
    fileprivate mutating func align(_ node: inout Node, axis: Int) throws(RuntimeError) {
        guard let x = shape(of: node.inputs[0])?.count, let y = shape(of: node.inputs[1])?.count else {
            throw node.invalid("axis \(axis) in this opset needs inputs whose rank the file states")
        }
        let from = axis < 0 ? axis + x : axis, behind = x - max(0, min(from, x)) - y
        guard from >= 0, from <= x, behind >= 0 else {
            throw node.invalid("axis \(axis) does not fit inputs of rank \(x) and \(y)")
        }
        if behind == 0 { return }
        let axes = addConstant(Constant(.int64, [behind], (0..<behind).map { Int64(y + $0) }))
        node.inputs[1] = try add("Unsqueeze", [node.inputs[1], axes], for: node)
    }
}

extension Node {
    /// Takes attribute `name` away.
    fileprivate mutating func remove(_ name: StaticString) -> Attribute? {
        guard let at = attributes.firstIndex(where: { $0.name.matches(name) }) else { return nil }
        return attributes.remove(at: at).value
    }
}
