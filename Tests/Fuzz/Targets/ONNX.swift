extension FuzzTarget {
    /// Files of ONNX, changed field by field: what exporters write, with another number, name, operator or order
    /// somewhere.
    static let onnx = FuzzTarget(
        "onnx",
        reach: { bytes in
            var mode = 0
            for byte in bytes { mode = (mode &* 31 &+ Int(byte)) & 0xFFFF }
            return TriedModel.run(onnx: bytes, mode: mode)
        },
        mutate: { input, random, bytes in
            guard random.chance(90), var message = WireMessage(input[...], .model), !message.fields.isEmpty else {
                return bytes(input)
            }
            for _ in 0..<random.pick([1, 1, 1, 2, 3]) { message.change(&random, .model, bytes) }
            return message.bytes
        },
        cross: { first, second, random in
            // Nodes, constants, inputs and outputs of one graph go into another.
            guard var model = WireMessage(first[...], .model), let other = WireMessage(second[...], .model),
                let at = model.graphIndex,
                let from = other.graphIndex, case .message(var graph) = model.fields[at].content,
                case .message(let given) = other.fields[from].content, !given.fields.isEmpty
            else { return nil }
            for _ in 0..<1 + random.below(4) {
                graph.fields.insert(random.pick(given.fields), at: random.below(graph.fields.count + 1))
            }
            model.fields[at].content = .message(graph)
            return model.bytes
        })

    /// Graphs built of fuzz bytes: operators that exist, their own attributes, values and constants of small or extreme
    /// numbers.
    static let graph = FuzzTarget(
        "graph",
        seeds: {
            var random = Random(seed: 7)
            return (0..<300).map { round in (0..<20 + round).map { _ in random.byte() } }
        },
        reach: { bytes in
            var decisions = Decisions(bytes)
            let mode = decisions.byte()
            return TriedModel.run(onnx: GraphMaker(&decisions).bytes, mode: mode)
        })
}

/// An ONNX file from decisions.
struct GraphMaker {
    private var graph = WireMessage()
    private var names: [String] = []
    private var opset: Int
    private var constants = 0
    /// Shapes to choose from: those that stood before are likely to fit.
    private var shapes: [[Int64]] = [
        [], [1], [2], [3], [4], [2, 3], [3, 4], [1, 3, 4, 4], [2, 3, 3, 3], [1, 4, 8],
    ]
    private static let types: [Int64] = [
        1, 1, 1, 1, 1, 1, 1, 1, 7, 7, 7, 7, 2, 2, 3, 3, 6, 9, 11, 10, 5, 4, 16, 12, 13,
    ]
    private static let sizes: [Int64: Int] = [
        1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2,
    ]

    init(_ from: inout Decisions) {
        opset = 13 + from.below(16)
        for i in 0..<1 + from.below(3) { add(&from) { $0.addInput("x\(i)", &$1) } }
        for i in 0..<24 where !from.isAtEnd { add(&from) { $0.addNode(i, &$1) } }
    }

    /// What is refused hides all that comes after it: most of it goes again.
    private mutating func add(_ from: inout Decisions, _ body: (inout GraphMaker, inout Decisions) -> Void) {
        let before = self
        body(&self, &from)
        if !TriedModel.isPlanned(onnx: bytes), from.byte() < 252 { self = before }
    }

    var bytes: [UInt8] {
        var model = WireMessage(), imports = WireMessage(), graph = graph
        for name in names.suffix(3) {
            var info = WireMessage()
            info.put(1, name)
            graph.put(12, info)
        }
        model.put(1, 8)
        model.put(7, graph)
        imports.put(2, Int64(opset))
        model.put(8, imports)
        return model.bytes
    }

