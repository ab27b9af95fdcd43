import DeixisGraph

/// How far each value of a graph may be from what the graph as read gives, worked out along the graph from the values
/// themselves.
///
/// A bound is one number for a whole tensor: the largest difference that rounding can make when the same sums are made
/// in another order, or by other correctly rounded steps. It grows with the magnitudes that meet in an operation, not
/// with its result, so that a sum that cancels may be off and a product may not. Three rules keep it from hiding
/// faults:
///
/// * What is computed without rounding stays exact: products and sums of numbers on a grid whose results float32
///   holds. Scales that are powers of two make quantized layers so: their bytes must be equal.
/// * A rounding to bytes makes an uncertain value exact again, unless one of its elements lies within its bound of a
///   tie; then that bound is a step (as many as the uncertainty spans).
/// * The one rounding that may be skipped, of a product that the file stores before it is added to, costs half of its
///   step, and no more: what its bytes cut off must be cut off.
struct Bounds {
    /// By value; nil where nothing is known: no comparison.
    private(set) var errors: [Double]
    private let graph: Graph
    private let values: [ValueID: Constant]
    private var makers: [Int?]
    private var readers: [[Int]]
    private var sizes: [Double]
    private var grids: [Int?]

    /// 2 ulp of float32: kernels round a few times where references round once.
    static let ulp = 0x1p-22

    init(_ graph: Graph, values: [ValueID: Constant]) {
        (self.graph, self.values) = (graph, values)
        errors = Array(repeating: 0, count: graph.values.count)
        makers = Array(repeating: nil, count: graph.values.count)
        readers = Array(repeating: [], count: graph.values.count)
        sizes = Array(repeating: 0, count: graph.values.count)
        grids = Array(repeating: nil, count: graph.values.count)
        for (i, node) in graph.nodes.enumerated() {
            for case let id? in node.inputs { readers[id.index].append(i) }
            for case let id? in node.outputs { makers[id.index] = i }
        }
        for (id, constant) in values where constant.type == .float32 {
            let numbers = constant.doubles
            sizes[id.index] = numbers.reduce(0) { max($0, $1.magnitude) }
            grids[id.index] = Bounds.grid(numbers)
        }
        for node in graph.nodes { add(node) }
    }

    /// The largest g such that all numbers are multiples of 2^g.
    private static func grid(_ numbers: [Double]) -> Int? {
        var least = 64
        for x in numbers where x != 0 {
            guard x.isFinite else { return nil }
            least = min(
                least, Int(x.exponent) - Double.significandBitCount + x.significandBitPattern.trailingZeroBitCount)
            if x.significandBitPattern == 0 { least = min(least, Int(x.exponent)) }
        }
        return least
    }

    private func size(_ id: ValueID?) -> Double { id.map { sizes[$0.index] } ?? 0 }
    private func error(_ id: ValueID?) -> Double { id.map { errors[$0.index] } ?? 0 }
    private func numbers(_ id: ValueID?) -> [Double] { id.flatMap { values[$0] }?.doubles ?? [] }
    private func input(_ node: Node, _ i: Int) -> ValueID? { i < node.inputs.count ? node.inputs[i] : nil }

    private func attribute(_ node: Node, _ name: Name, _ value: Double) -> Double {
        for entry in node.attributes where entry.name == name {
            if case .float(let x) = entry.value { return Double(x) }
            if case .int(let x) = entry.value { return Double(x) }
        }
        return value
    }

    /// Whether sums of up to `count` products of a and b are the same in any order, in float32.
    private func areExact(_ a: ValueID?, _ b: ValueID?, _ count: Int) -> Bool {
        guard let a, let b, error(a) == 0, error(b) == 0, let g = grids[a.index], let h = grids[b.index], g + h > -140
        else { return false }
        return Double(max(count, 1)) * size(a) * size(b) < scalbn(0x1p24, g + h)
    }

    private func isExactSum(_ a: ValueID?, _ b: ValueID?) -> Bool {
        guard let a, let b, error(a) == 0, error(b) == 0, let g = grids[a.index], let h = grids[b.index] else {
            return false
        }
        return size(a) + size(b) < scalbn(0x1p24, min(g, h))
    }

    private func scalbn(_ x: Double, _ n: Int) -> Double {
        x * Double(sign: .plus, exponent: max(-1000, min(1000, n)), significand: 1)
    }

