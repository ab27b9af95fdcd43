import DeixisGraph

// Products of activations, attention in many spellings, and a small language model whose last tokens are padding.
extension Generator {
    mutating func product() {
        let
            x = value(
                { $0.rank($1) >= 2 && $0.rank($1) <= 4 && $0.count($1) > 0 },
                { [$0.random.within(1...2), $0.random.within(1...4), 6] }), s = shape(x)
        let inner = s[s.count - 1], outputs = random.within(1...5)
        var own = s
        own[s.count - 2] = inner
        own[s.count - 1] = outputs
        if random.chance(30) { own = Array(own.suffix(2)) } else if s.count > 2, random.chance(20) { own[0] = 1 }
        let y = random.chance(30) ? rounded(input(.float32, own)) : input(.float32, own)
        keep(
            add(
                "MatMul", [random.chance(isQuantizedStyle ? 50 : 5) ? rounded(x) : x, y],
                Array(s.dropLast()) + [outputs]))
    }

    mutating func attention() {
        let x = value({ $0.rank($1) == 3 && $0.count($1) > 0 && $0.shape($1)[2] % 2 == 0 && $0.shape($1)[2] <= 32 }) {
            [$0.random.within(1...2), $0.random.pick([1, 3, 4, 6]), $0.random.pick([4, 8, 12])]
        }
        let s = shape(x), heads = random.pick([1, 2, 2, s[2] % 4 == 0 ? 4 : 2])
        let isStored = random.chance(isQuantizedStyle ? 70 : 10)
        var source = x
        if random.chance(40) {
            let others = pool.filter { isFloat($0) && rank($0) == 3 && shape($0)[0] == s[0] && count($0) > 0 }
            source = others.isEmpty ? input(.float32, [s[0], random.within(1...5), s[2]]) : random.pick(others)
        }
        func project(_ g: inout Generator, _ from: ValueID) -> ValueID {
            g.random.chance(60) || g.shape(from)[2] != s[2] ? g.plainLinear(from, s[2], isStored: isStored) : from
        }
        var q = project(&self, x)
        let k = project(&self, source), v = project(&self, source)
        // Learned queries, the same for every picture.
        if random.chance(8) {
            q = random.chance(50) ? input(.float32, [1, s[1], s[2]]) : floats([1, s[1], s[2]], -1, 1)
        }
        keep(attention(q, k, v, heads: heads, mask: nil, isStored: isStored))
    }

    mutating func plainLinear(_ x: ValueID, _ outputs: Int, isStored: Bool) -> ValueID {
        let s = shape(x), made = Array(s.dropLast()) + [outputs]
        let w = isStored ? storedWeights([s.last ?? 1, outputs], axis: 1) : floats([s.last ?? 1, outputs])
        let y = add("MatMul", [isStored ? rounded(x) : x, w], made)
        return random.chance(70)
            ? add("Add", [y, isStored ? storedBias(outputs, [outputs]) : floats([outputs])], made) : y
    }