    private mutating func shape(_ from: inout Decisions) -> [Int64] {
        var shape = from.pick(shapes)
        switch from.below(8) {
        case 0: if !shape.isEmpty { shape[from.below(shape.count)] = from.integer() }
        case 1: shape.append(Int64(from.below(6)))
        case 2: if !shape.isEmpty { shape.removeFirst() }
        case 3: shape.reverse()
        case 4: if !shape.isEmpty { shape[from.below(shape.count)] = Int64(from.below(9)) }
        default: break
        }
        if shape.count <= 6, shape.allSatisfy({ (0...64).contains($0) }) { shapes.append(shape) }
        return shape
    }

    private mutating func addInput(_ name: String, _ from: inout Decisions) {
        var tensorType = WireMessage(), type = WireMessage(), info = WireMessage(), dims = WireMessage()
        tensorType.put(1, from.pick(Self.types))
        for extent in shape(&from) {
            var dim = WireMessage()
            if from.below(6) == 0 { dim.put(2, from.pick(["n", "m", "length"])) } else { dim.put(1, extent) }
            dims.put(1, dim)
        }
        tensorType.put(2, dims)
        type.put(1, tensorType)
        info.put(1, name)
        info.put(2, type)
        graph.put(11, info)
        names.append(name)
    }

    /// A tensor whose data is as long as its shape says, most of the time.
    private mutating func tensor(_ name: String, _ from: inout Decisions) -> WireMessage {
        let type = from.pick(Self.types), shape = shape(&from)
        var tensor = WireMessage(), count: Int64 = 1
        for extent in shape {
            tensor.put(1, extent)
            count = min(max(count * min(max(extent, 0), 1 << 12), 0), 1 << 12)
        }
        tensor.put(2, type)
        tensor.put(8, name)
        var data: [UInt8] = []
        let size = Self.sizes[type] ?? 4, isSame = from.below(3) == 0, all = from.integer(), real = from.float()
        for i in 0..<Int(count) {
            switch type {
            case 1:
                let value = isSame || i > 64 ? real : from.float()
                withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
            case 11:
                withUnsafeBytes(of: Double(isSame || i > 64 ? real : from.float()).bitPattern) {
                    data.append(contentsOf: $0)
                }
            default:
                let value = isSame || i > 64 ? all : from.integer()
                withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0.prefix(size)) }
            }
        }
        if from.below(40) == 39 { data = Array(data.dropLast(3)) }
        tensor.put(9, bytes: data)
        return tensor
    }

    private mutating func value(_ from: inout Decisions) -> String {
        let choice = from.byte()
        if choice < 140, !names.isEmpty { return names[names.count - 1 - choice % names.count] }
        if choice >= 248 { return "" }
        let name = "c\(constants)"
        constants += 1
        let made = tensor(name, &from)
        graph.put(5, made)
        names.insert(name, at: 0)
        return name
    }

    private mutating func addNode(_ number: Int, _ from: inout Decisions) {
        let op = from.pick(Operators.all)
        var node = WireMessage()
        let count = op.inputs.lowerBound + from.below(op.inputs.count)
        for _ in 0..<count { node.put(1, value(&from)) }
        let outputs = 1 + (op.outputs > 1 ? from.below(op.outputs) : 0)
        for i in 0..<outputs {
            let name = "v\(number)_\(i)"
            node.put(2, name)
            names.append(name)
        }
        node.put(3, "n\(number)")
        node.put(4, op.name)
        for (name, kind) in op.attributes where from.below(2) == 0 {
            var attribute = WireMessage()
            attribute.put(1, name)
            switch kind {
            case .int:
                attribute.put(3, from.integer())
                attribute.put(20, 2)
            case .ints:
                for _ in 0..<from.below(5) { attribute.put(8, from.integer()) }
                attribute.put(20, 7)
            case .float:
                attribute.put(2, float: from.float())
                attribute.put(20, 1)
            case .string:
                attribute.put(4, from.pick(Extremes.words))
                attribute.put(20, 3)
            case .tensor:
                let made = tensor("", &from)
                attribute.put(5, made)
                attribute.put(20, 4)
            }
            node.put(5, attribute)
        }
        graph.put(1, node)
    }
}