    /// Whether the value comes of a product, through what is computed with it.
    private func isProduct(_ id: ValueID?) -> Bool {
        guard let id, let maker = makers[id.index] else { return false }
        let node = graph.nodes[maker]
        switch node.op {
        case "Conv", "MatMul", "Gemm": return true
        case "Relu", "Clip", "Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather",
            "Expand", "MaxPool", "BatchNormalization":
            return isProduct(node.inputs[0])
        case "Add": return node.inputs.contains { isProduct($0) }
        case "Concat": return node.inputs.contains { isProduct($0) }
        default: return false
        }
    }

    /// Whether a real number is added to a product on the way to the value.
    private func hasBias(_ id: ValueID?) -> Bool {
        guard let id, let maker = makers[id.index] else { return false }
        let node = graph.nodes[maker]
        switch node.op {
        case "Conv", "Gemm": return isKnown(input(node, 2))
        case "Add": return node.inputs.contains { isProduct($0) } && node.inputs.contains { isKnown($0) }
        case "Relu", "Clip", "Identity", "Reshape", "Transpose", "MaxPool", "Slice", "Gather":
            return hasBias(node.inputs[0])
        default: return false
        }
    }

    /// A constant, stored or not.
    private func isKnown(_ id: ValueID?) -> Bool {
        guard let id else { return false }
        if graph.constants[id] != nil { return true }
        guard let maker = makers[id.index], graph.nodes[maker].op == "DequantizeLinear" else { return false }
        return isKnown(graph.nodes[maker].inputs[0])
    }

    private mutating func add(_ node: Node) {
        let x = input(node, 0), e = error(x), m = size(x), u = Bounds.ulp
        for case let output? in node.outputs {
            guard let made = values[output] else { errors[output.index] = .infinity; continue }
            let found = made.count == 0 ? 0 : bound(node, output, made, x, e, m, u)
            errors[output.index] = found.isNaN ? .infinity : found
            // 255 times 1/255 in float32 rounds to 1, which is on a grid; a kernel that scales the sum of products
            // instead does not round there.
            if node.op == "DequantizeLinear", let step = input(node, 1).flatMap({ grids[$0.index] }),
                size(output) >= scalbn(0x1p24, step)
            {
                grids[output.index] = nil
            }
        }
    }

    private func bound(
        _ node: Node, _ output: ValueID, _ made: Constant, _ x: ValueID?, _ e: Double, _ m: Double, _ u: Double
    ) -> Double {
        let worst = node.inputs.reduce(0) { max($0, error($1)) }, size = sizes[output.index]
        let isFloat = made.type == .float32, y = input(node, 1)
        // Other reals have no kernels and no rewritings that round: references give the same bits.
        if made.type == .float64 || made.type == .float16 { return worst == 0 ? 0 : .infinity }
        switch node.op {
        case "DynamicQuantizeLinear", "MatMulInteger": return worst == 0 ? 0 : .infinity
        case "QuantizeLinear": return steps(node, e)
        case "DequantizeLinear":
            let scale = self.size(y)
            return e * scale + (skips(node, output) ? 0.5001 * scale : 0)
        case "Add", "Sub", "Sum":
            if !isFloat { return worst }
            return node.inputs.reduce(0) { $0 + error($1) } + (isExactSum(x, y) ? 0 : u * (m + self.size(y)))
        case "Mul":
            if !isFloat { return worst }
            return e * self.size(y) + error(y) * m + e * error(y) + (areExact(x, y, 1) ? 0 : u * m * self.size(y))
        case "Div":
            if !isFloat { return worst }
            let least = numbers(y).reduce(Double.infinity) { min($0, $1.magnitude) } - error(y)
            guard least > 0 else { return .infinity }
            return (e + error(y) * m / least) / least + u * m / least
        case "Einsum", "ConvTranspose":
            let n = (x.flatMap { values[$0] }?.count ?? 1) * (node.op == "Einsum" ? 1 : 9)
            return node.inputs.count == 1 ? worst : product(node, x, y, n, u)
        case "PRelu": return e * max(1, self.size(y)) + u * m
        case "MatMul", "Gemm":
            return product(node, x, y, depth(node), u)
        case "Conv":
            let w = y.flatMap { values[$0] }?.shape ?? []
            return product(node, x, y, w.dropFirst().reduce(1, *), u, wide: w.count == 4 && w[2] == 3 && w[3] == 3)
        case "Softmax": return softmax(node, x, e, u)
        case "Sigmoid", "Tanh", "Erf", "Gelu", "HardSwish": return 1.5 * e + 8 * u * (1 + m)
        case "HardSigmoid": return e * attribute(node, "alpha", 0.2) + 4 * u * (1 + m)
        case "LeakyRelu": return e * max(1, attribute(node, "alpha", 0.01)) + u * m
        // Results below the smallest normal may be 0.
        case "Exp": return size * (min(e, 10) * 3 + u * (4 + m)) + Double(Float.leastNormalMagnitude)
        case "Sqrt":
            let least = numbers(x).reduce(Double.infinity) { min($0, $1) }
            return (least > 4 * e ? e / (2 * (least - e).squareRoot()) : e.squareRoot()) + u * size
        case "Pow": return 2 * m * e + e * e + 4 * u * size
        case "Floor", "Ceil", "Round": return e == 0 ? 0 : 1 + e
        case "LayerNormalization": return layerNorm(node, x, e, m, u)
        case "BatchNormalization":
            let gain = zip(numbers(input(node, 1)), numbers(input(node, 4))).reduce(0) {
                max($0, $1.0.magnitude / ($1.1 + 1e-5).squareRoot())
            }
            return gain * e + 4 * u * (gain * (m + self.size(input(node, 3))) + self.size(input(node, 2)))
        case "ReduceMean", "AveragePool", "GlobalAveragePool": return e + 8 * u * m
        case "ReduceSum":
            let n = Double((x.flatMap { values[$0] }?.count ?? 1) / max(made.count, 1))
            return n * e + n * u * m
        case "Resize", "NormalizeImage": return e + 4 * u * m
        default:
            // Operators that move or choose elements, and those on integers.
            return worst
        }
    }

