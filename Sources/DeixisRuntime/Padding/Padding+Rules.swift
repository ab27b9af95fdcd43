import DeixisGraph

extension Padding {
    /// The cut of `node`'s outputs (all alike), or nil where prefixes in are not known to give prefixes out.
    func rule(_ node: Node) -> Cut? {
        guard let output = node.outputs.first ?? nil, let made = shape(output) else { return nil }
        let inputs = node.inputs.map { $0.map { cuts[$0] } }
        // Equal in, equal out, whatever the operator.
        if inputs.allSatisfy({ $0 == nil || $0??.isEmpty == true }),
            node.outputs.allSatisfy({ $0.map { cutAxes($0)?.isEmpty == true } ?? true })
        {
            return [:]
        }
        if node.isDeixis("Linear") || node.isDeixis("QLinear") {
            // Row by row.
            guard let x = node.input(0), let cut = cuts[x], cut[made.count - 1] == nil,
                node.inputs.dropFirst().allSatisfy({ isEqual($0) })
            else { return nil }
            return cut.mapValues { $0.mixed }
        }
        guard node.domain.isEmpty else { return nil }
        if Self.elementwise.contains(node.op) { return elementwise(node, made) }
        guard let x = node.input(0), let from = shape(x), let cut = cuts[x] else { return nil }
        func axis(_ name: StaticString, _ value: Int) -> Int {
            let axis = node.int(name, default: value)
            return axis < 0 ? axis + from.count : axis
        }
        switch node.op {
        case "QuantizeLinear", "DequantizeLinear":
            guard node.inputs.dropFirst().allSatisfy({ $0 == nil || cuts[$0!]?.isEmpty == true }) else { return nil }
            let parameters = node.inputs.dropFirst().map { $0.flatMap { long.constants[$0] } }
            let known = parameters.allSatisfy { $0 == nil || $0!.count == 1 }
            var result: Cut = [:]
            for (axis, beyond) in cut {
                guard let made = known ? evaluate(node, [beyond], parameters) : .anything else { return nil }
                if case .anything = made { result[axis] = beyond.mixed } else { result[axis] = made }
            }
            return result
        case "Reshape", "Squeeze", "Unsqueeze", "Flatten": return regroup(x, cut, output)
        case "Transpose":
            let order = node.ints("perm") ?? Array(from.indices.reversed())
            guard order.count == from.count else { return nil }
            var result: Cut = [:]
            for (k, axis) in order.enumerated() { result[k] = cut[axis] }
            return result
        case "Expand":
            var result: Cut = [:]
            let lead = made.count - from.count
            for axis in cutAxes(output) ?? [] { result[axis] = cut[axis - lead] ?? .anything }
            return result
        case "Softmax":
            let axis = axis("axis", -1)
            if let beyond = cut[axis], !beyond.isLow { return nil }
            var result = cut.mapValues { _ in Beyond.anything }
            if cut[axis] != nil { result[axis] = .value(0) }
            return result
        case "LayerNormalization":
            let axis = axis("axis", -1)
            guard node.outputs.count == 1, cut.keys.allSatisfy({ $0 < axis }),
                node.inputs.dropFirst().allSatisfy({ isEqual($0) })
            else { return nil }
            return cut.mapValues { _ in .anything }
        case "MatMul": return product(node, from, cut, made)
        case "Gemm":
            guard node.int("transA", default: 0) == 0, cut[1] == nil,
                node.inputs.dropFirst().allSatisfy({ isEqual($0) })
            else { return nil }
            return cut.mapValues { $0.mixed }
        case "Gather": return gather(node, from, cut, axis("axis", 0))
        case "Slice": return slice(node, from, cut, output)
        case "Concat":
            let axis = axis("axis", 0)
            for case let id? in node.inputs {
                guard let other = cuts[id], other.count == cut.count, other.keys.allSatisfy({ cut[$0] != nil }),
                    !other.values.contains(where: { $0.isLarge })
                else { return nil }
            }
            return cut[axis] == nil ? cut.mapValues { _ in .anything } : nil
        case "Split":
            return cut[axis("axis", 0)] == nil && node.inputs.dropFirst().allSatisfy({ isEqual($0) }) ? cut : nil
        case "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceSumSquare":
            return reduce(node, from, cut)
        default: return nil
        }
    }

    /// Absent, or the same at both lengths.
    private func isEqual(_ id: ValueID?) -> Bool { id.map { cuts[$0]?.isEmpty == true } ?? true }

