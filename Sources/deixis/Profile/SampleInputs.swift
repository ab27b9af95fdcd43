import DeixisCommand
import DeixisGraph
import DeixisInput

/// Inputs for a model that is only to be measured: of the right types and shapes, and harmless in value.
///
/// uint8 pictures are noise with the spectrum of photographs, token ids lie in the vocabulary, masks are ones, floats
/// are in -1...1.
struct SampleInputs {
    var graph: Graph
    /// `--dim NAME=N`.
    var chosen: [Name: Int]
    /// Most tokens of a sentence, where the model's metadata tells.
    let maxLength: Int?
    let vocabularyCount: Int?
    let start: Int64?
    let end: Int64?
    /// By input: rows of the table that it picks from, straight or through a Cast. What is no index, e.g. a mask, has
    /// no entry.
    private let tableExtents: [ValueID: Int]

    /// Most elements that all made-up inputs together may have.
    static let mostElements = 1 << 27

    init(graph: Graph, chosen: [Name: Int]) {
        self.graph = graph
        self.chosen = chosen
        let metadata = try? GroundingMetadata(pairs: graph.metadata.map { ($0.key.bytes, $0.value.bytes) })
        let tokenizer = try? metadata?.makeTokenizer()
        maxLength = metadata?.settings.maxLength
        vocabularyCount = metadata?.vocabulary.count
        start = tokenizer?.startID
        end = tokenizer?.endID
        var sources: [ValueID: ValueID] = [:], rows: [ValueID: Int] = [:]
        for id in graph.inputs { sources[id] = id }
        for node in graph.nodes {
            if node.op == "Cast", let from = node.inputs.first ?? nil, let source = sources[from],
                let to = node.outputs.first ?? nil
            {
                sources[to] = source
            } else if Self.indexed.contains(node.op), node.inputs.count > 1, let index = node.inputs[1],
                let source = sources[index]
            {
                rows[source] = min(
                    rows[source] ?? .max, Self.extent(node, node.inputs[0].flatMap { graph.constants[$0] }))
            }
        }
        tableExtents = rows
    }

    /// Operators whose input 1 is an index.
    private static let indexed: Set<Name> = ["Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND"]

    /// How far the indices of `node` may go: into any table where that is not known, as far as its only row.
    private static func extent(_ node: Node, _ table: Constant?) -> Int {
        guard let table, node.op == "Gather" else { return 1 }
        var axis: Int64 = 0
        for case ("axis", .int(let given)) in node.attributes {
            axis = given < 0 ? given + Int64(table.shape.count) : given
        }
        let at = Int(clamping: axis)
        return table.shape.indices.contains(at) ? table.shape[at] : 1
    }

    /// Refuses inputs too large to be made up: a file may state any extent.
    func checkSizes() throws(CommandError) {
        var room = Self.mostElements
        for id in graph.inputs {
            let shape = shape(id)
            do throws(ShapeError) { room -= try Shape(shape, of: graph[id].type?.element ?? .float32).count } catch {
                throw .data("input '\(graph[id].name)' \(error.message)")
            }
            guard room >= 0 else {
                throw .data(
                    "input '\(graph[id].name)' of shape \(shape) is too large to be made up (\(Self.mostElements) elements for all inputs)"
                )
            }
        }
    }

    /// Refuses a `--dim` that names nothing.
    func check() throws(CommandError) {
        let known = dimensions().map(\.name)
        for name in chosen.keys.sorted(by: { $0.description < $1.description }) where !known.contains(name) {
            let list = known.isEmpty ? "none" : known.map { "'\($0)'" }.joined(separator: ", ")
            throw .usage("--dim \(name): the model's inputs have no such dimension; they have \(list)")
        }
    }

    /// What stands for each symbol and each unknown extent of the inputs, in the order met.
    func dimensions() -> [(name: Name, extent: Int)] {
        var result: [(name: Name, extent: Int)] = [], seen: Set<Name> = []
        for id in graph.inputs {
            for (axis, dimension) in (graph[id].type?.shape ?? []).enumerated() {
                guard case .symbol(let name) = dimension, seen.insert(name).inserted else { continue }
                result.append((name, extent(dimension, axis: axis, of: id)))
            }
        }
        return result
    }

    func shape(_ id: ValueID) -> [Int] {
        (graph[id].type?.shape ?? []).enumerated().map { extent($1, axis: $0, of: id) }
    }

    /// Whether a dimension of this name counts tokens.
    static func isLength(_ name: String) -> Bool { ["len", "seq", "tok"].contains(where: name.lowercased().contains) }

    private func extent(_ dimension: Dimension, axis: Int, of id: ValueID) -> Int {
        let name: String
        switch dimension {
        case .fixed(let extent): return extent
        case .symbol(let symbol):
            if let extent = chosen[symbol] { return extent }
            name = symbol.description.lowercased()
        case .unknown: name = ""
        }
        if axis == 0 || name.contains("batch") { return 1 }
        if Self.isLength(name) { return min(maxLength ?? 12, 12) }
        // Spatial axes of pictures.
        let type = graph[id].type
        if type?.shape?.count == 4 && axis >= 1 { return 224 }
        return type?.element == .int64 || type?.element == .int32 ? min(maxLength ?? 12, 12) : 1
    }

