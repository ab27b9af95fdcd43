public import DeixisGraph
import DeixisRuntime

/// The one place that knows how the runtime is called.
public struct Way: Sendable, CustomStringConvertible {
    public var optimize = true
    public var referenceOnly = false
    public var instructionSet: String?
    public var threads = 1
    public var dropPadding = true

    public init(
        optimize: Bool = true, referenceOnly: Bool = false, instructionSet: String? = nil, threads: Int = 1,
        dropPadding: Bool = true
    ) {
        (self.optimize, self.referenceOnly, self.instructionSet, self.threads, self.dropPadding) =
            (optimize, referenceOnly, instructionSet, threads, dropPadding)
    }

    public var description: String {
        [
            optimize ? "optimized" : "as read", referenceOnly ? "references" : instructionSet ?? "best instruction set",
            "threads \(threads)"
        ]
        .joined(separator: ", ") + (dropPadding ? "" : ", padding kept")
    }

    var options: SessionOptions {
        var options = SessionOptions()
        (options.optimize, options.referenceOnly, options.instructionSet, options.threads, options.dropPadding) =
            (optimize, referenceOnly, instructionSet, threads, dropPadding)
        return options
    }
}

public enum Runner {
    /// What this machine's kernels can be restricted to, one name for each set of instructions.
    public static let instructionSets: [String] = {
        var names: [String] = [], graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, []))
        graph.outputs = [graph.addNode("Relu", [x], name: "y")]
        for name in ["scalar", "v128", "avx2", "avxvnni", "avx512", "avx512vnni", "dotprod", "i8mm"] {
            guard let model = try? Model(graph: graph),
                let session = try? Session(model, options: Way(instructionSet: name).options),
                session.instructionSetName == name
            else { continue }
            names.append(name)
        }
        return names
    }()

    public static func run(_ graph: Graph, _ inputs: [Constant], _ way: Way) throws -> [Constant] {
        try run(Session(Model(graph: graph), options: way.options).makeContext(), inputs)
    }

    private static func run(_ context: RunContext, _ inputs: [Constant]) throws -> [Constant] {
        try context.run(Array(zip(context.session.inputNames, inputs))).map { $0.tensor }
    }

    /// One session asked about `others`, about other shapes where they are given, then about the inputs; and whether
    /// all of its steps are quantized kernels, with the same bits everywhere.
    static func runAgain(
        _ test: DifferentialCase, _ way: Way, varied: [Constant]?
    ) throws -> (outputs: [Constant], varied: [Constant]?, isQuantized: Bool) {
        let context = try Session(Model(graph: test.graph), options: way.options).makeContext()
        _ = try run(context, test.others)
        let elsewhere = try varied.map { try run(context, $0) }, outputs = try run(context, test.inputs)
        let kernels = context.listing(.plan).split(separator: "\n").dropFirst().map { $0.prefix { $0 != " " } }
        let moves: [Substring] = ["transpose", "concat", "copy", "reference", "embedding"]
        return (outputs, elsewhere, kernels.allSatisfy { $0.hasSuffix("_s8") || moves.contains($0) })
    }

    /// Written to `path` and loaded again.
    static func runCompiled(_ test: DifferentialCase, _ way: Way, path: String) throws -> [Constant] {
        let context = try Session(Model(graph: test.graph), options: way.options).makeContext()
        try context.prepare(test.inputs.map { $0.shape })
        try context.session.compile(to: path)
        return try run(Session(Model.load(path), options: way.options).makeContext(), test.inputs)
    }

    /// With input `kept` kept: everything else first as in `others`, then as in `inputs`.
    static func runKept(_ test: DifferentialCase, _ way: Way, kept: Int) throws -> [Constant] {
        let context = try Session(Model(graph: test.graph), options: way.options).makeContext()
        try context.prepare(test.inputs.map { $0.shape }, keeping: [kept])
        func write(_ i: Int, _ tensor: Constant) throws { try context.inputBuffer(i).copyMemory(from: tensor.bytes) }
        for (i, tensor) in test.others.enumerated() { try write(i, i == kept ? test.inputs[i] : tensor) }
        try context.runKept()
        try context.runChanged()
        for (i, tensor) in test.inputs.enumerated() where i != kept { try write(i, tensor) }
        try context.runChanged()
        return try context.session.outputNames.indices.map { i in
            let (element, shape, bytes) = try context.output(i)
            return Constant(element, shape, Array(bytes))
        }
    }
}
