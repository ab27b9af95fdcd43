public import DeixisGraph

/// A value of the graph being written.
public struct EmittedValue {
    public let id: ValueID
    public init(_ id: ValueID) { self.id = id }
}

/// Writes ONNX nodes while a traced tape is read forwards.
///
/// Parameters become initializers that view the trainer's own memory: writing a graph of 570 MB needs no second copy of
/// it.
public final class Emitter<Scalar: Real> {
    public private(set) var graph: Graph
    private var initializers: [String: EmittedValue] = [:]
    private var usedNames: Set<String> = []
    private var scope = ""

    init(opset: Int) { graph = Graph(opset: opset) }

    func enter(_ scope: String) { self.scope = scope }

    public func input(_ name: String, _ type: ElementType, _ shape: [Dimension]) -> EmittedValue {
        if let known = initializers[name] { return known }
        let value = EmittedValue(graph.addInput(Name(name), TensorType(type, shape)))
        initializers[name] = value
        return value
    }

    func output(_ name: String, _ value: EmittedValue, _ shape: [Dimension]) {
        // Identity gives the output its name whatever made the value.
        let id = graph.addNode("Identity", [value.id], name: Name(unique("output/\(name)")), output: Name(name))
        graph[id].type = TensorType(Scalar.isDouble ? .float64 : .float32, shape)
        graph.outputs.append(id)
    }

    /// The parameter as an initializer under its own name, made once.
    public func parameter(_ parameter: Parameter<Scalar>) -> EmittedValue {
        if let known = initializers[parameter.name] { return known }
        let storage = parameter.value.storage
        let bytes = UnsafeRawBufferPointer(start: storage.pointer, count: parameter.count * MemoryLayout<Scalar>.stride)
        let keeper = StorageKeeper(storage: storage)
        let view = ByteStorage(bytes: bytes) { withExtendedLifetime(keeper) {} }
        let constant = Constant(
            type: Scalar.isDouble ? .float64 : .float32, shape: parameter.shape, storage: view, range: 0..<bytes.count)
        let value = EmittedValue(graph.addConstant(Name(parameter.name), constant))
        initializers[parameter.name] = value
        return value
    }

    /// A constant of the model's scalar type, shared by its name.
    public func scalars(_ name: String, _ shape: [Int], _ values: [Double]) -> EmittedValue {
        constant(name) {
            Scalar.isDouble ? Constant(.float64, shape, values) : Constant(.float32, shape, values.map { Float($0) })
        }
    }

    /// An int64 constant, shared by its values.
    public func integers(_ values: [Int], scalar: Bool = false) -> EmittedValue {
        let label = values.map(String.init).joined(separator: "_")
        return constant("constant/\(scalar ? "scalar_" : "")\(label)") {
            Constant(.int64, scalar ? [] : [values.count], values.map { Int64($0) })
        }
    }

    /// A float32 constant, shared by its values: the scales of Resize, whatever the model's scalar.
    func floats(_ values: [Float]) -> EmittedValue {
        constant("constant/floats_" + values.map { "\($0)" }.joined(separator: "_")) {
            Constant(.float32, [values.count], values)
        }
    }

    private func constant(_ name: String, _ make: () -> Constant) -> EmittedValue {
        if let known = initializers[name] { return known }
        let value = EmittedValue(graph.addConstant(Name(name), make()))
        initializers[name] = value
        return value
    }

    /// Appends a node named after the current scope; `within` names a part of it.
    public func node(
        _ op: String, _ inputs: [EmittedValue?], within: String = "", attributes: [(name: Name, value: Attribute)] = []
    ) -> EmittedValue {
        let parts = [scope, within].filter { !$0.isEmpty }.joined(separator: ".")
        let name = unique(parts.isEmpty ? op : "\(parts)/\(op)")
        return EmittedValue(graph.addNode(Name(op), inputs.map { $0?.id }, name: Name(name), attributes: attributes))
    }

    /// Made once per name: for values that several operators share, such as the mask.
    public func shared(_ name: String, _ make: () -> EmittedValue) -> EmittedValue {
        if let known = initializers["shared/\(name)"] { return known }
        let value = make()
        initializers["shared/\(name)"] = value
        return value
    }

    private func unique(_ name: String) -> String {
        var candidate = name, number = 1
        while !usedNames.insert(candidate).inserted {
            number += 1
            candidate = "\(name)_\(number)"
        }
        return candidate
    }
}

/// Storage is written by the optimizer only between exports; the graph reads it.
private struct StorageKeeper<Scalar: Real>: @unchecked Sendable {
    let storage: Storage<Scalar>
}

extension Tape {
    /// The traced operators as an ONNX graph.
    ///
    /// - Parameter outputs: name, variable and declared shape of each output.
    public func graph(
        opset: Int = 17, outputs: [(name: String, variable: Variable<Scalar>, shape: [Dimension])]
    ) throws(TrainingError) -> Graph { try emitted(opset: opset, outputs: outputs).graph }

    /// The graph, and for each traced operator, in order, what it is called and which value of the graph is its result;
    /// nil for one that no output needs.
    public func emitted(
        opset: Int = 17, outputs: [(name: String, variable: Variable<Scalar>, shape: [Dimension])]
    ) throws(TrainingError) -> (graph: Graph, results: [(op: String, value: Name?)]) {
        guard isTracing else { throw .notTraced }
        let emitter = Emitter<Scalar>(opset: opset)
        var values: [EmittedValue?] = []
        let needed = nodesNeeded(by: outputs.map(\.variable.node))
        for (index, node) in nodes.enumerated() {
            guard needed[index], let emission = node.emission else {
                values.append(nil)
                continue
            }
            emitter.enter(node.scope)
            var inputs: [EmittedValue] = []
            for input in node.inputs {
                guard input >= 0, let value = values[input] else { throw .notTraced }
                inputs.append(value)
            }
            values.append(emission(emitter, inputs))
        }
        for output in outputs {
            guard let value = values[output.variable.node] else { throw .notTraced }
            emitter.output(output.name, value, output.shape)
        }
        let graph = emitter.graph
        return (graph, zip(nodes, values).map { ($0.op, $1.map { graph[$0.id].name }) })
    }

    private func nodesNeeded(by roots: [Int]) -> [Bool] {
        var needed = Array(repeating: false, count: nodes.count)
        for root in roots { needed[root] = true }
        for index in nodes.indices.reversed() where needed[index] {
            for input in nodes[index].inputs where input >= 0 { needed[input] = true }
        }
        return needed
    }

    /// One row per operator: what `describe` prints.
    public struct SummaryRow: Sendable, Equatable {
        public let scope: String
        public let op: String
        public let shape: [Int]
        public let parameters: Int
        public let macs: Int
    }

    /// Of all that was recorded to get `results`: what a graph of them holds.
    public func summary(of results: [Variable<Scalar>]) -> [SummaryRow] {
        zip(nodes, nodesNeeded(by: results.map(\.node))).filter(\.1).map { node, _ in
            SummaryRow(
                scope: node.scope, op: node.op, shape: node.shape, parameters: node.parameterCount, macs: node.macs)
        }
    }
}
