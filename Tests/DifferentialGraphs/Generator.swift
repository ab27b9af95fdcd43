import DeixisGraph

/// Random small graphs: valid ONNX, of the kinds that rewritings look for and of kinds that look alike.
///
/// A graph is a few productions, each of which takes values that are there and adds one: an operator, a layer, an
/// attention in one of its spellings. Every choice comes of the seed and the graph's number.
public struct Generator {
    var graph: Graph
    var random: Random
    /// Concrete types of all values.
    var specs: [ValueID: (element: ElementType, shape: [Int])] = [:]
    /// What productions may read.
    var pool: [ValueID] = []
    /// Scales are powers of two, weights and inputs few steps: quantized layers must then be right to the bit.
    let onGrid: Bool
    private var contents: [ValueID: (low: Float, high: Float, step: Float)] = [:]
    private var counter = 0

    public static func make(seed: UInt64, number: UInt64) -> DifferentialCase {
        var generator = Generator(seed: seed, number: number)
        generator.build()
        let made = generator.finish()
        // Rewritings and kernels are of float32, and must leave other reals alone.
        guard generator.random.chance(4) else { return made }
        let ops = Set(made.graph.nodes.map { $0.op })
        if ops.contains("DynamicQuantizeLinear") { return made }
        return made.retyped(!ops.contains("Conv") && generator.random.chance(40) ? .float16 : .float64)
    }

    private init(seed: UInt64, number: UInt64) {
        random = Random(seed: seed, stream: number)
        graph = Graph(opset: random.pick([13, 14, 17, 17, 18, 20, 21]))
        onGrid = random.chance(45)
    }

    private mutating func build() {
        typealias Production = (inout Generator) -> Void
        let elementwise: [Production] = [{ $0.unary() }, { $0.withConstant() }, { $0.withAnother() }]
        let moves: [Production] = [{ $0.move() }, { $0.move() }, { $0.row() }]
        let others: [Production] = [
            { $0.softmax() }, { $0.reduction() }, { $0.masked() }, { $0.throughShape() }, { $0.integers() },
        ]
        let image: [Production] = [{ $0.convolution() }, { $0.convolution() }, { $0.pooling() }, { $0.resize() }]
        let tokens: [Production] = [
            { $0.linear() }, { $0.linear() }, { $0.layerNorm() }, { $0.gelu() }, { $0.attention() }, { $0.product() },
        ]
        let quantized: [Production] = [{ $0.rounding() }, { $0.rounding() }]
        let rare: [Production] = [
            { $0.flattened() }, { $0.again() }, { $0.again() }, { $0.storedInput() }, { $0.transposedConvolution() },
            { $0.einsum() }, { $0.seldom() }, { $0.seldom() }, { $0.dynamicallyQuantized() },
        ]
        var all: [Production]
        // These are slow to run by references.
        if random.chance(1) { random.chance(50) ? wideConvolution() : unevenAttention() }
        switch random.below(9) {
        case 0: all = elementwise + moves + others
        case 1: all = elementwise + moves + quantized
        case 2: all = image + image + elementwise + moves
        case 3:
            all = image + image + quantized + elementwise
            if random.chance(30) {
                keep(photograph())
                convolution()
            }
        case 4: all = tokens + tokens + elementwise + moves
        case 5: all = tokens + tokens + quantized + quantized + elementwise
        case 6: all = tokens + others + moves
        case 7: return language()
        default: all = elementwise + moves + others + image + tokens + quantized
        }
        if random.chance(40) { all += rare }
        for _ in 0..<random.within(1...7) { random.pick(all)(&self) }
    }

    // MARK: What is there

    func shape(_ id: ValueID) -> [Int] { specs[id]?.shape ?? [] }
    func rank(_ id: ValueID) -> Int { shape(id).count }
    func count(_ id: ValueID) -> Int { shape(id).reduce(1, *) }
    func isFloat(_ id: ValueID) -> Bool { specs[id]?.element == .float32 }

    /// An extent: mostly small, sometimes 1, seldom 0.
    mutating func extent() -> Int { random.chance(3) ? 0 : random.pick([1, 1, 2, 2, 3, 4, 5, 7, 8]) }

    /// A float value that fits, an input if there is none (or now and then one more). `make` says of which shape.
    mutating func value(_ fits: (Generator, ValueID) -> Bool = { _, _ in true }, _ make: (inout Generator) -> [Int])
        -> ValueID
    {
        let found = pool.filter { isFloat($0) && fits(self, $0) }
        // The latest values more often: chains grow longer.
        if !found.isEmpty, !random.chance(12) { return random.chance(70) ? found[found.count - 1] : random.pick(found) }
        let shape = make(&self)
        return input(.float32, shape)
    }

    mutating func anyValue() -> ValueID {
        value { generator in
            let rank = generator.random.below(7)
            var shape: [Int] = []
            for _ in 0..<rank { shape.append(rank > 4 ? generator.random.within(1...3) : generator.extent()) }
            return shape
        }
    }

