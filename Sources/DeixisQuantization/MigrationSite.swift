internal import DeixisGraph
import DeixisRuntime

/// A place where each channel of a value can be divided by a number of its own and nothing else changes: constants take
/// the division, and every way forward ends in products whose weights take the multiplication.
struct MigrationSite {
    /// The node whose constants are divided.
    let source: Int
    let channels: Int
    /// Divided: an input of a node, with its channel axis.
    private(set) var divided: [(node: Int, input: Int, axis: Int)] = []
    /// Multiplied: the weights of a product, with the axis they are read along, and what it reads.
    private(set) var readers: [(node: Int, value: ValueID, axis: Int)] = []

    /// Where the channels of a value lie, axes counted from the end.
    private enum Layout {
        case whole
        /// Channel = head * lanes + lane.
        case heads(head: Int, lane: Int)
    }

    /// All of `selection`'s graph: behind a LayerNormalization (gain, bias) and behind a product (columns of W, bias).
    static func all(_ selection: Selection) -> [MigrationSite] {
        let computes = Dictionary(selection.computes.map { ($0.node, $0) }, uniquingKeysWith: { a, _ in a })
        return selection.graph.nodes.indices.compactMap { index in
            let node = selection.graph.nodes[index]
            if node.op == "LayerNormalization", node.domain.isEmpty {
                return MigrationSite(norm: index, selection, computes)
            }
            if node.op != "Conv", let compute = computes[index] {
                return MigrationSite(product: compute, selection, computes)
            }
            return nil
        }
    }

    /// y = gain normalized(x) + bias
    private init?(norm index: Int, _ selection: Selection, _ computes: [Int: Selection.Compute]) {
        let node = selection.graph.nodes[index]
        guard let gain = MigrationSite.constant(selection, node.input(1)), gain.shape.count == 1,
            let y = node.outputs.first ?? nil
        else { return nil }
        (source, channels) = (index, gain.count)
        guard divide(selection, index, 1), node.input(2) == nil || divide(selection, index, 2) else { return nil }
        guard follow(y, .whole, selection, computes), !readers.isEmpty else { return nil }
    }

    /// y = x W + bias
    private init?(product compute: Selection.Compute, _ selection: Selection, _ computes: [Int: Selection.Compute]) {
        let node = selection.graph.nodes[compute.node]
        guard let axis = compute.weightAxis, let weight = MigrationSite.constant(selection, node.input(1)),
            weight.shape.count == 2
        else { return nil }
        (source, channels) = (compute.node, weight.shape[axis])
        divided.append((compute.node, 1, axis))
        var made = node.outputs.first ?? nil
        if node.input(2) != nil, !divide(selection, compute.node, 2) { return nil }
        if let bias = compute.bias {
            guard divide(selection, bias.node, bias.input) else { return nil }
            made = selection.graph.nodes[bias.node].outputs.first ?? nil
        }
        guard let made, follow(made, .whole, selection, computes), !readers.isEmpty else { return nil }
    }

    private static func constant(_ selection: Selection, _ id: ValueID?) -> Constant? {
        id.flatMap { selection.graph.constants[$0] }.flatMap { $0.type == .float32 ? $0 : nil }
    }

    /// One number per channel, along the last axis.
    private mutating func divide(_ selection: Selection, _ node: Int, _ input: Int) -> Bool {
        guard let constant = MigrationSite.constant(selection, selection.graph.nodes[node].input(input)),
            constant.count == channels,
            constant.shape.last == channels
        else { return false }
        divided.append((node, input, constant.shape.count - 1))
        return true
    }

    // MARK: Forward

    /// Every reader of `value` is a product of this layout, or hands the factors on: false leaves the site alone.
    private mutating func follow(
        _ value: ValueID, _ layout: Layout, _ selection: Selection, _ computes: [Int: Selection.Compute]
    ) -> Bool {
        guard !selection.isOutput[value.index] else { return false }
        for index in Set(selection.readers[value.index]).sorted() {
            let node = selection.graph.nodes[index]
            guard node.domain.isEmpty, node.inputs.count(where: { $0 == value }) == 1 else { return false }
            if case .whole = layout, let compute = computes[index], let axis = compute.weightAxis, node.op != "Conv" {
                guard let weight = MigrationSite.constant(selection, node.input(1)), weight.shape.count == 2,
                    weight.shape[1 - axis] == channels
                else { return false }
                readers.append((index, value, 1 - axis))
                continue
            }
            guard let next = passes(node, value, layout, selection.graph), let made = node.outputs.first ?? nil else {
                return false
            }
            guard follow(made, next, selection, computes) else { return false }
        }
        return true
    }

    /// f(x / s) = f(x) / s, channel by channel; where the channels lie then.
    private func passes(_ node: Node, _ value: ValueID, _ layout: Layout, _ graph: Graph) -> Layout? {
        switch node.op {
        case "Relu", "Identity": return layout
        case "Reshape":
            guard node.input(0) == value, let shape = node.input(1).flatMap({ graph.constants[$0] })?.extents else {
                return nil
            }
            // Row-major: the channels run fastest before, so they do after.
            if case .heads(let head, let lane) = layout, (head, lane) != (-2, -1) { return nil }
            if shape.last == channels { return .whole }
            guard shape.count > 2, let lanes = shape.last, lanes > 0, shape[shape.count - 2] > 0,
                shape[shape.count - 2] * lanes == channels
            else { return nil }
            return .heads(head: -2, lane: -1)
        case "Transpose":
            for case ("perm", .ints(let perm)) in node.attributes {
                func moved(_ axis: Int) -> Int? {
                    perm.firstIndex(of: Int64(perm.count + axis)).map { $0 - perm.count }
                }
                guard case .heads(let head, let lane) = layout else { return moved(-1) == -1 ? .whole : nil }
                guard let head = moved(head), let lane = moved(lane) else { return nil }
                return .heads(head: head, lane: lane)
            }
            return nil
        case "MatMul":
            // P (V / s) = (P V) / s: rows are mixed, columns are not.
            guard node.input(1) == value else { return nil }
            if case .heads(let head, let lane) = layout { return lane == -1 && head < -2 ? layout : nil }
            return .whole
        default: return nil
        }
    }
}

extension Constant {
    /// The elements of an int64 constant.
    fileprivate var extents: [Int]? {
        guard type == .int64 else { return nil }
        let bytes = self.bytes
        return (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
    }
}
