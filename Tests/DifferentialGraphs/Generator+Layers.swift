import DeixisGraph

// Layers, in the spellings of exporters and in some that only look like them.
extension Generator {
    mutating func image() -> ValueID {
        if random.chance(12), pool.allSatisfy({ rank($0) != 4 }) { return photograph() }
        return value({ $0.rank($1) == 4 && $0.count($1) > 0 && $0.shape($1)[1] <= 24 }) {
            [
                $0.random.within(1...2), $0.random.pick([1, 2, 3, 4, 8]), $0.random.within(1...8),
                $0.random.within(1...8),
            ]
        }
    }

    /// The bytes of an image, normalized, planar.
    mutating func photograph() -> ValueID {
        let (h, w, c) = (random.within(2...7), random.within(2...7), random.pick([1, 3, 3, 4]))
        let bytes = input(.uint8, [1, h, w, c], low: 0, high: 255)
        var x = add("Cast", [bytes], [1, h, w, c], [("to", .int(1))])
        for op in random.pick([["Sub", "Div"], ["Mul"], ["Div", "Sub", "Mul"], ["Sub", "Mul", "Add"]] as [[Name]]) {
            let shape = random.chance(70) ? [c] : random.chance(50) ? [] : [1, 1, 1, c]
            x = add(
                op,
                [
                    x,
                    floats(
                        shape, op == "Sub" ? 100 : op == "Div" ? 50 : 0.01, op == "Sub" ? 130 : op == "Div" ? 70 : 0.02),
                ], [1, h, w, c])
        }
        x = add("Transpose", [x], [1, c, h, w], [("perm", .ints([0, 3, 1, 2]))])
        return random.chance(50) ? rounded(x) : x
    }

    mutating func convolution() {
        let isStored = random.chance(isQuantizedStyle ? 80 : 25)
        var x = image()
        if isStored { x = rounded(x) }
        let s = shape(x), kernel = random.pick([1, 1, 3, 3, 2]), stride = random.pick([1, 1, 2]),
            dilation = random.chance(10) ? 2 : 1
        let pad = random.chance(60) ? kernel / 2 : 0
        let isDepthwise = random.chance(15) && s[1] > 1,
            group = isDepthwise ? s[1] : s[1] % 2 == 0 && random.chance(10) ? 2 : 1
        let outputs = isDepthwise ? s[1] : random.pick([1, 2, 3, 4, 8, 16, 20]) * group
        let reach = (kernel - 1) * dilation + 1, h = s[2] + 2 * pad - reach, w = s[3] + 2 * pad - reach
        guard h >= 0, w >= 0 else { return }
        let made = [s[0], outputs, h / stride + 1, w / stride + 1], weight = [outputs, s[1] / group, kernel, kernel]
        var inputs: [ValueID?] = [x, isStored ? storedWeights(weight, axis: 0) : floats(weight)]
        if random.chance(50) {
            inputs.append(isStored && random.chance(70) ? storedBias(outputs, [outputs]) : floats([outputs]))
        }
        var y = add(
            "Conv", inputs, made,
            [
                ("kernel_shape", .ints([Int64(kernel), Int64(kernel)])),
                ("strides", .ints([Int64(stride), Int64(stride)])),
                ("pads", .ints([Int64](repeating: Int64(pad), count: 4))),
                ("dilations", .ints([Int64(dilation), Int64(dilation)])),
                ("group", .int(Int64(group))),
            ])
        if !isStored, random.chance(50) {
            if random.chance(20) { keep(y) }
            y = batchNorm(y, made)
        }
        if random.chance(25) {
            if isStored && random.chance(50) { y = rounded(y) }
            y = add("Add", [y, floats(random.pick([[1, outputs, 1, 1], [outputs, 1, 1], made, [1]]), -1, 1)], made)
        }
        y = ended(y, made, isStored)
        keep(y)
    }

    mutating func batchNorm(_ x: ValueID, _ s: [Int]) -> ValueID {
        let own = [s[1]]
        return add("BatchNormalization", [x, floats(own, 0.5, 1.5), floats(own), floats(own), floats(own, 0.5, 2)], s)
    }

