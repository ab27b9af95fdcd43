import DeixisGraph
import Testing

@testable import DeixisQuantization
@testable import DeixisRuntime

/// Quantized graphs run in integers, and say what the graph as read says.
@Suite struct StoredExecutionTests {
    static let graphs = [
        QuantizerTests.trunk(), QuantizerTests.attention(), QuantizerTests.separable(), QuantizerTests.photo(),
    ]

    static func quantized(_ graph: Graph) throws -> Graph {
        var quantizer = try Quantizer(graph), noise = QuantizerTests.Noise(state: 3)
        for _ in 0..<16 { try quantizer.observe(QuantizerTests.inputs(graph, &noise)) }
        return try quantizer.quantized()
    }

    static func values(_ context: RunContext, _ inputs: [(name: Name, tensor: Constant)]) throws -> [Float] {
        let tensor = try context.run(inputs)[0].tensor
        return withExtendedLifetime(tensor) {
            (0..<tensor.count).map { tensor.bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
    }

    static func options(_ change: (inout SessionOptions) -> Void) -> SessionOptions {
        var options = SessionOptions()
        change(&options)
        return options
    }

    /// Steps of the plan after running `inputs`, as their kernels' names.
    static func steps(_ context: RunContext) throws -> [String] {
        try context.profile(runs: 1).steps.map { "\($0.kernel)" }
    }

    @Test(arguments: graphs.indices)
    func agreesWithTheGraphAsRead(index: Int) throws {
        let graph = Self.graphs[index]
        let int8 = try Self.quantized(graph)
        let fast = try Session(Model(graph: int8)).makeContext(),
            slow = try Session(Model(graph: int8), options: Self.options { $0.optimize = false }).makeContext()
        var noise = QuantizerTests.Noise(state: 9)
        for _ in 0..<8 {
            let inputs = QuantizerTests.inputs(graph, &noise)
            let a = try Self.values(fast, inputs), b = try Self.values(slow, inputs)
            // Sums are rounded once where the graph as read rounds twice: values a step apart, each as near to the
            // float graph.
            let float = try QuantizerTests.run(graph, inputs)
            #expect(QuantizerTests.error(a, b) < 0.02)
            #expect(QuantizerTests.error(a, float) < QuantizerTests.error(b, float) * 1.3 + 0.002)
        }
    }

    @Test(arguments: graphs.indices)
    func noLayerFallsBackToFloat(index: Int) throws {
        let graph = Self.graphs[index]
        let context = try Session(Model(graph: Self.quantized(graph))).makeContext()
        var noise = QuantizerTests.Noise(state: 9)
        _ = try context.run(QuantizerTests.inputs(graph, &noise))
        let steps = try Self.steps(context)
        #expect(!steps.isEmpty)
        for step in steps { #expect(step.hasSuffix("_s8") || step == "transpose", "\(steps)") }
        #expect(steps.contains("gemm_s8") || steps.contains("conv_s8"))
        #expect(steps.contains("depthwise_s8") == (index == 2))
        // The image is normalized and stored where its convolution reads it.
        if index == 3 {
            #expect(steps.filter { $0 != "transpose" && $0 != "dequantize_s8" } == ["conv_s8", "conv_s8"], "\(steps)")
        }
    }

    @Test("The same bits on every instruction set, thread count and by reference", arguments: graphs.indices)
    func bitIdentical(index: Int) throws {
        let graph = Self.graphs[index]
        let int8 = try Self.quantized(graph)
        var noise = QuantizerTests.Noise(state: 21)
        let inputs = QuantizerTests.inputs(graph, &noise)
        let want = try Self.values(
            Session(Model(graph: int8), options: Self.options { $0.referenceOnly = true }).makeContext(), inputs)
        for isa in ["scalar", "v128", "avx2", "avxvnni", "avx512", "avx512vnni", "dotprod", "i8mm", nil] {
            for threads in [1, 2, 3] {
                guard isa == nil || isa == "scalar" || Machine.instructionSets(upTo: isa ?? "") != nil else { continue }
                let context = try Session(
                    Model(graph: int8), options: Self.options { ($0.instructionSet, $0.threads) = (isa, threads) }
                ).makeContext()
                #expect(try Self.values(context, inputs) == want, "\(isa ?? "best"), \(threads) threads")
            }
        }
    }

    /// One weight that two convolutions read in different ways, whole kernel rows and pixel by pixel, is packed twice.
    @Test func sharedWeightsOfTwoLayouts() throws {
        var noise = QuantizerTests.Noise(state: 31), graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(3), .fixed(12), .fixed(12)]))
        let w = graph.addConstant("w", Constant(.float32, [5, 3, 3, 3], noise.many(135)))
        let parts = ([1, 2] as [Int64]).map { d in
            graph.addNode(
                "Conv", [x, w], name: d == 1 ? "near" : "far",
                attributes: [("pads", .ints([d, d, d, d])), ("dilations", .ints([d, d]))])
        }
        graph.outputs = [graph.addNode("Concat", parts, name: "both", attributes: [("axis", .int(1))])]
        var int8 = try Self.quantized(graph)
        let weights = int8.constants.filter { $0.value.count == 135 }
        for (id, _) in weights { int8.constants[id] = weights.first?.value }
        #expect(weights.count == 2 && weights.allSatisfy { $0.value.type == .int8 })
        let model = try Model(graph: int8), inputs = QuantizerTests.inputs(graph, &noise)
        let want = try Self.values(
            Session(model, options: Self.options { $0.referenceOnly = true }).makeContext(), inputs)
        #expect(try Self.values(Session(model).makeContext(), inputs) == want)
    }

