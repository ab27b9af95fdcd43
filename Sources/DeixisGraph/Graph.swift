/// An extent: known, or a symbol such as `length` that is the same wherever its name is.
public enum Dimension: Hashable, Sendable, CustomStringConvertible {
    case fixed(Int)
    case symbol(Name)
    /// Present in the file without value or name.
    case unknown

    public var description: String {
        switch self {
        case .fixed(let extent): "\(extent)"
        case .symbol(let name): name.description
        case .unknown: "?"
        }
    }
}

/// A tensor's element type and, where the file tells, its shape (nil: even the rank is unknown).
public struct TensorType: Hashable, Sendable {
    public var element: ElementType
    public var shape: [Dimension]?
    public init(_ element: ElementType, _ shape: [Dimension]?) {
        self.element = element
        self.shape = shape
    }
}

/// Index into `Graph.values`. A value is made once: by an input, a constant or one node.
public struct ValueID: Hashable, Sendable {
    public let index: Int
    public init(_ index: Int) { self.index = index }
}

public struct Value: Sendable {
    public var name: Name
    public var type: TensorType?
    public init(name: Name, type: TensorType? = nil) {
        self.name = name
        self.type = type
    }
}

public enum Attribute: Sendable {
    case int(Int64), float(Float), string(Name), tensor(Constant)
    case ints([Int64]), floats([Float]), strings([Name])
    /// A sub-graph (If, Loop, Scan). What it takes from the graph around it are its last inputs, and the node's, in the
    /// same order.
    indirect case graph(Graph)
    /// Inside a function: what the calling node has under this name.
    case reference(Name)
}

/// An operator that a model defines itself: nodes that stand for one.
public struct Function: Sendable {
    public var domain: Name
    public var name: Name
    /// What a calling node may say, and what holds where it says nothing; nil: nothing does.
    public var attributes: [(name: Name, value: Attribute?)]
    /// Its inputs and outputs are those of the calling node, its opset may be another than the model's.
    public var body: Graph

    public init(domain: Name, name: Name, attributes: [(name: Name, value: Attribute?)], body: Graph) {
        self.domain = domain
        self.name = name
        self.attributes = attributes
        self.body = body
    }
}

/// A model as both houses see it: what ONNX says, and nothing about how it will run.
///
/// `nodes` are in an order in which every value is made before it is used.
public struct Graph: Sendable {
    public var name: Name = "main"
    public var producer: Name = ""
    /// Version of the default domain `ai.onnx`.
    public var opset: Int
    public var values: [Value] = []
    public var constants: [ValueID: Constant] = [:]
    public var inputs: [ValueID] = []
    public var outputs: [ValueID] = []
    public var nodes: [Node] = []
    public var functions: [Function] = []
    /// Constants that a run may replace: inputs with a default.
    public var defaults: [(id: ValueID, type: TensorType)] = []
    /// `metadata_props`, in file order.
    public var metadata: [(key: Name, value: Name)] = []

    public init(opset: Int) { self.opset = opset }

    public subscript(id: ValueID) -> Value {
        get { values[id.index] }
        set { values[id.index] = newValue }
    }

    public mutating func addValue(_ name: Name, _ type: TensorType? = nil) -> ValueID {
        values.append(Value(name: name, type: type))
        return ValueID(values.count - 1)
    }

    public mutating func addInput(_ name: Name, _ type: TensorType) -> ValueID {
        let id = addValue(name, type)
        inputs.append(id)
        return id
    }

    public mutating func addConstant(_ name: Name, _ constant: Constant) -> ValueID {
        let id = addValue(name, TensorType(constant.type, constant.shape.map { .fixed($0) }))
        constants[id] = constant
        return id
    }

    /// Appends a node with one output and returns that output.
    public mutating func addNode(
        _ op: Name, _ inputs: [ValueID?], name: Name, output: Name? = nil,
        attributes: [(name: Name, value: Attribute)] = []
    ) -> ValueID {
        let result = addValue(output ?? name)
        nodes.append(Node(name: name, op: op, inputs: inputs, outputs: [result], attributes: attributes))
        return result
    }
}