    /// An activation, a residual, roundings between: in the orders that networks and quantizers have, or others.
    mutating func ended(_ from: ValueID, _ made: [Int], _ isStored: Bool) -> ValueID {
        var y = from
        for _ in 0..<random.below(3) {
            switch random.below(4) {
            case 0:
                y = activation(
                    y, made, random.pick(["Relu", "Relu", "Clip", "Sigmoid", "LeakyRelu", "HardSwish", "Tanh"]))
            case 1:
                if isStored && random.chance(70) { y = rounded(y) }
                let same = pool.filter { isFloat($0) && shape($0) == made }
                var r = same.isEmpty ? input(.float32, made) : random.pick(same)
                if isStored && random.chance(80) { r = rounded(r) }
                y = add("Add", random.chance(50) ? [y, r] : [r, y], made)
            default: if isStored { y = rounded(y) }
            }
        }
        return isStored && random.chance(70) ? rounded(y) : y
    }

    mutating func pooling() {
        let x = image(), s = shape(x)
        switch random.below(4) {
        case 0: keep(add("GlobalAveragePool", [x], [s[0], s[1], 1, 1]))
        default:
            let kernel = random.within(1...3), stride = random.within(1...2),
                pad = kernel > 1 && random.chance(40) ? kernel / 2 : 0
            let h = s[2] + 2 * pad - kernel, w = s[3] + 2 * pad - kernel
            guard h >= 0, w >= 0 else { return }
            let isAverage = random.chance(35)
            var attributes: [(name: Name, value: Attribute)] = [
                ("kernel_shape", .ints([Int64(kernel), Int64(kernel)])),
                ("strides", .ints([Int64(stride), Int64(stride)])),
                ("pads", .ints([Int64](repeating: Int64(pad), count: 4))),
            ]
            if isAverage, random.chance(40) { attributes.append(("count_include_pad", .int(1))) }
            keep(
                add(
                    isAverage ? "AveragePool" : "MaxPool", [x], [s[0], s[1], h / stride + 1, w / stride + 1], attributes
                ))
        }
    }