    /// What other quantizers write: activations int8.
    @Test(arguments: graphs.indices)
    func signedActivationsRunAlike(index: Int) throws {
        let graph = Self.graphs[index]
        let int8 = try Self.quantized(graph)
        var signed = int8
        for (id, constant) in int8.constants where constant.type == .uint8 && constant.count == 1 {
            let zero = UInt8(constant.integers?.first ?? 0)
            signed.constants[id] = Constant(.int8, constant.shape, [Int8(bitPattern: zero &- 128)])
            signed[id].type = TensorType(.int8, [])
        }
        var noise = QuantizerTests.Noise(state: 5)
        let inputs = QuantizerTests.inputs(graph, &noise)
        let a = try Session(Model(graph: int8)).makeContext(), b = try Session(Model(graph: signed)).makeContext()
        #expect(try Self.values(a, inputs) == Self.values(b, inputs))
        #expect(try Self.steps(a) == Self.steps(b))
    }

    /// Attention as onnxruntime's quantize_static writes it: everything stored after every operation. `mask`: -1e4 for
    /// the last key.
    static func storedEverywhere(mask: Bool, steps: [Float]) -> Graph {
        var graph = Graph(opset: 17)
        func stored(_ x: ValueID, _ name: Name, _ scale: Float, _ zero: UInt8) -> ValueID {
            let s = graph.addConstant(name + "/scale", Constant(.float32, [], [scale])),
                z = graph.addConstant(name + "/zero", Constant(.uint8, [], [zero]))
            return graph.addNode(
                "DequantizeLinear", [graph.addNode("QuantizeLinear", [x, s, z], name: name + "/Q"), s, z],
                name: name + "/DQ")
        }
        let heads = graph.addConstant("heads", Constant(.int64, [4], [Int64(0), 0, 2, 16])),
            flat = graph.addConstant("flat", Constant(.int64, [3], [Int64(0), 0, 32]))
        func split(_ name: Name, _ order: [Int64]) -> ValueID {
            let x = graph.addInput(name, TensorType(.float32, [.fixed(1), .fixed(7), .fixed(32)]))
            let shaped = graph.addNode("Reshape", [stored(x, name, 0.01, 120), heads], name: name + "/Reshape")
            return graph.addNode("Transpose", [shaped], name: name + "/Transpose", attributes: [("perm", .ints(order))])
        }
        let q = split("q", [0, 2, 1, 3]), k = split("k", [0, 2, 3, 1]), v = split("v", [0, 2, 1, 3])
        var scores = stored(graph.addNode("MatMul", [q, k], name: "product"), "product", steps[0], 131)
        scores = graph.addNode(
            "Mul", [scores, graph.addConstant("factor", Constant(.float32, [], [Float(0.25)]))], name: "scaled")
        scores = stored(scores, "scaled", steps[1], 128)
        if mask {
            let bias = graph.addConstant("bias", Constant(.float32, [1, 1, 1, 7], [Float(0), 0, 0, 0, 0, 0, -8]))
            scores = stored(graph.addNode("Add", [scores, bias], name: "biased"), "biased", steps[2], 200)
        }
        let p = stored(
            graph.addNode("Softmax", [scores], name: "softmax", attributes: [("axis", .int(-1))]), "p", 1 / 255, 0)
        let mixed = stored(graph.addNode("MatMul", [p, v], name: "mix"), "mix", 0.0083, 125)
        let merged = graph.addNode("Transpose", [mixed], name: "merge", attributes: [("perm", .ints([0, 2, 1, 3]))])
        graph.outputs = [graph.addNode("Reshape", [merged, flat], name: "out")]
        return graph
    }