    // MARK: Elementwise, broadcasting

    private static let elementwise: [Name] = [
        "Identity", "Dropout", "Cast", "Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Erf",
        "Gelu", "Exp", "Log", "Sqrt",
        "Reciprocal", "Neg", "Abs", "Not", "Clip", "Elu", "Softplus", "Floor", "Ceil", "Round",
        "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
        "And", "Or", "Where",
    ]

    private func elementwise(_ node: Node, _ made: [Int]) -> Cut? {
        var result: Cut = [:]
        for axis in made.indices {
            var parts: [Beyond] = [], isCut = false, othersAreAlike = true
            for case let id? in node.inputs {
                guard let cut = cuts[id], let from = shape(id) else { return nil }
                let own = axis - (made.count - from.count)
                if own >= 0, let beyond = cut[own] {
                    isCut = true
                    parts.append(beyond)
                } else {
                    if own >= 0, from[own] != 1 { othersAreAlike = false }
                    parts.append(scalar(id).map { .value($0) } ?? .anything)
                }
            }
            if !isCut { continue }
            // What is not cut must be alike along this axis.
            guard othersAreAlike, let beyond = combine(node, parts) else { return nil }
            result[axis] = beyond
        }
        return result
    }

    /// nil: nothing may be assumed of it, not even that it is finite.
    private func combine(_ node: Node, _ parts: [Beyond]) -> Beyond? {
        switch node.op {
        case "Mul": if parts.contains(where: { $0.isZero }) { return .value(0) }
        case "Div": if parts.count == 2, parts[1].isZero { return nil }
        case "Add":
            if parts.contains(where: { $0.isLow }), parts.allSatisfy({ $0.mayBeAddedToLow }) { return .low }
        case "Sub": if parts.count == 2, parts[0].isLow, !parts[1].isLarge { return .low }
        case "Where":
            if parts.count == 3, case .value(let condition) = parts[0] { return condition != 0 ? parts[1] : parts[2] }
            return parts.contains { $0.isLarge } ? .large : .anything
        case "Identity", "Dropout": return parts[0]
        default: break
        }
        let made = evaluate(node, parts, [])
        guard case .anything? = made else { return made }
        // A quotient by little is large.
        if node.op == "Div", parts.count == 2, case .value(let divisor) = parts[1], abs(divisor) < 1e-3 { return .large }
        return parts.contains { $0.isLarge } ? .large : .anything
    }

    /// The operator's own reference on one element; nil where that is no finite number, which 0 would not take away.
    private func evaluate(_ node: Node, _ parts: [Beyond], _ parameters: [Constant?]) -> Beyond? {
        var inputs: [Constant?] = []
        var present = node.inputs.prefix(parts.count + node.inputs.prefix(parts.count).count { $0 == nil })
            .makeIterator()
        for part in parts {
            var id = present.next()
            while case .some(nil) = id {
                inputs.append(nil)
                id = present.next()
            }
            guard case .value(let value) = part, let id = id ?? nil, let element = long.spec(id)?.element,
                let constant = Self.element(value, element)
            else { return .anything }
            inputs.append(constant)
        }
        do throws(RuntimeError) {
            let results = try DeixisRuntime.evaluate(node, opset: long.opset, inputs: inputs + parameters)
            guard let number = try results.first??.numbers().first else { return .anything }
            return number.isFinite ? .value(number) : nil
        } catch {
            return .anything
        }
    }

    private static func element(_ value: Double, _ type: ElementType) -> Constant? {
        switch type {
        case .float32: Constant(type, [1, 1], [Float(value)])
        case .int64: Int64(exactly: value).map { Constant(type, [1, 1], [$0]) }
        case .int32: Int32(exactly: value).map { Constant(type, [1, 1], [$0]) }
        case .uint8, .bool: UInt8(exactly: value).map { Constant(type, [1, 1], [$0]) }
        case .int8: Int8(exactly: value).map { Constant(type, [1, 1], [$0]) }
        default: nil
        }
    }

    // MARK: Moving

