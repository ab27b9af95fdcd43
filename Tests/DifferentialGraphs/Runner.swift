import DeixisFiles
public import DeixisGraph
import DeixisRuntime
import Dispatch

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
            "threads \(threads)",
        ]
        .joined(separator: ", ") + (dropPadding ? "" : ", padding kept")
    }

    var options: SessionOptions {
        var options = SessionOptions()
        (options.optimize, options.referenceOnly, options.instructionSet, options.threads, options.dropPadding) =
            (optimize, referenceOnly, instructionSet, threads, dropPadding)
        return options
    }

    /// On a graph that has been through all passes.
    var rewritten: Way {
        var way = self
        way.optimize = false
        return way
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
        try run(Model(graph: graph), inputs, way)
    }

    static func run(_ model: Model, _ inputs: [Constant], _ way: Way) throws -> [Constant] {
        try run(Session(model, options: way.options).makeContext(), inputs)
    }

    static func run(_ context: RunContext, _ inputs: [Constant]) throws -> [Constant] {
        try context.run(Array(zip(context.session.inputNames, inputs))).map { $0.tensor }
    }

    /// The kernels of the steps that `context` ran last.
    static func kernels(_ context: RunContext) -> [Substring] {
        context.listing(.plan).split(separator: "\n").dropFirst().map { $0.prefix { $0 != " " } }
    }

    /// Whether all of its steps are quantized kernels, with the same bits everywhere.
    static func isQuantized(_ context: RunContext) -> Bool {
        let moves: [Substring] = ["transpose", "concat", "copy", "reference", "embedding"]
        return kernels(context).allSatisfy { $0.hasSuffix("_s8") || moves.contains($0) }
    }

    /// Written to `path` and loaded again.
    static func runCompiled(_ model: Model, _ inputs: [Constant], _ way: Way, path: String) throws -> [Constant] {
        let context = try Session(model, options: way.options).makeContext()
        try context.prepare(inputs.map { $0.shape })
        try context.session.compile(to: path)
        return try run(Session(Model.load(path), options: way.options).makeContext(), inputs)
    }

    /// Two threads with contexts of their own ask one new session about `lists` at the same time, twice each.
    static func runSideBySide(_ graph: Graph, _ lists: [[Constant]], _ way: Way) throws -> [[Constant]] {
        let session = try Session(Model(graph: graph), options: way.options)
        let found = Locked([Result<[Constant], any Error>?](repeating: nil, count: lists.count))
        DispatchQueue.concurrentPerform(iterations: lists.count) { i in
            let result = Result {
                let context = session.makeContext()
                _ = try run(context, lists[i])
                return try run(context, lists[i])
            }
            found.withLock { $0[i] = result }
        }
        return try found.withLock { $0 }.map { try $0?.get() ?? [] }
    }
}

/// Runs with one input kept from run to run, and others changing.
struct KeptRunner {
    let session: Session
    let kept: Int
    private(set) var context: RunContext

    init(_ session: Session, kept: Int, shapes: [[Int]]) throws {
        (self.session, self.kept) = (session, kept)
        context = session.makeContext()
        try context.prepare(shapes, keeping: [kept])
    }

    private func write(_ inputs: [Constant], kept isKept: Bool) throws {
        for (i, tensor) in inputs.enumerated() where (i == kept) == isKept {
            try context.inputBuffer(i).copyMemory(from: tensor.bytes)
        }
    }

    private func outputs() throws -> [Constant] {
        try session.outputNames.indices.map { i in
            let (element, shape, bytes) = try context.output(i)
            return Constant(element, shape, Array(bytes))
        }
    }

    /// The kept input and what depends on it alone, then the others.
    func look(_ inputs: [Constant]) throws -> [Constant] {
        try write(inputs, kept: true)
        try context.runKept()
        return try change(inputs)
    }

    /// The others alone.
    func change(_ inputs: [Constant]) throws -> [Constant] {
        try write(inputs, kept: false)
        try context.runChanged()
        return try outputs()
    }

    /// Everything in one run.
    func whole(_ inputs: [Constant]) throws -> [Constant] {
        try write(inputs, kept: true)
        try write(inputs, kept: false)
        try context.run()
        return try outputs()
    }

    /// Goes on at other shapes of the others.
    func prepare(_ shapes: [[Int]]) throws { try context.prepare(shapes, keeping: [kept]) }

    func copy() throws -> KeptValues? { try context.copyKept() }
    func restore(_ values: KeptValues?) throws { if let values { try context.restoreKept(values) } }
}