    /// Elements far below their row's largest weigh nothing, nor does what rounding did to them: a mask of -1e9.
    private func softmax(_ node: Node, _ x: ValueID?, _ e: Double, _ u: Double) -> Double {
        guard let x, let tensor = values[x] else { return .infinity }
        var axis = Int(attribute(node, "axis", -1))
        if axis < 0 { axis += tensor.shape.count }
        let n = tensor.shape[axis], inner = tensor.shape[(axis + 1)...].reduce(1, *), all = tensor.doubles
        var largest = 0.0
        for row in 0..<all.count / max(n, 1) {
            let start = row / inner * n * inner + row % inner
            largest = max(largest, (0..<n).reduce(-Double.infinity) { max($0, all[start + $1 * inner]) }.magnitude)
        }
        var own = e
        if let maker = makers[x.index], graph.nodes[maker].op == "Add" {
            own = graph.nodes[maker].inputs.reduce(0) { $0 + error($1) } + u * (largest + 40)
        }
        return min(1, 2 * own + 2 * u * (largest + 40) + 8 * u)
    }

    private func depth(_ node: Node) -> Int {
        let a = input(node, 0).flatMap { values[$0] }?.shape ?? []
        if node.op == "Gemm", attribute(node, "transA", 0) != 0 { return a.first ?? 1 }
        return a.last ?? 1
    }

    private func product(_ node: Node, _ x: ValueID?, _ y: ValueID?, _ k: Int, _ u: Double, wide: Bool = false)
        -> Double
    {
        let a = size(x), b = size(y), c = input(node, 2), n = Double(max(k, 1))
        let factor = node.op == "Gemm" ? max(1, attribute(node, "alpha", 1).magnitude) : 1
        let carried = factor * n * (a * error(y) + b * error(x) + error(x) * error(y)) + error(c)
        let isPlain = node.op != "Gemm" || (attribute(node, "alpha", 1) == 1 && attribute(node, "beta", 1) == 1)
        if !wide, isPlain, areExact(x, y, k), c == nil || isOnGrid(c, x, y, n) { return carried }
        return carried + factor * u * (n + 8) * a * b * (wide ? 16 : 1) + u * size(c)
            * max(1, attribute(node, "beta", 1).magnitude)
    }

    /// A bias that can be added to exact sums without rounding.
    private func isOnGrid(_ c: ValueID?, _ x: ValueID?, _ y: ValueID?, _ n: Double) -> Bool {
        guard let c, let x, let y, error(c) == 0, let g = grids[c.index], let h = grids[x.index], let i = grids[y.index]
        else { return false }
        return n * size(x) * size(y) + size(c) < scalbn(0x1p24, min(g, h + i))
    }

