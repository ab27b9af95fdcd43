public import DeixisGraph
import DeixisONNX

/// A model as its file says it, checked: every operator is known, everything is made before it is used.
public struct Model: Sendable {
    /// Of a compiled file only inputs, outputs and metadata: its nodes are those of the plans it was compiled for.
    public let graph: Graph
    let compiled: CompiledModel?
    /// What its sessions share.
    let preparations = Preparations { (model, isa, isOptimized, limits) throws(RuntimeError) in
        try Preparation(model, isa, isOptimized, limits)
    }
    /// How long reading and checking took.
    public private(set) var times = LoadTimes()

    /// Opsets of `ai.onnx` that are read; those before 13, and before 18 some operators, in today's words (`Importer`).
    public static let opsets: ClosedRange<Int> = 6...28

    /// The model in the ONNX or compiled file at `path`. The file stays mapped and must keep its bytes (to replace it,
    /// rename another over it): weights are read when a session packs them, tables and some large ones in every run.
    public static func load(
        _ path: String, limits: Limits = Limits(), operators: OperatorSet = .lean
    ) throws(RuntimeError) -> Model {
        let start = Machine.nanoseconds
        let (graph, compiled) = try contents(path, limits)
        let read = Machine.nanoseconds
        var model = try Model(graph: graph, compiled: compiled, operators, limits)
        model.times.read = read - start
        model.times.check = Machine.nanoseconds - read
        return model
    }

    /// The graph in the ONNX or compiled file at `path` as the file says it, whatever operators it has.
    public static func graph(inFile path: String) throws(RuntimeError) -> Graph { try contents(path, Limits()).graph }

    private static func contents(
        _ path: String, _ limits: Limits
    ) throws(RuntimeError) -> (graph: Graph, compiled: CompiledModel?) {
        let bytes: ByteStorage
        do throws(ONNXError) { bytes = try mapFile(path) } catch { throw RuntimeError(error) }
        guard CompiledFile.isCompiled(bytes.bytes) else {
            return (try read { () throws(ONNXError) in try Graph(onnxFile: path, bytes, limits: limits) }, nil)
        }
        do throws(CompiledFileError) {
            let compiled = try CompiledFile.read(bytes, name: path)
            return (compiled.interface, compiled)
        } catch {
            throw RuntimeError(path, error)
        }
    }

    /// The model in `bytes`, which it keeps; `name` stands for the file in messages.
    public static func load(
        _ bytes: ByteStorage, name: String = "model", limits: Limits = Limits(), operators: OperatorSet = .lean
    ) throws(RuntimeError) -> Model {
        let graph = try read { () throws(ONNXError) in try Graph(onnx: bytes, name: name, limits: limits) }
        return try Model(graph: graph, compiled: nil, operators, limits)
    }

    /// A model that never was a file.
    public init(graph: Graph, limits: Limits = Limits(), operators: OperatorSet = .lean) throws(RuntimeError) {
        try self.init(graph: graph, compiled: nil, operators, limits)
    }

    private init(graph: Graph, compiled: CompiledModel?, _ operators: OperatorSet, _ limits: Limits)
        throws(RuntimeError)
    {
        self.graph = compiled == nil ? try Model.imported(graph, operators, limits) : graph
        self.compiled = compiled
    }

    init(checked graph: Graph) { (self.graph, compiled) = (graph, nil) }

    #if !hasFeature(Embedded)
        /// A graph that passes made, with operators that no file has; for tests.
        package init(rewritten graph: Graph) { (self.graph, compiled) = (graph, nil) }
    #endif

    /// The model with the defaults of some inputs not yet given: number i of `graph.defaults` for each i of `chosen`.
    func asking(_ chosen: [Int]) throws(RuntimeError) -> Model {
        var open = graph
        for i in chosen {
            let (id, type) = graph.defaults[i]
            open.constants[id] = nil
            open[id].type = type
            open.inputs.append(id)
        }
        open.defaults = []
        try Model.checkInputs(open)
        return Model(checked: open)
    }

    /// What a compiled file is for; nil for any other model.
    public var compilation: (instructionSet: String, shapes: [[[Int]]])? {
        compiled.map { (Machine.name($0.instructionSets), $0.shapes) }
    }

    /// Whether there is a compiled model at `path`, sound or not.
    public static func isCompiled(_ path: String) -> Bool {
        do throws(ONNXError) {
            let file = try mapFile(path)
            return withExtendedLifetime(file) { CompiledFile.isCompiled(file.bytes) }
        } catch {
            return false
        }
    }

    /// The value of `metadata_props` entry `key`.
    public func metadata(_ key: Name) -> Name? {
        for entry in graph.metadata where entry.key == key { return entry.value }
        return nil
    }

    private static func read(_ body: () throws(ONNXError) -> Graph) throws(RuntimeError) -> Graph {
        do throws(ONNXError) { return try body() } catch { throw RuntimeError(error) }
    }

    private static func imported(_ graph: Graph, _ operators: OperatorSet, _ limits: Limits) throws(RuntimeError)
        -> Graph
    {
        guard opsets.contains(graph.opset) else { throw .unsupportedOpset(graph.opset, supported: opsets) }
        do throws(GraphError) {
            try graph.check()
            for function in graph.functions { try function.body.check() }
        } catch { throw .invalidGraph(reason: Message(error.description)) }
        guard !graph.outputs.isEmpty else { throw .invalidGraph(reason: "it has no outputs") }
        let imported = try Importer.run(graph, operators, limits)
        let unsupported = UnsupportedOperator.all(in: imported)
        guard unsupported.isEmpty else { throw .unsupportedOperators(unsupported) }
        do throws(GraphError) { try imported.check() } catch { throw .invalidGraph(reason: Message(error.description)) }
        try checkInputs(graph)
        return imported
    }

    private static func checkInputs(_ graph: Graph) throws(RuntimeError) {
        for id in graph.inputs {
            guard let type = graph[id].type, type.element.byteCount != nil else {
                throw .invalidGraph(reason: "input '\(graph[id].name)' holds strings")
            }
        }
    }
}
