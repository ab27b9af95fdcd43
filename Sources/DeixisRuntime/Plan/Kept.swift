import DeixisGraph

// Encode an image once, ask many sentences: some inputs are kept from run to run, and with them every value that
// depends on nothing else.
//
//     kept inputs -> kept steps -> [kept values] -> changed steps -> outputs
//                                       ^
//                  other inputs --------'
//
// `KeptSplit` puts the kept nodes in front; `Planner` gives those of their values that later steps read memory that no
// later step writes to; plans whose kept parts are equal lay it out alike, so that another sentence length computes
// nothing of the image again.

/// A graph with the nodes that depend on kept inputs (and constants) alone in front.
struct KeptSplit {
    var graph: Graph
    /// How many nodes are kept.
    var count = 0
    /// For each value: whether it depends on an input that is not kept.
    var isChanged: [Bool]

    /// Stable: among the kept and among the others the order stays as it was. `keeping` empty keeps nothing.
    init(_ graph: Graph, keeping: [ValueID]) {
        self.graph = graph
        isChanged = Array(repeating: keeping.isEmpty, count: graph.values.count)
        if keeping.isEmpty { return }
        for id in graph.inputs where !keeping.contains(id) { isChanged[id.index] = true }
        var kept: [Node] = [], changed: [Node] = []
        for node in graph.nodes {
            var depends = false
            for case let id? in node.inputs where graph.constants[id] == nil && isChanged[id.index] { depends = true }
            for case let id? in node.outputs { isChanged[id.index] = depends }
            if depends { changed.append(node) } else { kept.append(node) }
        }
        self.graph.nodes = kept + changed
        count = kept.count
    }
}

/// What the kept part of a plan computes, and which of it lies where in kept memory. Shared by plans whose kept parts
/// are equal.
final class KeptPart: @unchecked Sendable {
    // Immutable once its plan is made.

    /// The planned graph; its first `count` nodes are the part.
    let graph: Graph
    let count: Int
    /// Positions of the kept inputs.
    let inputs: [Int]
    /// Inputs first, then in the order they are made.
    private(set) var values: [(id: ValueID, offset: Int, byteCount: Int)] = []
    private(set) var byteCount = 0

    init(graph: Graph, count: Int, inputs: [Int]) {
        self.graph = graph
        self.count = count
        self.inputs = inputs
    }

    func add(_ id: ValueID, byteCount size: Int) {
        values.append((id, byteCount, size))
        byteCount += (max(size, 1) + 63) & ~63
    }

    /// Whether both compute the same from the same inputs and keep the same, so that either may go on with what the
    /// other has kept.
    func isSame(as other: KeptPart) -> Bool {
        guard count == other.count, inputs == other.inputs, values.count == other.values.count else { return false }
        var twins: [ValueID: ValueID] = [:]
        func areTwins(_ a: ValueID, _ b: ValueID) -> Bool {
            if let x = graph.constants[a] { return other.graph.constants[b].map { equal(x, $0) } ?? false }
            return twins[a] == b
        }
        for position in inputs {
            let (a, b) = (graph.inputs[position], other.graph.inputs[position])
            guard graph.spec(a) == other.graph.spec(b) else { return false }
            twins[a] = b
        }
        for i in 0..<count {
            let a = graph.nodes[i], b = other.graph.nodes[i]
            guard a.op == b.op, a.domain == b.domain, a.inputs.count == b.inputs.count,
                a.outputs.count == b.outputs.count,
                ShareEqualNodes.equal(a.attributes, b.attributes)
            else { return false }
            for (x, y) in zip(a.inputs, b.inputs) {
                if let x, let y { if !areTwins(x, y) { return false } } else if x != y { return false }
            }
            for (x, y) in zip(a.outputs, b.outputs) {
                guard let x, let y else { if x != y { return false }; continue }
                guard graph.spec(x) == other.graph.spec(y) else { return false }
                twins[x] = y
            }
        }
        for (a, b) in zip(values, other.values) where !areTwins(a.id, b.id) || a.offset != b.offset { return false }
        return true
    }

    private func equal(_ a: Constant, _ b: Constant) -> Bool {
        guard a.type == b.type, a.shape == b.shape else { return false }
        if a.storage === b.storage, a.range == b.range { return true }
        return a.bytes.elementsEqual(b.bytes)
    }
}

/// The kept inputs and kept values of a context.
final class KeptMemory {
    let part: KeptPart
    let memory: Arena
    /// Whether the kept values belong to the kept inputs that lie here.
    var isFilled = false

    init(_ part: KeptPart) throws(RuntimeError) {
        self.part = part
        memory = try Arena(byteCount: part.byteCount)
    }

    /// Takes over the kept inputs from `bytes`, laid out as `other` says, where they are of the same shapes.
    func takeInputs(_ other: KeptPart, _ bytes: UnsafeRawPointer) {
        isFilled = false
        guard part.inputs == other.inputs else { return }
        for (to, from) in zip(part.values, other.values).prefix(part.inputs.count) where to.byteCount == from.byteCount
        {
            (memory.base + to.offset).copyMemory(from: bytes + from.offset, byteCount: to.byteCount)
        }
    }
}