    /// Steps fine, and so coarse that they decide the outcome: what the file rounds is rounded.
    @Test(arguments: [false, true], [[0.02, 0.005, 0.05], [0.8, 0.3, 0.5], [0.02, 0.005, 4]] as [[Float]])
    func scoresAreRoundedAsTheFileSays(mask: Bool, steps: [Float]) throws {
        let model = try Model(graph: Self.storedEverywhere(mask: mask, steps: steps)),
            fast = try Session(model).makeContext()
        let slow = try Session(model, options: Self.options { $0.optimize = false }).makeContext(),
            scalar = try Session(model, options: Self.options { $0.instructionSet = "scalar" }).makeContext()
        var noise = QuantizerTests.Noise(state: 17)
        for _ in 0..<10 {
            let inputs = (["q", "k", "v"] as [Name]).map {
                (name: $0, tensor: Constant(.float32, [1, 7, 32], noise.many(224)))
            }
            let a = try Self.values(fast, inputs), b = try Self.values(slow, inputs)
            // A tie may fall the other way where the float product is not exact: a step of the output here and there.
            #expect(zip(a, b).filter { abs($0 - $1) > 0.001 }.count <= 4)
            #expect(zip(a, b).allSatisfy { abs($0 - $1) < 0.05 })
            #expect(try Self.values(scalar, inputs) == a)
        }
        let steps = try Self.steps(fast)
        #expect(
            steps.contains("attention_s8") && !steps.contains { $0.hasPrefix("softmax") || $0.hasPrefix("gemm") },
            "\(steps)")
    }

    /// GELU as onnxruntime stores it, step by step, and arithmetic with numbers on either side: tables.
    @Test func arithmeticBecomesTables() throws {
        var graph = Graph(opset: 17)
        func stored(_ x: ValueID, _ name: Name, _ scale: Float, _ zero: UInt8) -> ValueID {
            let s = graph.addConstant(name + "/scale", Constant(.float32, [], [scale])),
                z = graph.addConstant(name + "/zero", Constant(.uint8, [], [zero]))
            return graph.addNode(
                "DequantizeLinear", [graph.addNode("QuantizeLinear", [x, s, z], name: name + "/Q"), s, z],
                name: name + "/DQ")
        }
        func number(_ name: Name, _ value: Float) -> ValueID {
            graph.addConstant(name, Constant(.float32, [], [value]))
        }
        var x = stored(graph.addInput("x", TensorType(.float32, [.fixed(4), .fixed(33)])), "x", 0.03, 120)
        x = graph.addNode("Erf", [graph.addNode("Div", [x, number("root", 1.4142135)], name: "div")], name: "erf")
        x = graph.addNode("Add", [number("one", 1), stored(x, "erf", 0.0079, 127)], name: "add")
        x = graph.addNode("Sub", [number("two", 2), stored(x, "add", 0.0081, 3)], name: "sub")
        x = graph.addNode("Mul", [stored(x, "sub", 0.0083, 5), number("half", 0.5)], name: "mul")
        graph.outputs = [stored(x, "mul", 0.0041, 7)]
        let model = try Model(graph: graph), fast = try Session(model).makeContext(),
            slow = try Session(model, options: Self.options { $0.optimize = false }).makeContext()
        var noise = QuantizerTests.Noise(state: 23)
        let inputs = [(name: "x" as Name, tensor: Constant(.float32, [4, 33], noise.many(132).map { $0 * 3 }))]
        let a = try Self.values(fast, inputs), b = try Self.values(slow, inputs)
        #expect(zip(a, b).filter { abs($0 - $1) > 1e-6 }.count <= 2 && zip(a, b).allSatisfy { abs($0 - $1) < 0.02 })
        #expect(Set(a).count > 40)
        let steps = try Self.steps(fast)
        #expect(steps == ["quantize_s8", "map_s8", "dequantize_s8"], "\(steps) \(fast.listing(.target))")
    }
}
