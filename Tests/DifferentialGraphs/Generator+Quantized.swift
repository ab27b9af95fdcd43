import DeixisGraph

// QuantizeLinear and DequantizeLinear in all forms: uint8 and int8, zero points at the ends, ranges narrower than the
// values.
extension Generator {
    var isQuantizedStyle: Bool { graph.nodes.contains { $0.op == "QuantizeLinear" } || onGrid }

    mutating func step() -> Float {
        onGrid
            ? random.pick([0x1p-6, 0x1p-5, 0x1p-4, 0x1p-3, 0x1p-2] as [Float])
            : random.chance(20) ? 0.1 : random.uniform(0.004, 0.12)
    }

    mutating func rounding() {
        let y = rounded(anyValue())
        keep(y)
    }

    /// DQ(Q(x))
    mutating func rounded(_ x: ValueID) -> ValueID {
        let s = shape(x), scale = step()
        var element: ElementType = random.chance(75) ? .uint8 : .int8
        if graph.opset >= 21, random.chance(4) { element = random.pick([.int16, .uint16]) }
        if random.chance(3), let channels = s.last, channels > 0, channels < 20 {
            return roundedPerChannel(x, channels)
        }
        let zeros: [Double] =
            switch element {
            case .uint8: [0, 0, 128, 128, 255, 100]
            case .int8: [0, 0, -128, 127, 11]
            case .uint16: [0, 32768, 65535, 300]
            default: [0, 0, -32768, 32767, -5]
            }
        let zero = random.pick(zeros), own = random.chance(80) ? [] : [1]
        let leavesOut = element == .uint8 && random.chance(8)
        func parameters(_ g: inout Generator, _ scale: Float) -> [ValueID?] {
            let s = g.constant(Constant(.float32, own, [scale]))
            return leavesOut ? [s] : [s, g.constant(.of(element, own, [zero]))]
        }
        let first = parameters(&self, scale)
        let stored = add("QuantizeLinear", [x] + first, s, element: leavesOut ? .uint8 : element)
        // Read with the same scale; now and then with another.
        var second = random.chance(70) ? first : parameters(&self, scale)
        if random.chance(4) { second = parameters(&self, scale * 2) }
        if random.chance(3) { pool.append(stored) }
        return add("DequantizeLinear", [stored] + second, s)
    }

    private mutating func roundedPerChannel(_ x: ValueID, _ channels: Int) -> ValueID {
        let s = shape(x), scales = constant(Constant(.float32, [channels], (0..<channels).map { _ in step() }))
        let zeros = constant(.of(.int8, [channels], [Double](repeating: 0, count: channels))),
            axis: [(name: Name, value: Attribute)] = [("axis", .int(-1))]
        return add(
            "DequantizeLinear", [add("QuantizeLinear", [x, scales, zeros], s, axis, element: .int8), scales, zeros], s,
            axis)
    }

    /// DQ of constant weights, int8 with a scale per output channel or one for all; sometimes in ways that kernels do
    /// not take.
    mutating func storedWeights(_ s: [Int], axis: Int) -> ValueID {
        let channels = s[axis], perChannel = random.chance(65), count = s.reduce(1, *)
        let element: ElementType = random.chance(95) ? .int8 : .uint8, reach = random.pick([3, 8, 127])
        let numbers = (0..<count).map { _ in
            Double(element == .int8 ? random.within(-reach...reach) : random.below(reach + 1))
        }
        let stored = constant(.of(element, s, numbers)), own = perChannel ? [channels] : random.chance(70) ? [] : [1]
        let unit: Float = reach == 127 ? 0x1p-8 : 0x1p-4
        let scales = constant(
            Constant(
                .float32, own,
                (0..<(perChannel ? channels : 1)).map { _ in
                    onGrid ? unit * random.pick([1, 2, 0.5] as [Float]) : unit * random.uniform(0.3, 2)
                }))
        var inputs: [ValueID?] = [stored, scales]
        if element == .uint8 || random.chance(75) {
            let zero = random.chance(95) ? 0.0 : 3
            inputs.append(constant(.of(element, own, [Double](repeating: zero, count: perChannel ? channels : 1))))
        }
        return add(
            "DequantizeLinear", inputs, s,
            perChannel ? [("axis", .int(Int64(random.chance(20) ? axis - s.count : axis)))] : [])
    }

    /// DQ of an int32 bias.
    mutating func storedBias(_ channels: Int, _ s: [Int]) -> ValueID {
        let numbers = (0..<channels).map { _ in Double(random.within(-200...200)) }
        let perChannel = random.chance(60)
        let scales = (0..<(perChannel ? channels : 1)).map { _ in
            onGrid ? 0x1p-9 * random.pick([1, 2] as [Float]) : random.uniform(0.0005, 0.005)
        }
        return add(
            "DequantizeLinear",
            [constant(.of(.int32, s, numbers)), constant(Constant(.float32, perChannel ? [channels] : [], scales))], s,
            perChannel ? [("axis", .int(0))] : [])
    }
}