    /// Reshape and its kin keep a cut axis that stays an axis of its own: what lies inside it (the extents after it) is
    /// as much as before.
    private func regroup(_ x: ValueID, _ cut: Cut, _ output: ValueID) -> Cut? {
        guard let a = shape(x), let b = shape(output), let c = shortShape(x), let d = shortShape(output) else {
            return nil
        }
        func inner(_ shape: [Int], _ axis: Int) -> Int { shape[(axis + 1)...].reduce(1, *) }
        var result: Cut = [:]
        for (axis, beyond) in cut {
            guard
                let to = b.indices.first(where: {
                    b[$0] == a[axis] && d[$0] == c[axis] && inner(b, $0) == inner(a, axis)
                        && inner(d, $0) == inner(c, axis)
                })
            else { return nil }
            result[to] = beyond
        }
        return result
    }

    private func gather(_ node: Node, _ from: [Int], _ cut: Cut, _ axis: Int) -> Cut? {
        guard let id = node.input(1), let indexCut = cuts[id], let index = shape(id) else { return nil }
        var result: Cut = [:]
        if cut.isEmpty {
            for key in indexCut.keys { result[axis + key] = .anything }
            return result
        }
        guard indexCut.isEmpty else { return nil }
        if cut[axis] != nil {
            guard let picked = integers(id), let extent = shortShape(node.input(0))?[axis],
                picked.allSatisfy({ $0 >= 0 && $0 < extent })
            else { return nil }
        }
        for (key, beyond) in cut where key != axis { result[key < axis ? key : key - 1 + index.count] = beyond }
        return result
    }

    private func slice(_ node: Node, _ from: [Int], _ cut: Cut, _ output: ValueID) -> Cut? {
        guard long.opset >= 10, let made = shape(output), let less = shortShape(node.input(0)),
            let madeShort = shortShape(output),
            let starts = integers(node.input(1))
        else { return nil }
        let steps = node.input(4) == nil ? starts.map { _ in 1 } : integers(node.input(4))
        let axes = node.input(3) == nil ? Array(starts.indices) : integers(node.input(3))
        guard let steps, let axes, steps.count == starts.count, axes.count == starts.count else { return nil }
        var result = cut
        for (i, named) in axes.enumerated() {
            let axis = named < 0 ? named + from.count : named
            guard steps[i] >= 1 else { return nil }
            if cut[axis] == nil {
                // Only the end may differ: the head of an axis, as of a table of positions.
                if made[axis] != madeShort[axis] {
                    guard starts[i] == 0, steps[i] == 1 else { return nil }
                    result[axis] = .anything
                } else if integers(node.input(2)) == nil, starts[i] < 0 {
                    return nil
                }
            } else if made[axis] == from[axis], madeShort[axis] == less[axis] {
                continue
            } else {
                guard let ends = integers(node.input(2)), starts[i] >= 0, ends[i] >= 0, ends[i] <= less[axis] else {
                    return nil
                }
                result[axis] = nil
            }
        }
        return result
    }

    // MARK: Sums

    private func product(_ node: Node, _ a: [Int], _ cutA: Cut, _ made: [Int]) -> Cut? {
        guard let id = node.input(1), let b = shape(id), let cutB = cuts[id], a.count >= 2, b.count >= 2 else {
            return nil
        }
        let (row, inner) = (a.count - 2, a.count - 1), (innerB, column) = (b.count - 2, b.count - 1)
        guard cutA.keys.allSatisfy({ $0 >= row }), cutB.keys.allSatisfy({ $0 >= innerB }) else { return nil }
        if let x = cutA[inner] {
            guard let y = cutB[innerB], x.isZero || y.isZero else { return nil }
        } else if cutB[innerB] != nil {
            return nil
        }
        var result: Cut = [:]
        if let beyond = cutA[row] { result[made.count - 2] = beyond.isZero ? .value(0) : beyond.mixed }
        if let beyond = cutB[column] { result[made.count - 1] = beyond.isZero ? .value(0) : beyond.mixed }
        return result
    }

    private func reduce(_ node: Node, _ from: [Int], _ cut: Cut) -> Cut? {
        guard let id = node.input(1), let axes = integers(id), !axes.isEmpty else { return nil }
        let gone = axes.map { $0 < 0 ? $0 + from.count : $0 }, keeps = node.int("keepdims", default: 1) != 0
        var result: Cut = [:]
        for (axis, beyond) in cut {
            if gone.contains(axis) {
                guard node.op == "ReduceSum" || node.op == "ReduceSumSquare" || node.op == "ReduceL2", beyond.isZero
                else { return nil }
            } else {
                result[keeps ? axis : axis - gone.count { $0 < axis }] = beyond.mixed
            }
        }
        return result
    }
}