    // MARK: Adding

    mutating func name(_ stem: String) -> Name {
        counter += 1
        return Name("\(stem)\(counter)")
    }

    mutating func input(_ element: ElementType, _ shape: [Int], low: Float = -2, high: Float = 2) -> ValueID {
        let label = name("x")
        let dimensions = shape.enumerated().map { i, extent in
            random.chance(30) ? Dimension.symbol(Name("\(label)_\(i)")) : random.chance(5) ? .unknown : .fixed(extent)
        }
        let id = graph.addInput(label, TensorType(element, dimensions))
        specs[id] = (element, shape)
        // Halves and quarters of steps meet ties.
        contents[id] = (low, high, element == .float32 ? (onGrid ? 0x1p-6 : random.pick([0, 0, 0.05, 0x1p-5])) : 1)
        pool.append(id)
        return id
    }

    mutating func constant(_ constant: Constant) -> ValueID {
        let id = graph.addConstant(name("c"), constant)
        specs[id] = (constant.type, constant.shape)
        return id
    }

    mutating func floats(_ shape: [Int], _ low: Float = -0.5, _ high: Float = 0.5) -> ValueID {
        let step: Float = 0x1p-5
        let values = (0..<shape.reduce(1, *)).map { _ in
            let x = random.uniform(low, high)
            return onGrid ? (x / step).rounded(.up) * step : x
        }
        return constant(Constant(.float32, shape, values))
    }

    mutating func scalar(_ x: Float, rank: Int = 0) -> ValueID {
        constant(Constant(.float32, [Int](repeating: 1, count: rank), [x]))
    }
    mutating func ints(_ values: [Int]) -> ValueID {
        constant(Constant(.int64, [values.count], values.map { Int64($0) }))
    }

    mutating func add(
        _ op: Name, _ inputs: [ValueID?], _ shape: [Int], _ attributes: [(name: Name, value: Attribute)] = [],
        element: ElementType = .float32
    ) -> ValueID {
        let id = graph.addNode(op, inputs, name: name("n"), output: name("v"), attributes: attributes)
        specs[id] = (element, shape)
        return id
    }

    /// One node with several outputs.
    mutating func add(
        _ op: Name, _ inputs: [ValueID?], outputs: [[Int]], _ attributes: [(name: Name, value: Attribute)] = [],
        element: ElementType = .float32
    ) -> [ValueID] {
        let made = outputs.map { shape in
            let id = graph.addValue(name("v"))
            specs[id] = (element, shape)
            return id
        }
        graph.nodes.append(Node(name: name("n"), op: op, inputs: inputs, outputs: made, attributes: attributes))
        return made
    }

    mutating func keep(_ id: ValueID) { pool.append(id) }

    // MARK: The end

    private mutating func finish() -> DifferentialCase {
        var read = Set<ValueID>()
        for node in graph.nodes { for case let id? in node.inputs { read.insert(id) } }
        let made = graph.nodes.flatMap { $0.outputs.compactMap { $0 } }
        if made.isEmpty {
            let x = graph.inputs.first ?? input(.float32, [2])
            return finish(outputs: [add("Identity", [x], shape(x), element: specs[x]?.element ?? .float32)])
        }
        var outputs = Array(made.filter { !read.contains($0) }.suffix(3))
        // Values that others read too, and what nobody needs.
        if random.chance(25) { outputs.append(random.pick(made)) }
        if random.chance(10), outputs.count > 1 { outputs.removeFirst() }
        return finish(outputs: outputs.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
    }

    private mutating func finish(outputs: [ValueID]) -> DifferentialCase {
        graph.outputs = outputs
        for id in outputs { graph[id].type = specs[id].map { TensorType($0.element, $0.shape.map { .fixed($0) }) } }
        let first = graph.inputs.map { content($0) }
        return DifferentialCase(graph: graph, inputs: first, others: graph.inputs.map { content($0) })
    }

    private mutating func content(_ id: ValueID) -> Constant {
        let (element, shape) = specs[id] ?? (.float32, [])
        let (low, high, step) = contents[id] ?? (-1, 1, 0)
        let count = shape.reduce(1, *)
        // Masks end in zeros, as padding does.
        if element == .int64, low == 0, high == 1, shape.count == 2 {
            let real = (0..<shape[0]).map { _ in random.within(1...max(1, shape[1])) }
            return Constant(
                .int64, shape, (0..<count).map { Int64($0 % max(shape[1], 1) < real[$0 / max(shape[1], 1)] ? 1 : 0) })
        }
        return .of(
            element, shape,
            (0..<count).map { _ in
                let x = random.uniform(low, high)
                if element != .float32 { return Double(low) + Double(random.below(Int(high - low) + 1)) }
                return Double(step == 0 ? x : (x / step).rounded() * step)
            })
    }
}