    mutating func resize() {
        let x = image(), s = shape(x)
        let linear = random.chance(30)
        var attributes: [(name: Name, value: Attribute)] = [
            ("mode", .string(linear ? "linear" : "nearest")),
            (
                "coordinate_transformation_mode",
                .string(random.pick(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]))
            ),
        ]
        if !linear {
            attributes.append(
                ("nearest_mode", .string(random.pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]))))
        }
        if random.chance(50) {
            let scales = [random.pick([2, 1, 0.5, 1.5]), random.pick([2, 1, 0.5, 3])] as [Float]
            let made = [
                s[0], s[1], Int((Float(s[2]) * scales[0]).rounded(.down)),
                Int((Float(s[3]) * scales[1]).rounded(.down)),
            ]
            guard made[2] > 0, made[3] > 0 else { return }
            return keep(add("Resize", [x, nil, constant(Constant(.float32, [4], [1, 1] + scales))], made, attributes))
        }
        let made = [s[0], s[1], random.within(1...12), random.within(1...12)]
        keep(add("Resize", [x, nil, nil, ints(made)], made, attributes))
    }

    // MARK: Tokens

    mutating func rows() -> ValueID {
        value({ $0.rank($1) >= 1 && ($0.shape($1).last ?? 0) > 0 && ($0.shape($1).last ?? 0) <= 48 }) {
            $0.random.chance(75)
                ? [$0.random.within(1...2), $0.random.pick([1, 2, 4, 5, 7]), $0.random.pick([4, 6, 8, 16, 20])]
                : $0.random.chance(50) ? [$0.random.within(1...5), $0.random.within(1...9)] : [$0.random.within(1...9)]
        }
    }

    mutating func linear() {
        let isStored = random.chance(isQuantizedStyle ? 80 : 25)
        keep(linear(rows(), random.pick([1, 2, 4, 6, 8, 16, 17, 33]), isStored: isStored))
    }

    mutating func linear(_ from: ValueID, _ outputs: Int, isStored: Bool) -> ValueID {
        let x = isStored ? rounded(from) : from, s = shape(x), inputs = s.last ?? 1,
            made = Array(s.dropLast()) + [outputs]
        var y: ValueID
        if s.count == 2, random.chance(30) {
            let turned = random.chance(50), weight = turned ? [outputs, inputs] : [inputs, outputs]
            let c = random.pick([[outputs], [1, outputs], [s[0], 1], [s[0], outputs], [1], []] as [[Int]])
            var operands: [ValueID?] = [x, isStored ? storedWeights(weight, axis: turned ? 0 : 1) : floats(weight)]
            if random.chance(70) {
                operands.append(isStored && c == [outputs] && random.chance(60) ? storedBias(outputs, c) : floats(c))
            }
            y = add(
                "Gemm", operands, made,
                (turned ? [("transB", .int(1))] : [])
                    + (random.chance(10) ? [("alpha", .float(0.5))] : random.chance(10) ? [("beta", .float(0.5))] : []))
        } else {
            let turned = !isStored && random.chance(40)
            var w =
                isStored
                ? storedWeights([inputs, outputs], axis: 1) : floats(turned ? [outputs, inputs] : [inputs, outputs])
            if turned {
                w = add("Transpose", [w], [inputs, outputs], random.chance(70) ? [("perm", .ints([1, 0]))] : [])
            }
            y = add("MatMul", [x, w], made)
        }
        if random.chance(65) {
            if isStored, random.chance(35) { y = rounded(y) }
            let shape = random.pick([[outputs], [outputs], [1, outputs], [1, 1, outputs], [1]] as [[Int]])
            let b = isStored && shape == [outputs] && random.chance(40) ? storedBias(outputs, shape) : floats(shape)
            if let whole = Generator.broadcast(made, shape), whole == made {
                y = add("Add", random.chance(50) ? [y, b] : [b, y], made)
            }
        }
        return ended(y, made, isStored)
    }

    mutating func layerNorm() {
        var x = rows()
        let s = shape(x), n = s.last ?? 1
        guard count(x) > 0 else { return }
        if random.chance(40) {
            let same = pool.filter { isFloat($0) && shape($0) == s }
            x = add("Add", [x, same.isEmpty ? input(.float32, s) : random.pick(same)], s)
        }
        let y = layerNorm(x, s, n)
        keep(random.chance(isQuantizedStyle ? 60 : 10) ? rounded(y) : y)
    }

    mutating func layerNorm(_ x: ValueID, _ s: [Int], _ n: Int) -> ValueID {
        if graph.opset >= 17, random.chance(85) {
            let axis = random.chance(90) || s.count < 2 ? -1 : -2, own = axis == -1 ? [n] : Array(s.suffix(2))
            return add(
                "LayerNormalization",
                random.chance(80) ? [x, floats(own, 0.5, 1.5), floats(own)] : [x, floats(own, 0.5, 1.5)], s,
                [
                    ("axis", .int(Int64(random.chance(20) ? s.count + axis : axis))),
                    ("epsilon", .float(random.pick([1e-5, 1e-3, 1e-5]))),
                ])
        }
        let row = Array(s.dropLast()) + [1]
        func mean(_ g: inout Generator, _ x: ValueID) -> ValueID {
            g.graph.opset >= 18
                ? g.add("ReduceMean", [x, g.ints([-1])], Array(row))
                : g.add("ReduceMean", [x], Array(row), [("axes", .ints([-1]))])
        }
        let centered = add("Sub", [x, mean(&self, x)], s)
        let square = random.chance(50) ? add("Pow", [centered, scalar(2)], s) : add("Mul", [centered, centered], s)
        let deviation = add("Sqrt", [add("Add", [mean(&self, square), scalar(1e-3)], Array(row))], Array(row))
        return add(
            "Add", [add("Mul", [add("Div", [centered, deviation], s), floats([n], 0.5, 1.5)], s), floats([n])], s)
    }

    /// x/2 (1 + erf(x / sqrt 2)) as exporters write it, and what only looks so.
    mutating func gelu() {
        let x = rows(), s = shape(x)
        let extra = random.chance(15) ? s.count + 1 : random.below(s.count + 1)
        func number(_ g: inout Generator, _ x: Float) -> ValueID {
            g.scalar(g.random.chance(5) ? x * 1.25 : x, rank: g.random.chance(75) ? 0 : extra)
        }
        func widened(_ a: ValueID, _ b: ValueID) -> [Int] { Generator.broadcast(shape(a), shape(b)) ?? s }
        func two(_ g: inout Generator, _ op: Name, _ a: ValueID, _ b: ValueID) -> ValueID {
            let made = Generator.broadcast(g.shape(a), g.shape(b)) ?? s
            return g.add(op, op != "Div" && g.random.chance(50) ? [b, a] : [a, b], made)
        }
        let isStored = isQuantizedStyle && random.chance(40), from = isStored ? rounded(x) : x
        func between(_ g: inout Generator, _ x: ValueID) -> ValueID { isStored ? g.rounded(x) : x }
        let inner =
            random.chance(60)
            ? two(&self, "Div", from, number(&self, 1.4142135)) : two(&self, "Mul", from, number(&self, 0.70710677))
        let erf = between(&self, add("Erf", [between(&self, inner)], shape(inner)))
        let sum = between(&self, two(&self, "Add", erf, number(&self, 1)))
        if rank(sum) > 6 { return }
        var y: ValueID
        switch random.below(3) {
        case 0: y = two(&self, "Mul", between(&self, two(&self, "Mul", from, sum)), number(&self, 0.5))
        case 1: y = two(&self, "Mul", two(&self, "Mul", from, number(&self, 0.5)), sum)
        default: y = two(&self, "Mul", two(&self, "Mul", sum, number(&self, 0.5)), from)
        }
        if random.chance(5) { keep(sum) }
        y = between(&self, y)
        if rank(y) <= 6 { keep(y) }
    }

    // MARK: Others

    mutating func softmax() {
        let x = anyValue(), s = shape(x)
        guard !s.isEmpty, count(x) > 0 else { return }
        let axis = random.chance(60) ? -1 : random.below(s.count)
        keep(add("Softmax", [x], s, random.chance(20) && axis == -1 ? [] : [("axis", .int(Int64(axis)))]))
    }

    mutating func reduction() {
        let x = anyValue(), s = shape(x)
        guard !s.isEmpty, count(x) > 0 else { return }
        let axis = random.below(s.count), keeps = random.chance(50)
        var made = s
        if keeps { made[axis] = 1 } else { made.remove(at: axis) }
        let op: Name = random.pick(["ReduceMean", "ReduceSum", "ReduceMax"])
        let asInput = op == "ReduceSum" || graph.opset >= (op == "ReduceMax" ? 18 : 18)
        keep(
            add(
                op, asInput ? [x, ints([axis])] : [x], made,
                [("keepdims", .int(keeps ? 1 : 0))] + (asInput ? [] : [("axes", .ints([Int64(axis)]))])))
    }

    /// (1 - mask) times something large and negative, added; or Where.
    mutating func masked() {
        let x = anyValue(), s = shape(x)
        guard let n = s.last, n > 0 else { return }
        let mask = input(.int64, [n], low: 0, high: 1)
        if random.chance(50) {
            let isReal = add("Cast", [mask], [n], [("to", .int(9))], element: .bool)
            return keep(add("Where", [isReal, x, scalar(random.pick([0, -8]))], s))
        }
        let real = add("Cast", [mask], [n], [("to", .int(1))])
        let gap = add("Mul", [add("Sub", [scalar(1), real], [n]), scalar(random.pick([-8, -100]))], [n])
        keep(add("Add", [x, gap], s))
    }

    /// Reshape to what Shape, Gather and Concat work out.
    mutating func throughShape() {
        let
            x = value(
                { $0.rank($1) >= 2 && $0.count($1) > 0 && $0.rank($1) <= 5 },
                { [$0.random.within(1...2), $0.random.within(1...4), 6] }), s = shape(x)
        let all = add("Shape", [x], [s.count], element: .int64)
        let first = add("Gather", [all, constant(Constant(.int64, [1], [Int64(0)]))], [1], element: .int64)
        let target = add("Concat", [first, ints([-1])], [2], [("axis", .int(0))], element: .int64)
        keep(add("Reshape", [x, target], [s[0], s[1...].reduce(1, *)]))
    }

    mutating func integers() {
        let s = [random.within(1...3), random.within(1...4)], x = input(.int64, s, low: 0, high: 5)
        var y = x
        for _ in 0..<random.within(1...3) {
            y = add(
                random.pick(["Add", "Mul", "Sub"]),
                random.chance(50)
                    ? [y, constant(Constant(.int64, [s[1]], (0..<s[1]).map { Int64($0 - 1) }))] : [y, x],
                s, element: .int64)
        }
        if random.chance(60) { keep(add("Cast", [y], s, [("to", .int(1))])) } else { keep(y) }
    }
}
