import DeixisGraph
import DeixisRuntime
import Testing

@testable import DeixisQuantization

@Suite struct ScaleMigrationTests {
    /// A graph of x [5, 8] with one channel of one value far larger than the others.
    struct Builder {
        var noise = QuantizerTests.Noise(state: 17)
        var graph = Graph(opset: 17)
        let x: ValueID

        init() { x = graph.addInput("x", TensorType(.float32, [.fixed(5), .fixed(8)])) }

        mutating func vector(_ name: Name, outlier: Float = 1) -> ValueID {
            graph.addConstant(name, Constant(.float32, [8], noise.many(8).enumerated().map { $0 == 3 ? outlier : $1 }))
        }

        /// W [8, 8], row 3 times `row` and column 3 times `column`.
        mutating func matrix(_ name: Name, row: Float = 1, column: Float = 1) -> ValueID {
            let values = noise.many(64).enumerated().map { $1 * ($0 / 8 == 3 ? row : 1) * ($0 % 8 == 3 ? column : 1) }
            return graph.addConstant(name, Constant(.float32, [8, 8], values))
        }

        /// Gain and bias of channel 3 are 60 times those of the others.
        mutating func norm(_ x: ValueID) -> ValueID {
            graph.addNode(
                "LayerNormalization", [x, vector("gain", outlier: 60), vector("shift", outlier: 30)], name: "norm",
                attributes: [("axis", .int(-1))])
        }

        /// As our exporter writes it: what it makes of channel 3 times `outlier`, what it reads of channel 3 times
        /// `read`.
        mutating func linear(_ name: Name, _ x: ValueID, outlier: Float = 1, read: Float = 1) -> ValueID {
            let w = graph.addNode(
                "Transpose", [matrix(name + ".weight", row: outlier, column: read)], name: name + "/Transpose",
                attributes: [("perm", .ints([1, 0]))])
            return graph.addNode(
                "Add", [graph.addNode("MatMul", [x, w], name: name), vector(name + ".bias", outlier: outlier)],
                name: name + "/Add")
        }

        mutating func gemm(_ name: Name, _ x: ValueID) -> ValueID {
            graph.addNode(
                "Gemm", [x, matrix(name + ".weight", column: 0.1), vector(name + ".bias")], name: name,
                attributes: [("transB", .int(1))])
        }

        mutating func add(_ a: ValueID, _ b: ValueID) -> ValueID { graph.addNode("Add", [a, b], name: "sum") }

        /// Mutating, so that a node made in the argument is in the graph.
        mutating func finished(_ outputs: ValueID...) -> Graph {
            graph.outputs = outputs
            return graph
        }
    }

    /// Two products behind a LayerNormalization. A third shares the weights of the first and reads x: it keeps them.
    static func norm() -> Graph {
        var b = Builder()
        let y = b.norm(b.x), shared = b.matrix("shared", row: 0.1)
        let sum = b.add(b.graph.addNode("MatMul", [y, shared], name: "first"), b.gemm("second", y))
        return b.finished(sum, b.graph.addNode("MatMul", [b.x, shared], name: "other"))
    }

    static func relu() -> Graph {
        var b = Builder()
        let y = b.linear("wide", b.x, outlier: 40)
        return b.finished(b.linear("narrow", b.graph.addNode("Relu", [y], name: "relu"), read: 0.1))
    }

    /// Two heads of four lanes.
    static func attention() -> Graph {
        var b = Builder()
        let heads = b.graph.addConstant("heads", Constant(.int64, [3], [Int64(5), 2, 4])),
            flat = b.graph.addConstant("flat", Constant(.int64, [2], [Int64(5), 8]))
        func split(_ y: ValueID, _ axes: [Int64]) -> ValueID {
            let parts = b.graph.addNode("Reshape", [y, heads], name: b.graph[y].name + "/Heads")
            return b.graph.addNode(
                "Transpose", [parts], name: b.graph[y].name + "/Lanes", attributes: [("perm", .ints(axes))])
        }
        let q = split(b.linear("query", b.x), [1, 0, 2]), k = split(b.linear("key", b.x), [1, 2, 0])
        let p = b.graph.addNode(
            "Softmax", [b.graph.addNode("MatMul", [q, k], name: "scores")], name: "softmax",
            attributes: [("axis", .int(-1))])
        let v = split(b.linear("value", b.x, outlier: 40), [1, 0, 2])
        let mixed = b.graph.addNode(
            "Transpose", [b.graph.addNode("MatMul", [p, v], name: "mix")], name: "back",
            attributes: [("perm", .ints([1, 0, 2]))])
        return b.finished(b.linear("output", b.graph.addNode("Reshape", [mixed, flat], name: "flatten"), read: 0.1))
    }

    static func migrated(_ graph: Graph) throws -> (graph: Graph, migrated: [MigratedScales]) {
        var migration = try ScaleMigration(graph), noise = QuantizerTests.Noise(state: 3)
        for _ in 0..<32 { try migration.observe(QuantizerTests.inputs(graph, &noise)) }
        return try migration.migrated()
    }

