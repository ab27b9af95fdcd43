import DeixisGraph

// What small random graphs would seldom have: layers large enough for other kernels and rewritings, operators that only
// references run, parts that are there twice.
extension Generator {
    /// A 3x3 convolution of enough channels and positions for Winograd's products, with what networks put behind it.
    mutating func wideConvolution() {
        let channels = random.pick([32, 48]), outputs = random.pick([32, 32, 64]), h = random.within(9...13)
        let w = random.within(9...13), pad = random.pick([0, 1, 1])
        let made = [1, outputs, h + 2 * pad - 2, w + 2 * pad - 2]
        let x = input(.float32, [1, channels, h, w])
        var inputs: [ValueID?] = [x, floats([outputs, channels, 3, 3], -0.25, 0.25)]
        if random.chance(60) { inputs.append(floats([outputs])) }
        var y = add(
            "Conv", inputs, made,
            [("kernel_shape", .ints([3, 3])), ("pads", .ints([Int64](repeating: Int64(pad), count: 4)))])
        if random.chance(40) { y = batchNorm(y, made) }
        keep(ended(y, made, false))
    }

    /// An attention between many positions and a few of them, or a few that are learned, with layers before and behind.
    mutating func unevenAttention() {
        let width = random.pick([64, 96]), many = 18_000 / width, few = random.within(1...3)
        let heads = random.pick([1, 2, 4])
        let x = input(.float32, [1, many, width])
        let start = random.below(many - few + 1)
        var short =
            random.chance(75)
            ? add("Slice", [x, ints([start]), ints([start + few]), ints([1])], [1, few, width])
            : random.chance(50) ? floats([1, few, width], -1, 1) : input(.float32, [1, few, width])
        if random.chance(30) { short = add("Tanh", [short], [1, few, width]) }
        let areFewQueries = random.chance(50), queries = areFewQueries ? short : x, source = areFewQueries ? x : short
        func project(_ g: inout Generator, _ from: ValueID) -> ValueID {
            g.random.chance(90) ? g.plainLinear(from, width, isStored: false) : from
        }
        let q = project(&self, queries), k = project(&self, source), v = project(&self, source)
        var mask: ValueID?
        if random.chance(35) {
            mask = input(.float32, random.pick([[1, 1, 1, shape(source)[1]], [shape(source)[1]], [1, 1]]))
        }
        let y = attention(q, k, v, heads: heads, mask: mask, isStored: false)
        keep(random.chance(85) ? plainLinear(y, random.pick([width, 16]), isStored: false) : y)
    }

    /// An image as tokens, and tokens as an image.
    mutating func flattened() {
        let x = image(), s = shape(x), tokens = [s[0], s[2] * s[3], s[1]]
        let planes = add("Reshape", [x, ints([0, random.chance(50) ? 0 : s[1], -1])], [s[0], s[1], s[2] * s[3]])
        var y = add("Transpose", [planes], tokens, [("perm", .ints([0, 2, 1]))])
        keep(y)
        if random.chance(50) { return }
        if random.chance(60) { y = linear(y, s[1], isStored: random.chance(isQuantizedStyle ? 60 : 10)) }
        let turned = add("Transpose", [y], [s[0], s[1], s[2] * s[3]], [("perm", .ints([0, 2, 1]))])
        keep(add("Reshape", [turned, ints([s[0], s[1], s[2], s[3]])], s))
        if random.chance(70) { convolution() }
    }

    /// A node again, or all but one attribute or operand of it.
    mutating func again() {
        let found = graph.nodes.filter { $0.outputs.count == 1 && !$0.inputs.isEmpty }
        guard let node = found.isEmpty ? nil : random.pick(found), let output = node.outputs[0] else { return unary() }
        let element = specs[output]?.element ?? .float32
        let twin = add(node.op, node.inputs, shape(output), node.attributes, element: element)
        keep(twin)
        if isFloat(twin), random.chance(60) { keep(add("Add", [twin, output], shape(twin))) }
    }

    /// Bytes of a caller, as they are stored.
    mutating func storedInput() {
        let s =
            random.chance(50)
            ? [random.within(1...2), random.within(1...4), random.within(1...6), random.within(1...6)]
            : [random.within(1...2), random.within(1...5), random.pick([4, 8, 16])]
        let isSigned = random.chance(30), element: ElementType = isSigned ? .int8 : .uint8
        let x = input(element, s, low: isSigned ? -128 : 0, high: isSigned ? 127 : 255)
        let zero = isSigned ? random.pick([0, 0, -128, 5]) : random.pick([0, 128, 255, 7])
        keep(
            add(
                "DequantizeLinear",
                [x, constant(Constant(.float32, [], [step()])), constant(.of(element, [], [Double(zero)]))], s))
    }

    mutating func transposedConvolution() {
        let x = image(), s = shape(x), kernel = random.within(1...3), stride = random.within(1...2)
        let outputs = random.within(1...4), pad = kernel == 3 && random.chance(50) ? 1 : 0
        let made = [s[0], outputs, (s[2] - 1) * stride + kernel - 2 * pad, (s[3] - 1) * stride + kernel - 2 * pad]
        guard made[2] > 0, made[3] > 0 else { return }
        var inputs: [ValueID?] = [x, floats([s[1], outputs, kernel, kernel])]
        if random.chance(50) { inputs.append(floats([outputs])) }
        keep(
            ended(
                add(
                    "ConvTranspose", inputs, made,
                    [
                        ("kernel_shape", .ints([Int64(kernel), Int64(kernel)])),
                        ("strides", .ints([Int64(stride), Int64(stride)])),
                        ("pads", .ints([Int64](repeating: Int64(pad), count: 4))),
                    ]), made, false))
    }

