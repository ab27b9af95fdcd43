import DeixisGraph

// Operators element by element, and those that only move.
extension Generator {
    mutating func unary() {
        let x = anyValue(), s = shape(x)
        keep(
            activation(
                x, s,
                random.pick([
                    "Relu", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "HardSwish", "Gelu", "Clip", "Clip",
                    "Erf", "Neg", "Abs", "Sqrt", "Identity", "Floor",
                ])))
    }

    mutating func activation(_ x: ValueID, _ s: [Int], _ op: Name) -> ValueID {
        switch op {
        case "LeakyRelu": return add(op, [x], s, [("alpha", .float(random.pick([0.1, 0.25, -0.5])))])
        case "HardSigmoid":
            return add(op, [x], s, random.chance(50) ? [] : [("alpha", .float(0.3)), ("beta", .float(0.4))])
        case "HardSwish" where graph.opset < 14: return add("Relu", [x], s)
        case "Gelu":
            if graph.opset < 20 { return add("Tanh", [x], s) }
            return add(op, [x], s, random.chance(50) ? [] : [("approximate", .string("tanh"))])
        case "Clip":
            let low = random.chance(20) ? nil : scalar(random.pick([0, 0, -0.5, -1]))
            let high = random.chance(20) ? nil : scalar(random.pick([1, 6, 0.75, 0.5]))
            return add(op, high == nil ? [x, low] : [x, low, high], s)
        case "Sqrt": return add(op, [add("Abs", [x], s)], s)
        // Of values that are uncertain a step would fall anywhere.
        case "Floor" where !onGrid: return add("Abs", [x], s)
        default: return add(op, [x], s)
        }
    }

    /// A shape that broadcasts to `s`: its last axes, some of them 1; sometimes with more axes than it has.
    mutating func broadcastable(_ s: [Int]) -> [Int] {
        var shape = Array(s.suffix(random.below(s.count + 1)))
        for i in shape.indices where random.chance(35) { shape[i] = 1 }
        if random.chance(8), shape.count == s.count { shape = [Int](repeating: 1, count: random.within(1...2)) + shape }
        return shape
    }

