import DeixisGraph

/// Graphs in an index (formats/compiled.md). Names and constants are numbers, for graphs at several shapes share them.
struct GraphWriter {
    private(set) var names: [Name] = []
    private var nameNumbers: [Name: Int] = [:]
    /// The number of a constant that a graph uses.
    private let number: (Constant) -> Int

    init(number: @escaping (Constant) -> Int) { self.number = number }

    mutating func put(_ graph: Graph, _ out: inout IndexWriter) {
        var places: [ValueID: Int] = [:], values: [ValueID] = []
        func place(_ id: ValueID) {
            if places[id] == nil {
                places[id] = values.count
                values.append(id)
            }
        }
        for id in graph.inputs { place(id) }
        for node in graph.nodes { for case let id? in node.inputs + node.outputs { place(id) } }
        for id in graph.outputs { place(id) }

        out.put(graph.opset)
        out.put(values.count)
        for id in values {
            put(graph[id].name, &out)
            if let constant = graph.constants[id] {
                out.put(GraphReader.constantMark)
                out.put(number(constant))
            } else {
                put(graph[id].type, &out)
            }
        }
        for list in [graph.inputs, graph.outputs] { put(list.map { $0 }, places, &out) }
        out.put(graph.nodes.count)
        for node in graph.nodes {
            for name in [node.name, node.domain, node.op] { put(name, &out) }
            put(node.inputs, places, &out)
            put(node.outputs, places, &out)
            out.put(node.attributes.count)
            for (name, value) in node.attributes {
                put(name, &out)
                put(value, &out)
            }
        }
    }

    private mutating func put(_ name: Name, _ out: inout IndexWriter) {
        if nameNumbers[name] == nil {
            nameNumbers[name] = names.count
            names.append(name)
        }
        out.put(nameNumbers[name] ?? 0)
    }

    /// 0: left out.
    private func put(_ ids: [ValueID?], _ places: [ValueID: Int], _ out: inout IndexWriter) {
        out.put(ids.count)
        for id in ids { out.put(id.flatMap { places[$0] }.map { $0 + 1 } ?? 0) }
    }

    private mutating func put(_ type: TensorType?, _ out: inout IndexWriter) {
        out.put(Int(type?.element.rawValue ?? 0))
        guard let type else { return }
        out.put(type.shape.map { $0.count + 1 } ?? 0)
        for dimension in type.shape ?? [] {
            switch dimension {
            case .fixed(let extent): out.put(long: extent)
            case .unknown: out.put(long: -1)
            case .symbol(let name):
                out.put(long: -2)
                put(name, &out)
            }
        }
    }

    private mutating func put(_ attribute: Attribute, _ out: inout IndexWriter) {
        switch attribute {
        case .int(let value): out.put(0); out.put(long: Int(value))
        case .float(let value): out.put(1); out.put(Int(value.bitPattern))
        case .string(let value): out.put(2); put(value, &out)
        case .tensor(let value): out.put(3); out.put(number(value))
        case .ints(let values): out.put(4); out.put(values.map { Int($0) })
        case .floats(let values):
            out.put(5)
            out.put(values.count)
            for value in values { out.put(Int(value.bitPattern)) }
        case .strings(let values):
            out.put(6)
            out.put(values.count)
            for value in values { put(value, &out) }
        case .graph, .reference: out.put(7)
        }
    }
}

/// Reads what `GraphWriter` wrote.
struct GraphReader {
    /// In place of an element type: a constant's number follows.
    static let constantMark = 255
    let names: [Name]
    let constants: [Constant]

    func graph(_ from: inout IndexReader) throws(CompiledFileError) -> Graph {
        var graph = Graph(opset: try from.number())
        for i in 0..<(try from.count(of: 8)) {
            var value = Value(name: try name(&from))
            let element = try from.number()
            if element == GraphReader.constantMark {
                let constant = try self.constant(&from)
                graph.constants[ValueID(i)] = constant
                value.type = TensorSpec(constant).type
            } else if element != 0 {
                value.type = try type(element, &from)
            }
            graph.values.append(value)
        }
        graph.inputs = try ids(graph, &from).compactMap { $0 }
        graph.outputs = try ids(graph, &from).compactMap { $0 }
        for _ in 0..<(try from.count(of: 24)) {
            var node = Node(
                name: try name(&from), domain: try name(&from), op: try name(&from), inputs: try ids(graph, &from),
                outputs: try ids(graph, &from))
            var attributes: [(name: Name, value: Attribute)] = []
            for _ in 0..<(try from.count(of: 8)) { attributes.append((try name(&from), try attribute(&from))) }
            node.attributes = attributes
            graph.nodes.append(node)
        }
        return graph
    }

    @inline(never)
    private func name(_ from: inout IndexReader) throws(CompiledFileError) -> Name {
        names[try from.index(below: names.count)]
    }
    @inline(never)
    private func constant(_ from: inout IndexReader) throws(CompiledFileError) -> Constant {
        constants[try from.index(below: constants.count)]
    }

    private func ids(_ graph: Graph, _ from: inout IndexReader) throws(CompiledFileError) -> [ValueID?] {
        var result: [ValueID?] = []
        for _ in 0..<(try from.count()) {
            let number = try from.index(below: graph.values.count + 1)
            result.append(number == 0 ? nil : ValueID(number - 1))
        }
        return result
    }

    private func type(_ number: Int, _ from: inout IndexReader) throws(CompiledFileError) -> TensorType {
        guard let element = Int32(exactly: number).flatMap({ ElementType(rawValue: $0) }) else {
            throw IndexReader.damage
        }
        let rank = try from.count(of: 8)
        if rank == 0 { return TensorType(element, nil) }
        var shape: [Dimension] = []
        for _ in 1..<rank {
            switch try from.long() {
            case -2: shape.append(.symbol(try name(&from)))
            case -1: shape.append(.unknown)
            case let extent:
                guard extent >= 0, extent <= Shape.most else { throw IndexReader.damage }
                shape.append(.fixed(extent))
            }
        }
        return TensorType(element, shape)
    }

    private func attribute(_ from: inout IndexReader) throws(CompiledFileError) -> Attribute {
        func float(_ from: inout IndexReader) throws(CompiledFileError) -> Float {
            Float(bitPattern: UInt32(truncatingIfNeeded: try from.number()))
        }
        switch try from.number() {
        case 0: return .int(Int64(try from.long()))
        case 1: return .float(try float(&from))
        case 2: return .string(try name(&from))
        case 3: return .tensor(try constant(&from))
        case 4: return .ints(try from.longs().map { Int64($0) })
        case 5:
            var values: [Float] = []
            for _ in 0..<(try from.count()) { values.append(try float(&from)) }
            return .floats(values)
        case 6:
            var values: [Name] = []
            for _ in 0..<(try from.count()) { values.append(try name(&from)) }
            return .strings(values)
        default: throw IndexReader.damage
        }
    }
}