    private func layerNorm(_ node: Node, _ x: ValueID?, _ e: Double, _ m: Double, _ u: Double) -> Double {
        guard let x, let tensor = values[x] else { return .infinity }
        var axis = Int(attribute(node, "axis", -1))
        if axis < 0 { axis += tensor.shape.count }
        let n = tensor.shape[axis...].reduce(1, *), all = tensor.doubles
        guard n > 0 else { return 0 }
        var least = Double.infinity
        for row in 0..<all.count / n {
            let part = all[row * n..<(row + 1) * n], mean = part.reduce(0, +) / Double(n)
            least = min(least, part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n))
        }
        let deviation = (max(0, least - 2 * e * (least.squareRoot() + e)) + attribute(node, "epsilon", 1e-5))
            .squareRoot()
        let gain = size(input(node, 1))
        return gain * (2 * e + 8 * u * m) / deviation * (1 + Double(n).squareRoot()) + 8 * u
            * (gain * Double(n).squareRoot() + size(input(node, 2)))
    }

    /// Steps by which a rounding to integers may differ.
    private func steps(_ node: Node, _ e: Double) -> Double {
        guard let x = input(node, 0), let tensor = values[x], let scale = input(node, 1).flatMap({ values[$0] }) else {
            return .infinity
        }
        let scales = scale.doubles, zeros = numbers(input(node, 2))
        let limits: (low: Double, high: Double) =
            switch input(node, 2).flatMap({ values[$0] })?.type ?? .uint8 {
            case .int8: (-128, 127)
            case .int16: (-32768, 32767)
            case .uint16: (0, 65535)
            default: (0, 255)
            }
        var axis = Int(attribute(node, "axis", 1))
        if axis < 0 { axis += tensor.shape.count }
        let inner = scales.count == 1 ? 1 : tensor.shape[(axis + 1)...].reduce(1, *)
        // A product's kernel multiplies once with what the file multiplies and divides by.
        let slack = isProduct(x) && !scales.allSatisfy({ $0.significandBitPattern == 0 }) ? 0x1p-21 : 0
        // Its bias may lie on the grid of its sums where that is 64 times finer than what is rounded to.
        let biased = hasBias(x) ? 1.0 / 127 : 0
        var most = 0.0
        for (i, value) in tensor.doubles.enumerated() {
            let s = scales[scales.count == 1 ? 0 : i / inner % scales.count],
                zero = zeros.isEmpty ? 0 : zeros[zeros.count == 1 ? 0 : i / inner % zeros.count]
            let t = Double(Float(value) / Float(s))
            guard t.isFinite else { continue }
            let doubt = e / s + (e > 0 ? 0x1p-21 * t.magnitude : slack * t.magnitude) + biased
            if doubt == 0 { continue }
            let low = limits.low - zero, high = limits.high - zero
            if t + doubt < low - 0.5 || t - doubt > high + 0.5 { continue }
            let a = max(low, min(high, (t - doubt).rounded(.toNearestOrEven))),
                b = max(low, min(high, (t + doubt).rounded(.toNearestOrEven)))
            let c = max(low, min(high, t.rounded(.toNearestOrEven)))
            most = max(most, max(b - c, c - a))
        }
        return most
    }

    /// Scales, then zero points counted from the least number of their type; one that is left out is 0 of uint8.
    private func steps(of quantize: Node) -> [Double] {
        let zeros = numbers(input(quantize, 2))
        let least: Double = input(quantize, 2).flatMap { values[$0] }?.type == .int8 ? -128 : 0
        return numbers(input(quantize, 1)) + (zeros.isEmpty ? [0] : zeros.map { $0 - least })
    }

    /// Whether `node` reads what a product was stored as, and a sum reads it: the rounding may be skipped.
    private func skips(_ node: Node, _ output: ValueID) -> Bool {
        guard let stored = input(node, 0), let maker = makers[stored.index], graph.nodes[maker].op == "QuantizeLinear",
            var source = graph.nodes[maker].inputs[0].flatMap({ makers[$0.index] })
        else { return false }
        // What is rounded to the same steps again stays: all of these roundings are one.
        while graph.nodes[source].op == "DequantizeLinear", let before = graph.nodes[source].inputs[0],
            let other = makers[before.index], graph.nodes[other].op == "QuantizeLinear",
            steps(of: graph.nodes[other]) == steps(of: graph.nodes[maker]),
            let next = graph.nodes[other].inputs[0].flatMap({ makers[$0.index] })
        {
            source = next
        }
        return
            (graph.nodes[source].op == "Conv" || graph.nodes[source].op == "MatMul" || graph.nodes[source].op == "Gemm")
            && isAdded(output)
    }

    /// Whether a sum reads the value, itself or by another name.
    private func isAdded(_ id: ValueID) -> Bool {
        readers[id.index].contains { reader in
            let node = graph.nodes[reader]
            return node.op == "Add"
                || ["Identity", "Dropout"].contains(node.op) && (node.outputs.first ?? nil).map { isAdded($0) } ?? false
        }
    }
}