    static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
        let rank = max(a.count, b.count)
        var result: [Int] = []
        for i in 0..<rank {
            let x = i < rank - a.count ? 1 : a[i - rank + a.count], y = i < rank - b.count ? 1 : b[i - rank + b.count]
            guard x == y || x == 1 || y == 1 else { return nil }
            result.append(x == 1 ? y : x)
        }
        return result
    }

    mutating func withConstant() {
        let x = anyValue(), s = shape(x)
        let shape =
            random.chance(40) ? [Int](repeating: 1, count: random.within(0...min(6, s.count + 2))) : broadcastable(s)
        guard let made = Generator.broadcast(s, shape), made.count <= 6 else { return }
        let op = random.pick(["Add", "Add", "Sub", "Mul", "Mul", "Div"] as [Name])
        let c = op == "Div" ? floats(shape, 0.5, 3) : floats(shape, -1, 1)
        let turned = op != "Div" && random.chance(40)
        keep(add(op, turned ? [c, x] : [x, c], made))
    }

    mutating func withAnother() {
        let x = anyValue(), s = shape(x)
        let found = pool.filter { isFloat($0) && Generator.broadcast(shape($0), s) != nil }
        let wanted = broadcastable(s)
        let y = random.chance(30) || found.isEmpty ? input(.float32, wanted) : random.pick(found)
        guard let made = Generator.broadcast(s, shape(y)), made.count <= 6, made.reduce(1, *) <= 4096 else { return }
        let op = random.pick(["Add", "Add", "Add", "Sub", "Mul"] as [Name])
        keep(add(op, random.chance(50) ? [x, y] : [y, x], made))
    }

    // MARK: Moves

    mutating func move() {
        let x = anyValue(), s = shape(x)
        switch random.below(11) {
        case 0: keep(transposed(x, random.chance(70) ? nil : Array(s.indices.reversed())))
        case 1: keep(reshaped(x))
        case 2 where !s.isEmpty: keep(sliced(x))
        case 3 where !s.isEmpty: keep(concatenated(x))
        case 4 where !s.isEmpty: split(x)
        case 5 where !s.isEmpty: keep(gathered(x))
        case 6:
            let axis = random.below(s.count + 1)
            guard s.count < 6 else { return }
            keep(add("Unsqueeze", [x, ints([axis])], Array(s[..<axis]) + [1] + s[axis...]))
        case 7:
            let ones = s.indices.filter { s[$0] == 1 }
            guard !ones.isEmpty else { return keep(add("Identity", [x], s)) }
            let axis = random.pick(ones)
            keep(
                add(
                    "Squeeze", [x, ints([random.chance(30) ? axis - s.count : axis])],
                    Array(s[..<axis]) + s[(axis + 1)...]))
        case 8:
            let axis = random.below(s.count + 1)
            keep(
                add("Flatten", [x], [s[..<axis].reduce(1, *), s[axis...].reduce(1, *)], [("axis", .int(Int64(axis)))]))
        case 9:
            let target = s.map { $0 == 1 && random.chance(60) ? random.within(1...3) : $0 }
            keep(add("Expand", [x, ints(target)], target))
        default: keep(transposed(x, nil))
        }
    }

    mutating func transposed(_ x: ValueID, _ order: [Int]?) -> ValueID {
        let s = shape(x)
        var order = order ?? Array(s.indices)
        if order == Array(s.indices) { for i in order.indices.dropFirst() { order.swapAt(i, random.below(i + 1)) } }
        return add("Transpose", [x], order.map { s[$0] }, [("perm", .ints(order.map { Int64($0) }))])
    }

    mutating func reshaped(_ x: ValueID) -> ValueID {
        let s = shape(x)
        // Before opset 14 a 0 copies, and no other extent of 0 can be written.
        if graph.opset < 14, s.contains(0) { return add("Identity", [x], s) }
        var target: [Int] = []
        switch random.below(4) {
        case 0: target = [s.reduce(1, *)]
        case 1 where s.count > 1: target = [s[0] * s[1]] + s[2...]
        case 2 where !s.isEmpty:
            let axis = random.below(s.count), divisor = [4, 2, 3, 1].first { s[axis] % $0 == 0 } ?? 1
            target = Array(s[..<axis]) + [divisor, s[axis] / divisor] + s[(axis + 1)...]
        default: target = s + (s.count < 6 ? [1] : [])
        }
        var written = target
        // Zeros copy, -1 is what is left: the same for every length.
        for i in written.indices where i < s.count && s[i] == target[i] && s[i] > 0 && random.chance(40) {
            written[i] = 0
        }
        if target.reduce(1, *) > 0, !written.isEmpty, random.chance(40) {
            let i = random.below(written.count)
            written[i] = -1
        }
        if target.contains(0), written.contains(0) { written = target }
        return add(
            "Reshape", [x, ints(written)], target,
            target.contains(0) ? graph.opset >= 14 ? [("allowzero", .int(1))] : [] : [])
    }

    mutating func sliced(_ x: ValueID) -> ValueID {
        var s = shape(x)
        let axis = random.below(s.count), extent = s[axis]
        let start = random.below(extent + 1), end = start + random.below(extent - start + 1)
        let fromEnd = random.chance(25) && start > 0 && extent > 0, step = random.chance(15) ? 2 : 1
        s[axis] = (end - start + step - 1) / step
        let to = random.chance(20) && end == extent ? Int(Int32.max) : end
        return add(
            "Slice",
            [
                x, ints([fromEnd ? start - extent : start]), ints([to == 0 ? 0 : to]),
                ints([random.chance(25) ? axis - shape(x).count : axis]),
            ]
                + (step > 1 || random.chance(30) ? [ints([step])] : []), s)
    }

    mutating func concatenated(_ x: ValueID) -> ValueID {
        var s = shape(x)
        let axis = random.below(s.count)
        let fitting = pool.filter { id in
            isFloat(id) && rank(id) == s.count && s.indices.allSatisfy { $0 == axis || shape(id)[$0] == s[$0] }
        }
        var parts = [x]
        for _ in 0..<random.within(1...2) {
            var own = s
            own[axis] = extent()
            parts.append(
                random.chance(50) && !fitting.isEmpty
                    ? random.pick(fitting) : random.chance(30) ? floats(own, -1, 1) : input(.float32, own))
        }
        s[axis] = parts.reduce(0) { $0 + shape($1)[axis] }
        return add("Concat", parts, s, [("axis", .int(Int64(random.chance(25) ? axis - s.count : axis)))])
    }

    mutating func split(_ x: ValueID) {
        let s = shape(x), axis = random.below(s.count), first = random.below(s[axis] + 1)
        var a = s, b = s
        (a[axis], b[axis]) = (first, s[axis] - first)
        for part in add("Split", [x, ints([first, s[axis] - first])], outputs: [a, b], [("axis", .int(Int64(axis)))]) {
            keep(part)
        }
    }

    mutating func gathered(_ x: ValueID) -> ValueID {
        let s = shape(x), axis = random.below(s.count)
        guard s[axis] > 0 else { return add("Identity", [x], s) }
        let shape = random.pick([[], [1], [2], [2, 2]] as [[Int]])
        let indices = (0..<shape.reduce(1, *)).map { _ in Int64(random.below(2 * s[axis]) - s[axis]) }
        let made = Array(s[..<axis]) + shape + s[(axis + 1)...]
        guard made.count <= 6 else { return add("Identity", [x], s) }
        return add("Gather", [x, constant(Constant(.int64, shape, indices))], made, [("axis", .int(Int64(axis)))])
    }

    /// One row, or a few, of a result: heads that read the first token alone.
    mutating func row() {
        let x = value({ $0.rank($1) >= 2 && $0.shape($1)[1] > 0 }, { [$0.random.within(1...2), 4, 6] })
        var s = shape(x)
        if random.chance(50) {
            s.remove(at: 1)
            return keep(
                add(
                    "Gather",
                    [
                        x,
                        constant(
                            Constant(
                                .int64, [],
                                [Int64(random.below(2) - (random.chance(30) ? 1 : 0)) % Int64(max(1, shape(x)[1]))])),
                    ], s, [("axis", .int(1))]))
        }
        s[1] = 1
        let at = random.below(shape(x)[1])
        keep(add("Slice", [x, ints([at]), ints([at + 1]), ints([1])], s))
    }
}