    /// `mask`: added to the scores, or one of its own making.
    mutating func attention(_ q: ValueID, _ k: ValueID, _ v: ValueID, heads: Int, mask: ValueID?, isStored: Bool)
        -> ValueID
    {
        let a = shape(q), b = shape(k), width = a[2], head = width / heads, valueHead = shape(v)[2] / heads
        func stored(_ g: inout Generator, _ x: ValueID, _ percent: Int = 85) -> ValueID {
            isStored && g.random.chance(percent) ? g.rounded(x) : x
        }
        let factor = 1 / Float(head).squareRoot(), place = random.below(5)
        func scaled(_ g: inout Generator, _ x: ValueID, _ by: Float) -> ValueID {
            let isDivision = g.random.chance(40),
                number = g.scalar(isDivision ? 1 / by : by, rank: g.random.chance(85) ? 0 : g.random.within(1...4))
            guard let made = Generator.broadcast(g.shape(x), g.shape(number)), made.count == g.shape(x).count else {
                return x
            }
            return g.add(isDivision ? "Div" : "Mul", [x, number], made)
        }
        func split(_ g: inout Generator, _ x: ValueID, _ head: Int, transposed: Bool) -> ValueID {
            let s = g.shape(x), length = g.random.chance(40) ? -1 : g.random.chance(50) ? 0 : s[1]
            let shaped = g.add(
                "Reshape", [x, g.ints([g.random.chance(50) ? 0 : s[0], length, heads, head])],
                [s[0], s[1], heads, head]
            )
            if !transposed {
                return g.add("Transpose", [shaped], [s[0], heads, s[1], head], [("perm", .ints([0, 2, 1, 3]))])
            }
            if g.random.chance(60) {
                return g.add("Transpose", [shaped], [s[0], heads, head, s[1]], [("perm", .ints([0, 2, 3, 1]))])
            }
            let first = g.add("Transpose", [shaped], [s[0], heads, s[1], head], [("perm", .ints([0, 2, 1, 3]))])
            return g.add("Transpose", [first], [s[0], heads, head, s[1]], [("perm", .ints([0, 1, 3, 2]))])
        }
        var left = split(&self, stored(&self, place == 0 ? scaled(&self, q, factor) : q), head, transposed: false)
        var right = split(&self, stored(&self, k), head, transposed: true)
        let values = split(&self, stored(&self, v), valueHead, transposed: false)
        if place == 1 { left = scaled(&self, left, factor) }
        if place == 2 {
            (left, right) = (scaled(&self, left, factor.squareRoot()), scaled(&self, right, factor.squareRoot()))
        }
        let batch = max(a[0], b[0]), s = [batch, heads, a[1], b[1]]
        var scores = stored(&self, add("MatMul", [left, right], s), 40)
        if place >= 3 { scores = stored(&self, scaled(&self, scores, factor), 40) }
        if let mask {
            scores = add("Add", random.chance(50) ? [scores, mask] : [mask, scores], s)
        } else if random.chance(35) {
            let shape = random.pick([
                [batch, 1, 1, b[1]], [1, 1, a[1], b[1]], [b[1]], [batch, heads, a[1], b[1]], [a[1], 1], [1],
            ])
            let bias = random.chance(50) ? floats(shape, -2, 2) : input(.float32, shape)
            scores = stored(&self, add("Add", random.chance(50) ? [scores, bias] : [bias, scores], s), 40)
        }
        var weights = add("Softmax", [scores], s, [("axis", .int(random.chance(90) ? random.pick([-1, 3]) : 2))])
        if random.chance(4) { keep(weights) }
        if isStored, random.chance(85) {
            let
                scale = constant(
                    Constant(.float32, [], [onGrid ? 0x1p-8 : random.pick([1 / 255, 1 / 256, 0.002])] as [Float])),
                zero = constant(.of(.uint8, [], [0]))
            weights = add(
                "DequantizeLinear", [add("QuantizeLinear", [weights, scale, zero], s, element: .uint8), scale, zero], s)
        }
        var mixed = add("MatMul", [weights, values], [batch, heads, a[1], valueHead])
        if isStored, random.chance(50) { mixed = rounded(mixed) }
        let turned = add("Transpose", [mixed], [batch, a[1], heads, valueHead], [("perm", .ints([0, 2, 1, 3]))])
        let merged = add(
            "Reshape", [turned, ints([0, random.chance(50) ? 0 : a[1], random.chance(30) ? -1 : heads * valueHead])],
            [batch, a[1], heads * valueHead])
        return isStored && random.chance(40) ? rounded(merged) : merged
    }

    /// Token ids and a mask, blocks of attention and products, the first token's row: the last tokens may be padding.
    mutating func language() {
        let batch = random.chance(75) ? 1 : 2, length = random.within(5...9), width = random.pick([4, 8]),
            s = [batch, length, width]
        let isStored = random.chance(50),
            names = [Dimension.symbol("batch"), random.chance(70) ? .symbol("length") : .fixed(length)]
        let ids = input(.int64, [batch, length], low: 0, high: 9),
            mask = input(.int64, [batch, length], low: 0, high: 1)
        for id in [ids, mask] { graph[id].type = TensorType(.int64, names) }
        pool = []
        var x: ValueID
        if isStored, random.chance(60) {
            let table = constant(
                .of(.int8, [10, width], (0..<10 * width).map { _ in Double(random.within(-127...127)) }))
            let scales = constant(
                Constant(
                    .float32, [width], (0..<width).map { _ in onGrid ? Float(0x1p-6) : random.uniform(0.005, 0.02) }))
            x = add(
                "DequantizeLinear", [add("Gather", [table, ids], s, element: .int8), scales], s,
                [("axis", .int(random.pick([2, -1])))])
        } else {
            x = add("Gather", [floats([10, width], -1, 1), ids], s)
        }
        if random.chance(60) {
            x = add("Add", [x, floats(random.pick([[1, length, width], [length, width], [width]]), -1, 1)], s)
        }
        x = layerNorm(x, s, width)
        let real = add("Cast", [mask], [batch, length], [("to", .int(1))])
        let gap = add(
            "Mul",
            [add("Sub", [scalar(1), real], [batch, length]), scalar(random.pick([-1e9, -1e4, -3.4028235e38]))],
            [batch, length])
        let bias = add("Unsqueeze", [gap, ints([1, 2])], [batch, 1, 1, length])
        for _ in 0..<random.within(1...2) {
            let q = plainLinear(x, width, isStored: isStored), k = plainLinear(x, width, isStored: isStored),
                v = plainLinear(x, width, isStored: isStored)
            let mixed = attention(q, k, v, heads: 2, mask: bias, isStored: isStored)
            x = layerNorm(add("Add", [x, plainLinear(mixed, width, isStored: isStored)], s), s, width)
            keep(x)
            if random.chance(60) {
                gelu()
                linear()
            }
        }
        keep(x)
        row()
        if random.chance(50) { linear() }
    }
}
