import DeixisGraph
import DeixisRuntime
import Testing

@testable import DeixisQuantization

@Suite struct QuantizerTests {
    /// Numbers that look random and are the same everywhere.
    struct Noise {
        var state: UInt64
        mutating func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
        }
        mutating func many(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
    }

    /// x -> Conv -> BatchNormalization -> Relu -> Conv (+ x1) -> Relu -> MaxPool -> out, the last through a Conv in
    /// float.
    static func trunk() -> Graph {
        var noise = Noise(state: 7), graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(3), .fixed(8), .fixed(8)]))
        func conv(_ name: Name, _ x: ValueID, _ o: Int, _ i: Int) -> ValueID {
            let w = graph.addConstant(name + ".weight", Constant(.float32, [o, i, 3, 3], noise.many(o * i * 9)))
            return graph.addNode(
                "Conv", [x, w], name: name,
                attributes: [("kernel_shape", .ints([3, 3])), ("pads", .ints([1, 1, 1, 1]))])
        }
        var a = conv("first", x, 6, 3)
        let parts = (0..<4).map { k in
            graph.addConstant(
                "bn\(k)".asName, Constant(.float32, [6], noise.many(6).map { k == 3 || k == 0 ? 0.5 + abs($0) : $0 }))
        }
        a = graph.addNode("BatchNormalization", [a] + parts, name: "bn")
        a = graph.addNode("Relu", [a], name: "relu1")
        let b = conv("second", a, 6, 6)
        var y = graph.addNode("Add", [b, a], name: "residual")
        y = graph.addNode("Relu", [y], name: "relu2")
        y = graph.addNode(
            "MaxPool", [y], name: "pool", attributes: [("kernel_shape", .ints([2, 2])), ("strides", .ints([2, 2]))])
        y = conv("last", y, 2, 6)
        graph.outputs = [y]
        return graph
    }

    /// A separable block: 1x1 to 20 channels, a 3x3 filter of its own for each with stride 2, 1x1 to 4.
    static func separable() -> Graph {
        var noise = Noise(state: 5), graph = Graph(opset: 17)
        func conv(_ name: Name, _ x: ValueID, _ o: Int, _ i: Int, _ kernel: Int, groups: Int = 1) -> ValueID {
            let w = graph.addConstant(
                name + ".weight",
                Constant(.float32, [o, i / groups, kernel, kernel], noise.many(o * i / groups * kernel * kernel)))
            let b = graph.addConstant(name + ".bias", Constant(.float32, [o], noise.many(o))), side = Int64(kernel),
                pad = Int64(kernel / 2)
            return graph.addNode(
                "Conv", [x, w, b], name: name,
                attributes: [
                    ("kernel_shape", .ints([side, side])), ("pads", .ints([pad, pad, pad, pad])),
                    ("group", .int(Int64(groups))),
                    ("strides", .ints(groups > 1 ? [2, 2] : [1, 1])),
                ])
        }
        let x = graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(3), .fixed(9), .fixed(11)]))
        let wide = graph.addNode("Relu", [conv("expand", x, 20, 3, 1)], name: "relu1")
        let filtered = graph.addNode("Relu", [conv("filter", wide, 20, 20, 3, groups: 20)], name: "relu2")
        graph.outputs = [conv("project", filtered, 4, 20, 1)]
        return graph
    }

    /// The bytes of an image, normalized: a 5x5 convolution with stride 2, and a 3x3.
    static func photo() -> Graph {
        var noise = Noise(state: 13), graph = Graph(opset: 17)
        func conv(_ name: Name, _ x: ValueID, _ o: Int, _ i: Int, _ kernel: Int, stride: Int64) -> ValueID {
            let w = graph.addConstant(
                name + ".weight", Constant(.float32, [o, i, kernel, kernel], noise.many(o * i * kernel * kernel)))
            let side = Int64(kernel), pad = Int64(kernel / 2)
            return graph.addNode(
                "Conv", [x, w], name: name,
                attributes: [
                    ("kernel_shape", .ints([side, side])), ("pads", .ints([pad, pad, pad, pad])),
                    ("strides", .ints([stride, stride])),
                ])
        }
        let image = graph.addInput("image", TensorType(.uint8, [.fixed(1), .fixed(13), .fixed(27), .fixed(3)]))
        let mean = graph.addConstant("mean", Constant(.float32, [3], [124, 116, 104] as [Float]))
        let deviation = graph.addConstant("deviation", Constant(.float32, [3], [58, 57, 57.5] as [Float]))
        let centered = graph.addNode(
            "Sub", [graph.addNode("Cast", [image], name: "cast", attributes: [("to", .int(1))]), mean], name: "sub")
        let normal = graph.addNode("Div", [centered, deviation], name: "div")
        let planar = graph.addNode("Transpose", [normal], name: "planar", attributes: [("perm", .ints([0, 3, 1, 2]))])
        graph.outputs = [
            conv(
                "second", graph.addNode("Relu", [conv("first", planar, 20, 3, 5, stride: 2)], name: "relu"), 4, 20, 3,
                stride: 1)
        ]
        return graph
    }

    /// tokens [1, tokens, 8]: attention of two heads, its residual, LayerNormalization, a linear layer.
    static func attention(tokens: Int = 5) -> Graph {
        var noise = Noise(state: 11), graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(tokens), .fixed(8)]))
        func linear(_ name: Name, _ x: ValueID) -> ValueID {
            let w = graph.addConstant(name + ".weight", Constant(.float32, [8, 8], noise.many(64)))
            let b = graph.addConstant(name + ".bias", Constant(.float32, [8], noise.many(8)))
            let t = graph.addNode("Transpose", [w], name: name + "/Transpose", attributes: [("perm", .ints([1, 0]))])
            return graph.addNode(
                "Add", [graph.addNode("MatMul", [x, t], name: name + "/MatMul"), b], name: name + "/Add")
        }
        let heads = graph.addConstant("heads", Constant(.int64, [4], [Int64(0), 0, 2, 4])),
            flat = graph.addConstant("flat", Constant(.int64, [3], [Int64(0), 0, 8]))
        func split(_ name: Name, _ perm: [Int64]) -> ValueID {
            let parts = graph.addNode("Reshape", [linear(name, x), heads], name: name + "/Reshape")
            return graph.addNode("Transpose", [parts], name: name + "/Heads", attributes: [("perm", .ints(perm))])
        }
        let q = split("query", [0, 2, 1, 3]), k = split("key", [0, 2, 3, 1]), v = split("value", [0, 2, 1, 3])
        let scores = graph.addNode("MatMul", [q, k], name: "scores")
        let half = graph.addConstant("half", Constant(.float32, [], [Float(0.5)]))
        let p = graph.addNode(
            "Softmax", [graph.addNode("Mul", [scores, half], name: "scaled")], name: "softmax",
            attributes: [("axis", .int(-1))])
        let mixed = graph.addNode(
            "Transpose", [graph.addNode("MatMul", [p, v], name: "mix")], name: "back",
            attributes: [("perm", .ints([0, 2, 1, 3]))])
        let out = linear("output", graph.addNode("Reshape", [mixed, flat], name: "flatten"))
        let ones = graph.addConstant("gamma", Constant(.float32, [8], [Float](repeating: 1, count: 8)))
        let zeros = graph.addConstant("beta", Constant(.float32, [8], [Float](repeating: 0, count: 8)))
        let sum = graph.addNode("Add", [x, out], name: "residual")
        let normal = graph.addNode(
            "LayerNormalization", [sum, ones, zeros], name: "norm", attributes: [("axis", .int(-1))])
        graph.outputs = [linear("head", normal)]
        return graph
    }

    static func inputs(_ graph: Graph, _ noise: inout Noise) -> [(name: Name, tensor: Constant)] {
        graph.inputs.map { id in
            let shape = (graph[id].type?.shape ?? []).map { if case .fixed(let n) = $0 { n } else { 1 } }
            let values = noise.many(shape.reduce(1, *))
            guard graph[id].type?.element == .uint8 else { return (graph[id].name, Constant(.float32, shape, values)) }
            return (graph[id].name, Constant(.uint8, shape, values.map { UInt8(max(0, min(255, 128 + $0 * 127))) }))
        }
    }

    static func run(_ graph: Graph, _ inputs: [(name: Name, tensor: Constant)]) throws -> [Float] {
        try Session(Model(graph: graph)).run(inputs)[0].tensor.floats ?? []
    }

    /// |a - b| over |b|, both as roots of summed squares.
    static func error(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot() / b.map { $0 * $0 }.reduce(0, +).squareRoot()
    }

    /// Each of 600 keys gets a share far below 1 / 255.
    @Test func attentionToManyKeysStaysNear() throws {
        let graph = Self.attention(tokens: 600)
        var quantizer = try Quantizer(graph), noise = Noise(state: 3)
        for _ in 0..<4 { try quantizer.observe(Self.inputs(graph, &noise)) }
        let int8 = try quantizer.quantized(),
            probability = try #require(
                int8.values.indices.first { int8.values[$0].name == "softmax/scale" }.map { ValueID($0) })
        let scale = try #require(int8.constants[probability]?.floats?.first)
        #expect(scale < 0.5 / 255, "\(scale)")
        let inputs = Self.inputs(graph, &noise)
        #expect(Self.error(try Self.run(int8, inputs), try Self.run(graph, inputs)) < 0.03)
    }

    @Test(arguments: [trunk(), attention()], [RangeMethod.minMax, .percentile(0.9999), .meanSquaredError])
    func staysNear(graph: Graph, method: RangeMethod) throws {
        var quantizer = try Quantizer(graph), noise = Noise(state: 3)
        for _ in 0..<16 { try quantizer.observe(Self.inputs(graph, &noise)) }
        var options = QuantizationOptions()
        options.method = method
        let int8 = try quantizer.quantized(options)
        #expect(int8.nodes.contains { $0.op == "QuantizeLinear" })
        for _ in 0..<4 {
            let inputs = Self.inputs(graph, &noise)
            let error = Self.error(try Self.run(int8, inputs), try Self.run(graph, inputs))
            #expect(error > 0 && error < 0.04, "\(error)")
        }
    }

    @Test func preparationKeepsTheNumbers() throws {
        for graph in [Self.trunk(), Self.attention()] {
            var noise = Noise(state: 5)
            let inputs = Self.inputs(graph, &noise)
            let prepared = try Preparation.prepare(graph)
            #expect(!prepared.nodes.contains { $0.op == "BatchNormalization" })
            #expect(Self.error(try Self.run(prepared, inputs), try Self.run(graph, inputs)) < 1e-5)
        }
    }

    /// Every product reads what is stored, weights are int8 per channel and biases int32; scores and the last output
    /// stay float.
    @Test func theFormIsTheAgreedOne() throws {
        let graph = Self.attention()
        var quantizer = try Quantizer(graph), noise = Noise(state: 3)
        try quantizer.observe(Self.inputs(graph, &noise))
        let int8 = try quantizer.quantized()
        var makers: [ValueID: Node] = [:]
        for node in int8.nodes { for case let output? in node.outputs { makers[output] = node } }
        let products = int8.nodes.filter { $0.op == "MatMul" }
        #expect(products.count == 7)
        for product in products {
            for case let input? in product.inputs {
                #expect(makers[input]?.op == "DequantizeLinear", "\(product.name)")
            }
        }
        for product in products where product.name != "scores" && product.name != "mix" {
            let weight = product.input(1).flatMap { makers[$0] }?.input(0).flatMap { int8.constants[$0] }
            #expect(weight?.type == .int8)
        }
        let biases = int8.nodes.filter { $0.op == "Add" && $0.name != "residual" }.compactMap {
            $0.input(1).flatMap { makers[$0] }?.input(0)
        }
        #expect(biases.count == 5 && biases.allSatisfy { int8.constants[$0]?.type == .int32 })
        let scaled = int8.nodes.first { $0.name == "scaled" }
        #expect(scaled?.input(0).flatMap { makers[$0] }?.op == "MatMul")
        let softmax = int8.nodes.first {
            $0.op == "QuantizeLinear" && $0.input(0).flatMap { makers[$0] }?.op == "Softmax"
        }
        // From 0 to the largest probability seen, of five keys: a fifth at least, 1 at most.
        let steps = try #require(softmax?.input(1).flatMap { int8.constants[$0] }?.floats?.first)
        #expect(
            (0.2 / 255...1 / 255).contains(steps)
                && softmax?.input(2).flatMap { int8.constants[$0] }?.bytes.allSatisfy { $0 == 0 } == true)
        #expect(int8.outputs.compactMap { makers[$0]?.op } == ["Add"])
    }

    @Test func keptNodesStayFloat() throws {
        let graph = Self.trunk()
        var quantizer = try Quantizer(graph), noise = Noise(state: 3)
        for _ in 0..<8 { try quantizer.observe(Self.inputs(graph, &noise)) }
        #expect(quantizer.computeNodes == ["first", "second", "last"])
        var options = QuantizationOptions()
        options.keepFloat = ["second"]
        let int8 = try quantizer.quantized(options)
        let second = try #require(int8.nodes.first { $0.name == "second" })
        #expect(second.input(1).flatMap { int8.constants[$0] }?.type == .float32)
        let first = try #require(int8.nodes.first { $0.name == "first" })
        #expect(first.input(1).flatMap { int8.constants[$0] } == nil)
    }

    /// Few steps for a wide weight make an error whose mean the correction takes away.
    @Test func biasCorrectionTakesTheMeanErrorAway() throws {
        var noise = Noise(state: 2), graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(64), .fixed(32)]))
        var w = noise.many(32 * 4).map { $0 * 0.01 }
        for o in 0..<4 { w[o] = 1 }
        let weight = graph.addConstant("w", Constant(.float32, [32, 4], w)),
            bias = graph.addConstant("b", Constant(.float32, [4], noise.many(4)))
        graph.outputs = [
            graph.addNode("Add", [graph.addNode("MatMul", [x, weight], name: "product"), bias], name: "sum")
        ]
        // Inputs whose means are far from 0.
        let sample: [(name: Name, tensor: Constant)] = [
            ("x", Constant(.float32, [64, 32], noise.many(64 * 32).map { abs($0) }))
        ]
        var quantizer = try Quantizer(graph)
        try quantizer.observe(sample)
        let truth = try Self.run(graph, sample)
        func meanError(_ corrected: Bool) throws -> Float {
            var options = QuantizationOptions()
            options.biasCorrection = corrected
            let found = try Self.run(try quantizer.quantized(options), sample)
            return (0..<4).map { o in
                abs(stride(from: o, to: found.count, by: 4).map { found[$0] - truth[$0] }.reduce(0, +)) / 64
            }.reduce(0, +)
        }
        let without = try meanError(false), with = try meanError(true)
        #expect(with < without / 3, "\(with) against \(without)")
    }

    @Test func mistakesAreNamed() throws {
        let graph = Self.trunk()
        var quantizer = try Quantizer(graph)
        #expect { _ = try quantizer.quantized() } throws: { "\($0)" == "calibration needs at least one sample" }
        let bad: [(name: Name, tensor: Constant)] = [
            ("x", Constant(.float32, [1, 3, 8, 8], [Float](repeating: .nan, count: 192)))
        ]
        #expect { try quantizer.observe(bad) } throws: { "\($0)".contains("value 'x' is not finite on sample 0") }
        var noise = Noise(state: 1)
        try quantizer.observe(Self.inputs(graph, &noise))
        let int8 = try quantizer.quantized()
        #expect { _ = try Quantizer(int8) } throws: { "\($0)".hasPrefix("the graph is quantized already: node '") }
        var empty = Graph(opset: 17)
        let x = empty.addInput("x", TensorType(.float32, [.fixed(1)]))
        empty.outputs = [empty.addNode("Relu", [x], name: "relu")]
        #expect { _ = try Quantizer(empty) } throws: { "\($0)".hasPrefix("the graph has no Conv") }
    }
}

extension String {
    fileprivate var asName: Name { Name(self) }
}