    static func quantized(_ graph: Graph) throws -> Graph {
        var quantizer = try Quantizer(graph), noise = QuantizerTests.Noise(state: 3)
        for _ in 0..<32 { try quantizer.observe(QuantizerTests.inputs(graph, &noise)) }
        return try quantizer.quantized()
    }

    static let graphs: [(graph: Graph, source: Name, products: [Name])] = [
        (norm(), "norm", ["first", "second"]), (relu(), "wide", ["narrow"]), (attention(), "value", ["output"]),
    ]

    @Test(arguments: graphs.indices)
    func keepsTheFloatFunction(index: Int) throws {
        let (graph, source, products) = Self.graphs[index]
        let (after, migrated) = try Self.migrated(graph)
        #expect(migrated.map { $0.source } == [source] && migrated.first?.products == products)
        let found = try #require(migrated.first)
        #expect(
            found.spread.before > 10 && found.spread.after < found.spread.before / 3 && found.noise < 0.5, "\(found)")
        var noise = QuantizerTests.Noise(state: 29)
        for _ in 0..<4 {
            let inputs = QuantizerTests.inputs(graph, &noise)
            let found = try Session(Model(graph: after)).run(inputs),
                truth = try Session(Model(graph: graph)).run(inputs)
            for (a, b) in zip(found, truth) {
                #expect(QuantizerTests.error(a.tensor.floats ?? [], b.tensor.floats ?? []) < 1e-6)
            }
        }
    }

    /// Without migration, what ordinary channels carry is lost in the outlier's steps, and the products weigh just
    /// that.
    @Test(arguments: graphs.indices)
    func lowersTheErrorOfInt8(index: Int) throws {
        let graph = Self.graphs[index].graph
        let without = try Self.quantized(graph), with = try Self.quantized(try Self.migrated(graph).graph)
        var noise = QuantizerTests.Noise(state: 31), errors: (without: Float, with: Float) = (0, 0)
        for _ in 0..<16 {
            let inputs = QuantizerTests.inputs(graph, &noise), truth = try QuantizerTests.run(graph, inputs)
            errors.without += QuantizerTests.error(try QuantizerTests.run(without, inputs), truth)
            errors.with += QuantizerTests.error(try QuantizerTests.run(with, inputs), truth)
        }
        #expect(errors.with < errors.without / 3, "\(errors)")
    }

    /// Where dividing is not free nothing is divided.
    @Test func leavesOtherReadersAlone() throws {
        var residual = Builder(), output = Builder(), product = Builder(), gelu = Builder(), clip = Builder()
        let a = residual.norm(residual.x), b = output.norm(output.x), c = product.norm(product.x)
        let d = gelu.graph.addNode("Tanh", [gelu.norm(gelu.x)], name: "tanh")
        let e = clip.graph.addNode(
            "Clip", [clip.norm(clip.x), nil, clip.graph.addConstant("six", Constant(.float32, [], [Float(6)]))],
            name: "clip")
        let computed = product.graph.addNode(
            "Transpose", [product.x], name: "transposed", attributes: [("perm", .ints([1, 0]))])
        let graphs = [
            residual.finished(residual.add(residual.gemm("product", a), a)),
            output.finished(output.gemm("product", b), b),
            product.finished(product.graph.addNode("MatMul", [c, computed], name: "product")),
            gelu.finished(gelu.gemm("product", d)),
            clip.finished(clip.gemm("product", e)),
        ]
        for graph in graphs { #expect(try ScaleMigration(graph).siteCount == 0) }
    }

    /// [tokens, heads, lanes] multiplied along the heads: channels are mixed.
    @Test func channelsThatMixAreLeftAlone() throws {
        var b = Builder()
        let heads = b.graph.addConstant("heads", Constant(.int64, [3], [Int64(5), 2, 4])),
            flat = b.graph.addConstant("flat", Constant(.int64, [2], [Int64(5), 8]))
        let v = b.graph.addNode("Reshape", [b.linear("value", b.x, outlier: 40), heads], name: "split")
        let p = b.graph.addConstant("mix", Constant(.float32, [2, 2], b.noise.many(4)))
        let y = b.graph.addNode("Reshape", [b.graph.addNode("MatMul", [p, v], name: "mixed"), flat], name: "flatten")
        #expect(try ScaleMigration(b.finished(b.linear("output", y))).siteCount == 0)
    }

    @Test func leavesEvenChannelsAlone() throws {
        let graph = QuantizerTests.attention()
        #expect(try ScaleMigration(graph).siteCount == 2)
        #expect(try Self.migrated(graph).migrated.isEmpty)
        #expect { _ = try ScaleMigration(graph).migrated() } throws: {
            "\($0)" == "calibration needs at least one sample"
        }
    }
}