    /// - Parameter id: an input of the graph whose type is known.
    func array(for id: ValueID) -> NumPyArray {
        let element = graph[id].type?.element ?? .float32
        let shape = shape(id)
        let count = shape.reduce(1, *)
        var random = SplitMix(state: UInt64(id.index) &+ 1)
        switch element {
        case .uint8 where shape.count >= 3:
            return NumPyArray(type: element, shape: shape, bytes: naturalNoise(shape, &random))
        case .int64, .int32:
            return pack(element, shape, integers(id, shape: shape, &random))
        case .float32:
            return pack(element, shape, (0..<count).map { _ in random.unit() })
        case .float64:
            return pack(element, shape, (0..<count).map { _ in Double(random.unit()) })
        default:
            // Zeros are a value of every other type.
            return NumPyArray(
                type: element, shape: shape, bytes: [UInt8](repeating: 0, count: count * (element.byteCount ?? 0)))
        }
    }

    private func integers(_ id: ValueID, shape: [Int], _ random: inout SplitMix) -> [Int64] {
        let count = shape.reduce(1, *)
        guard let rows = tableExtents[id] else { return [Int64](repeating: 1, count: count) }
        let limit = max(min(rows, vocabularyCount ?? rows), 1), row = max(shape.last ?? 1, 1)
        return (0..<count).map { index in
            if let start, start < limit, index % row == 0 { return start }
            if let end, end < limit, index % row == row - 1 { return end }
            return Int64(random.next() % UInt64(limit))
        }
    }

    private func pack<T: BitwiseCopyable & BinaryFloatingPoint>(_ type: ElementType, _ shape: [Int], _ values: [T])
        -> NumPyArray
    {
        NumPyArray(type: type, shape: shape, bytes: values.withUnsafeBytes(Array.init))
    }

    private func pack(_ type: ElementType, _ shape: [Int], _ values: [Int64]) -> NumPyArray {
        let bytes =
            type == .int64
            ? values.withUnsafeBytes(Array.init) : values.map { Int32(clamping: $0) }.withUnsafeBytes(Array.init)
        return NumPyArray(type: type, shape: shape, bytes: bytes)
    }
}

/// `NAME=N` arguments -> extents.
func readDimensions(_ arguments: [String]) throws(CommandError) -> [Name: Int] {
    var chosen: [Name: Int] = [:]
    for (name, range) in try readRanges(arguments, expected: "NAME=N with N at least 1", most: 1) {
        chosen[name] = range.lowerBound
    }
    return chosen
}

/// `NAME=N` and `NAME=A...B` arguments, of at most `most` numbers -> extents from the first to the last.
func readRanges(_ arguments: [String], expected: String, most: Int) throws(CommandError) -> [Name: ClosedRange<Int>] {
    var ranges: [Name: ClosedRange<Int>] = [:]
    for argument in arguments {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let ends = (parts.last ?? "").split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty,
            ends.count == 1 || ends.count == 4 && ends[1].isEmpty && ends[2].isEmpty,
            let first = Int(ends[0]), let last = Int(ends[ends.count - 1]), first >= 1, last >= first, last <= 1 << 30,
            last - first < most
        else { throw .usage("--dim '\(argument)': expected \(expected)") }
        ranges[Name(parts[0])] = first...last
    }
    return ranges
}

/// Noise whose amplitude falls with frequency as in photographs (power 1/f^2): octaves of bilinearly stretched random
/// grids. The last axis is channels where it is at most 4, else the last two axes are the picture.
func naturalNoise(_ shape: [Int], _ random: inout SplitMix) -> [UInt8] {
    let channelsLast = (shape.last ?? 0) <= 4
    let spatial = channelsLast ? shape.dropLast().suffix(2) : shape.suffix(2)
    guard let height = spatial.first, let width = spatial.last, shape.allSatisfy({ $0 > 0 }) else { return [] }
    let channels = channelsLast ? shape[shape.count - 1] : 1
    var result: [UInt8] = []
    for _ in 0..<shape.reduce(1, *) / (height * width * channels) {
        var sum = [Float](repeating: 0, count: height * width * channels)
        var cells = 2, amplitude: Float = 64
        // Finer cells than this no picture of the lengths that are made up needs.
        while cells <= min(max(height, width), 1024) {
            let grid = (0..<(cells + 1) * (cells + 1) * channels).map { _ in random.unit() * amplitude }
            for y in 0..<height {
                let v = Float(y * cells) / Float(height), row = Int(v), fy = v - Float(row)
                for x in 0..<width {
                    let u = Float(x * cells) / Float(width), column = Int(u), fx = u - Float(column)
                    for c in 0..<channels {
                        let at = (row * (cells + 1) + column) * channels + c, below = at + (cells + 1) * channels
                        let top = grid[at] * (1 - fx) + grid[at + channels] * fx
                        let bottom = grid[below] * (1 - fx) + grid[below + channels] * fx
                        sum[(y * width + x) * channels + c] += top * (1 - fy) + bottom * fy
                    }
                }
            }
            cells *= 2
            amplitude /= 2
        }
        result += sum.map { UInt8(min(max($0 + 128, 0), 255)) }
    }
    return result
}

/// Sebastiano Vigna's splitmix64: the same numbers on every machine.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in -1..<1.
    mutating func unit() -> Float { Float(next() >> 40) / Float(1 << 23) - 1 }
}
