import CDeixisSystem
import DeixisGraph
import DeixisRuntime
import Glibc

extension FuzzTarget {
    /// Compiled files with the size, checksum and instruction sets that let a loader read on.
    ///
    /// Weights are what they are, but no number of the index may lead outside the file or the tensors.
    static let compiled = FuzzTarget(
        "compiled", seeds: { CompiledSeeds.make() },
        reach: { bytes in
            guard let path = Scratch.file("model.deixis", CompiledSeeds.sealed(bytes)),
                let model = try? Model.load(path, limits: TriedModel.limits)
            else { return .refused }
            var mode = 0
            for byte in bytes { mode = (mode &* 31 &+ Int(byte)) & 0xFFFF }
            return TriedModel.run(model, mode: mode)
        })
}

enum CompiledSeeds {
    /// The header of a file that this program writes on this machine.
    private static let header: [UInt8] = make().first.map { Array($0.prefix(32)) } ?? []

    static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 80, header.count == 32 else { return bytes }
        var file = bytes
        // Version, instruction sets and layout change from machine to machine and from day to day.
        file.replaceSubrange(0..<24, with: header.prefix(24))
        func put(_ number: UInt64, at place: Int) {
            withUnsafeBytes(of: number.littleEndian) { file.replaceSubrange(place..<place + 8, with: $0) }
        }
        put(UInt64(file.count), at: 24)
        var sums: [UInt64] = []
        for (i, begin) in stride(from: 0, to: file.count - 8, by: 1 << 20).enumerated() {
            let end = min(begin + 1 << 20, file.count - 8)
            sums.append(file[begin..<end].withUnsafeBytes { deixis_checksum(UInt64(i), $0.baseAddress, $0.count) })
        }
        put(sums.withUnsafeBytes { deixis_checksum(0, $0.baseAddress, $0.count) }, at: file.count - 8)
        return file
    }

    static func make() -> [[UInt8]] { SmallModels.all.compactMap(compile) }

    private static func compile(_ model: SmallModels) -> [UInt8]? {
        do {
            let session = try Session(try Model(graph: model.graph))
            try session.makeContext().prepare(model.shapes)
            let path = "\(Scratch.folder)/seed.deixis"
            defer { unlink(path) }
            try session.compile(to: path)
            guard let file = fopen(path, "rb") else { return nil }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = fread(&bytes, 1, bytes.count, file)
            return Array(bytes.prefix(count))
        } catch {
            return nil
        }
    }
}

/// Graphs whose plans use kernels with packed weights: products, convolutions, attention, int8.
struct SmallModels {
    var graph: Graph
    var shapes: [[Int]]

    static let all: [SmallModels] = [linear, convolution, attention, quantized]

    private struct Builder {
        var graph = Graph(opset: 17)

        mutating func value(_ name: Name, _ type: TensorType? = nil) -> ValueID {
            graph.values.append(Value(name: name, type: type))
            return ValueID(graph.values.count - 1)
        }

        mutating func input(_ name: Name, _ shape: [Int]) -> ValueID {
            let id = value(name, TensorType(.float32, shape.map { .fixed($0) }))
            graph.inputs.append(id)
            return id
        }

        mutating func constant<T: BitwiseCopyable>(_ type: ElementType, _ shape: [Int], _ make: (Int) -> T) -> ValueID {
            let made = Constant(type, shape, (0..<shape.reduce(1, *)).map(make))
            let id = value("c", TensorType(type, shape.map { .fixed($0) }))
            graph.constants[id] = made
            return id
        }

        mutating func floats(_ shape: [Int]) -> ValueID { constant(.float32, shape) { Float($0 * 7 % 11 - 5) / 8 } }

        mutating func node(_ op: Name, _ inputs: [ValueID], _ attributes: [(name: Name, value: Attribute)] = [])
            -> ValueID
        {
            let output = value("v")
            var node = Node(name: op, domain: "", op: op, inputs: inputs, outputs: [output])
            node.attributes = attributes
            graph.nodes.append(node)
            return output
        }
    }

    private static func make(_ shapes: [[Int]], _ body: (inout Builder, [ValueID]) -> ValueID) -> SmallModels {
        var builder = Builder()
        let inputs = shapes.enumerated().map {
            builder.input(Name(stringLiteral: ["x", "y", "z"][$0.offset]), $0.element)
        }
        let output = body(&builder, inputs)
        builder.graph.values[output.index].name = "out"
        builder.graph.outputs = [output]
        return SmallModels(graph: builder.graph, shapes: shapes)
    }

    private static var linear: SmallModels {
        make([[2, 8]]) { b, x in
            let product = b.node("MatMul", [x[0], b.floats([8, 6])]), sum = b.node("Add", [product, b.floats([6])])
            let normal = b.node("LayerNormalization", [sum, b.floats([6]), b.floats([6])])
            return b.node("Softmax", [b.node("Gemm", [b.node("Relu", [normal]), b.floats([6, 5])])])
        }
    }

    private static var convolution: SmallModels {
        make([[1, 3, 8, 8]]) { b, x in
            let pads: [(name: Name, value: Attribute)] = [("pads", .ints([1, 1, 1, 1]))]
            let first = b.node("Relu", [b.node("Conv", [x[0], b.floats([8, 3, 3, 3]), b.floats([8])], pads)])
            let depthwise = b.node("Conv", [first, b.floats([8, 1, 3, 3])], pads + [("group", .int(8))])
            let pool = b.node("MaxPool", [depthwise], [("kernel_shape", .ints([2, 2])), ("strides", .ints([2, 2]))])
            return b.node("Conv", [pool, b.floats([4, 8, 1, 1])])
        }
    }

    private static var attention: SmallModels {
        make([[1, 4, 8]]) { b, x in
            let heads = b.constant(.int64, [4]) { Int64([0, 0, 2, 4][$0]) }
            let query = b.node("Transpose", [b.node("Reshape", [x[0], heads])], [("perm", .ints([0, 2, 1, 3]))])
            let key = b.node("Transpose", [b.node("Reshape", [x[0], heads])], [("perm", .ints([0, 2, 3, 1]))])
            let scores = b.node("Softmax", [b.node("MatMul", [query, key])], [("axis", .int(-1))])
            return b.node("MatMul", [scores, query])
        }
    }

    private static var quantized: SmallModels {
        make([[1, 4, 6, 6]]) { b, x in
            let scale = b.constant(.float32, []) { _ in Float(0.05) }, zero = b.constant(.uint8, []) { _ in UInt8(128) }
            let weight = b.constant(.int8, [4, 4, 3, 3]) { Int8($0 % 9 - 4) },
                scales = b.constant(.float32, [4]) { Float($0 + 1) / 100 }
            let zeros = b.constant(.int8, [4]) { _ in Int8(0) }
            func stored(_ b: inout Builder, _ value: ValueID) -> ValueID {
                b.node("DequantizeLinear", [b.node("QuantizeLinear", [value, scale, zero]), scale, zero])
            }
            let known = b.node("DequantizeLinear", [weight, scales, zeros], [("axis", .int(0))])
            let input = stored(&b, x[0]), made = b.node("Conv", [input, known], [("pads", .ints([1, 1, 1, 1]))])
            return stored(&b, b.node("Relu", [stored(&b, made)]))
        }
    }
}
