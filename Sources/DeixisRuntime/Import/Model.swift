public import DeixisGraph
import DeixisONNX

/// A model as its file says it, checked: every operator is known, everything is made before it is used.
public struct Model: Sendable {
    public let graph: Graph
    /// The ONNX file's bytes, which weights are views into; nil for a model that never was one file.
    let source: ByteStorage?
    /// Weights ready-packed, where the model came as a compiled file.
    let compiled: CompiledWeights?
    /// How long reading and checking took.
    public private(set) var times = LoadTimes()

    /// Opsets of `ai.onnx` whose meaning the operators follow.
    public static let opsets: ClosedRange<Int> = 13...28

    /// The model in the ONNX or compiled file at `path`. The file stays mapped and must keep its bytes (to replace it, rename another over it):
    /// weights are read when a session packs them, tables and some large ones in every run.
    public static func load(_ path: String) throws(RuntimeError) -> Model {
        let start = Machine.nanoseconds
        let (graph, source, compiled) = try contents(path)
        let read = Machine.nanoseconds
        var model = try Model(graph: graph, source: source, compiled: compiled)
        model.times.read = read - start
        model.times.check = Machine.nanoseconds - read
        return model
    }

    /// The graph in the ONNX or compiled file at `path`, whatever operators it has.
    public static func graph(inFile path: String) throws(RuntimeError) -> Graph { try contents(path).graph }

    private static func contents(_ path: String) throws(RuntimeError) -> (graph: Graph, source: ByteStorage, compiled: CompiledWeights?) {
        let bytes: ByteStorage
        do throws(ONNXError) { bytes = try mapFile(path) } catch { throw .file(error) }
        guard CompiledFile.isCompiled(bytes.bytes) else {
            return (try read { () throws(ONNXError) in try Graph(onnxFile: path, bytes) }, bytes, nil)
        }
        let compiled: CompiledWeights
        do throws(CompiledFileError) { compiled = try CompiledFile.read(bytes) } catch { throw .compiled(file: path, error) }
        return (try read { () throws(ONNXError) in try Graph(onnx: compiled.model, name: path) }, compiled.model, compiled)
    }

    /// The model in `bytes`, which it keeps; `name` stands for the file in messages.
    public static func load(_ bytes: ByteStorage, name: String = "model") throws(RuntimeError) -> Model {
        try Model(graph: try read { () throws(ONNXError) in try Graph(onnx: bytes, name: name) }, source: bytes)
    }

    /// A model that never was a file.
    public init(graph: Graph) throws(RuntimeError) { try self.init(graph: graph, source: nil) }

    private init(graph: Graph, source: ByteStorage?, compiled: CompiledWeights? = nil) throws(RuntimeError) {
        try Model.check(graph)
        self.graph = graph
        self.source = source
        self.compiled = compiled
    }

    /// The value of `metadata_props` entry `key`.
    public func metadata(_ key: Name) -> Name? {
        for entry in graph.metadata where entry.key == key { return entry.value }
        return nil
    }

    private static func read(_ body: () throws(ONNXError) -> Graph) throws(RuntimeError) -> Graph {
        do throws(ONNXError) { return try body() } catch { throw .file(error) }
    }

    private static func check(_ graph: Graph) throws(RuntimeError) {
        guard opsets.contains(graph.opset) else { throw .unsupportedOpset(graph.opset, supported: opsets) }
        do throws(GraphError) { try graph.check() } catch { throw .invalidGraph(reason: Message(error.description)) }
        guard !graph.outputs.isEmpty else { throw .invalidGraph(reason: "it has no outputs") }
        for node in graph.nodes {
            guard node.domain.isEmpty else {
                throw .unsupportedOperator(op: node.op, domain: node.domain, node: node.name)
            }
            _ = try Catalog.require(node, opset: graph.opset)
        }
        for id in graph.inputs {
            guard let type = graph[id].type, type.element.byteCount != nil else {
                throw .invalidGraph(reason: "input '\(graph[id].name)' holds strings")
            }
        }
    }
}