    mutating func einsum() {
        let (i, j, k, b) = (random.within(1...4), random.within(1...5), random.within(1...4), random.within(1...2))
        let (text, shapes, made) = random.pick(
            [
                ("bij,bjk->bik", [[b, i, j], [b, j, k]], [b, i, k]),
                ("bij,bkj->bik", [[b, i, j], [b, k, j]], [b, i, k]),
                ("bij,jk", [[b, i, j], [j, k]], [b, i, k]), ("...j,kj->...k", [[b, i, j], [k, j]], [b, i, k]),
                ("bij->bji", [[b, i, j]], [b, j, i]), ("bij,bij->bi", [[b, i, j], [b, i, j]], [b, i]),
                ("ii->i", [[i, i]], [i]), ("i,j->ij", [[i], [j]], [i, j]),
            ] as [(Name, [[Int]], [Int])])
        let operands = shapes.map { s in value({ $0.shape($1) == s }) { _ in s } }
        keep(add("Einsum", operands, made, [("equation", .string(text))]))
    }

    /// Operators that references run, between those that passes know.
    mutating func seldom() {
        let x = anyValue(), s = shape(x)
        switch random.below(7) {
        case 0 where !s.isEmpty:
            let before = s.map { _ in random.below(2) }, behind = s.map { _ in random.below(3) }
            let made = s.indices.map { s[$0] + before[$0] + behind[$0] }
            keep(add("Pad", [x, ints(before + behind), scalar(random.pick([0, 0, 1.5]))], made))
        case 1 where !s.isEmpty:
            let times = s.map { _ in random.within(1...2) }
            keep(add("Tile", [x, ints(times)], zip(s, times).map { $0 * $1 }))
        case 2 where s.count == 4 && s[1] % 4 == 0:
            keep(
                add(
                    "DepthToSpace", [x], [s[0], s[1] / 4, s[2] * 2, s[3] * 2],
                    [("blocksize", .int(2)), ("mode", .string(random.pick(["DCR", "CRD"])))]))
        case 3:
            let other = random.chance(50) ? s : Array(s.suffix(1))
            keep(add(random.pick(["Min", "Max"]), [x, floats(other, -1, 1)], s))
        case 4: keep(add("PRelu", [x, floats(Array(s.suffix(1)), -0.5, 0.5)], s))
        case 5: keep(add("Exp", [x], s))
        case 6 where s.count >= 2 && graph.opset >= 14:
            keep(add("Trilu", [x], s, [("upper", .int(Int64(random.below(2))))]))
        default: keep(add("Sum", [x, x, floats(s, -1, 1)], s))
        }
    }

    /// Rounded by a scale that the run itself works out, multiplied as integers.
    mutating func dynamicallyQuantized() {
        let x = rows(), s = shape(x), n = s.last ?? 1, outputs = random.within(1...5)
        guard count(x) > 0, s.count >= 2 else { return }
        let parts = [
            (graph.addValue(name("v")), ElementType.uint8, s), (graph.addValue(name("v")), .float32, []),
            (graph.addValue(name("v")), .uint8, []),
        ]
        for (id, element, shape) in parts { specs[id] = (element, shape) }
        graph.nodes.append(
            Node(name: name("n"), op: "DynamicQuantizeLinear", inputs: [x], outputs: parts.map { $0.0 }))
        let w = constant(.of(.int8, [n, outputs], (0..<n * outputs).map { _ in Double(random.within(-20...20)) }))
        let made = Array(s.dropLast()) + [outputs]
        let sums = add("MatMulInteger", [parts[0].0, w, parts[2].0], made, element: .int32)
        let real = add("Cast", [sums], made, [("to", .int(1))])
        keep(add("Mul", [real, add("Mul", [parts[1].0, scalar(0.01)], [])], made))
    }
}

extension DifferentialCase {
    /// The same graph of another real type.
    func retyped(_ element: ElementType) -> DifferentialCase {
        var result = self
        // What the standard wants in float32 whatever else is.
        let resizes = graph.nodes.filter { $0.op == "Resize" }
        let fixed = Set(resizes.flatMap { $0.inputs.dropFirst().prefix(2) }.compactMap { $0 })
        func turned(_ constant: Constant) -> Constant {
            constant.type == .float32 ? .of(element, constant.shape, constant.doubles) : constant
        }
        for id in graph.constants.keys where !fixed.contains(id) {
            result.graph.constants[id] = graph.constants[id].map(turned)
        }
        for i in result.graph.values.indices where result.graph.values[i].type?.element == .float32 {
            if !fixed.contains(ValueID(i)) { result.graph.values[i].type?.element = element }
        }
        for i in result.graph.nodes.indices where result.graph.nodes[i].op == "Cast" {
            result.graph.nodes[i].attributes = result.graph.nodes[i].attributes.map { name, value in
                if case .int(1) = value { (name, .int(Int64(element.rawValue))) } else { (name, value) }
            }
        }
        result.inputs = inputs.map(turned)
        result.others = others.map(turned)
        return result
    }
}
