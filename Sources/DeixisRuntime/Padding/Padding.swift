import DeixisGraph

/// A proof that padded tokens do not reach the outputs.
///
/// The graph, portable passes done, is specialized at the long and at the short shapes and both are walked together.
/// Every value is shown to be, at the short shapes, a *prefix* of what it is at the long ones: equal, with some axes
/// (those that count tokens) cut short. What lies beyond the cut is padding, and often something is known of it:
///
///     mask                           0              (what makes it padding)
///     (1 - mask) * -1e9              -1e9           (evaluated)
///     scores + (1 - mask) * -1e9     low            (at most about -1e4)
///     softmax of it                  0              (exp underflows to 0)
///     weights V                      no axis left   (0 times finite numbers adds nothing)
///     x[:, 0]                        no axis left
///
/// It holds if in the end every output is equal. An operator without a rule (a mean over tokens has none) refuses, and
/// the graph runs as long as it was given. Assumed: numbers are finite, and scores are small against 1e4.
struct Padding {
    /// What is known of a value's elements beyond the cut of one axis.
    enum Beyond {
        /// Numbers that are small against 1e4.
        case anything
        case value(Double)
        /// -1e4 or less, whatever small was added to it.
        case low
        /// Made of large numbers: added to what is low it may take that away.
        case large

        /// A number that it is, or is like.
        private var sample: Double {
            switch self {
            case .anything: 1
            case .value(let value): value
            case .low: -1e4
            case .large: .infinity
            }
        }

        var isLow: Bool { sample <= -1e4 }
        var isLarge: Bool { abs(sample) > 1e3 }
        /// What is low stays so.
        var mayBeAddedToLow: Bool { sample <= 1e3 }

        /// What sums of products with other numbers are.
        var mixed: Beyond { isLarge ? .large : .anything }

        var isZero: Bool { if case .value(0) = self { true } else { false } }
    }

    /// The axes that are cut; none: equal.
    typealias Cut = [Int: Beyond]

    let long: Graph, short: Graph
    /// nil: not a prefix (a shape computed of the length).
    var cuts: [ValueID: Cut] = [:]

    /// `graph` at its long and at its short shapes; `mask`: the input that is 0 beyond the short ones.
    /// Throws where memory is short; what else cannot be told is a no.
    static func isUnused(_ graph: Graph, long: [TensorSpec], short: Graph, mask: Int) throws(RuntimeError) -> Bool {
        do throws(RuntimeError) {
            var proof = Padding(long: try Specialization.specialize(graph, inputs: long, contents: [:]), short: short)
            for (i, id) in graph.inputs.enumerated() {
                guard let axes = proof.cutAxes(id) else { return false }
                for axis in axes { proof.cuts[id, default: [:]][axis] = i == mask ? .value(0) : .anything }
                if axes.isEmpty { proof.cuts[id] = [:] }
            }
            proof.compareConstants()
            for node in graph.nodes {
                if node.outputs.allSatisfy({ $0 == nil || proof.isConstant($0) }) { continue }
                guard let made = proof.rule(node) else { return false }
                for case let id? in node.outputs {
                    // What the rule says must be what the shapes say.
                    guard let axes = proof.cutAxes(id), axes.count == made.count,
                        axes.allSatisfy({ made[$0] != nil })
                    else { return false }
                    proof.cuts[id] = made
                }
            }
            return graph.outputs.allSatisfy { proof.cuts[$0]?.isEmpty == true }
        } catch {
            if case .outOfMemory = error { throw error }
            return false
        }
    }

    private init(long: Graph, short: Graph) {
        self.long = long
        self.short = short
    }

    // MARK: Looking

    func isConstant(_ id: ValueID?) -> Bool {
        guard let id else { return false }
        return long.constants[id] != nil && short.constants[id] != nil
    }

    func shape(_ id: ValueID?) -> [Int]? { id.flatMap { long.spec($0)?.shape } }
    func shortShape(_ id: ValueID?) -> [Int]? { id.flatMap { short.spec($0)?.shape } }

    /// The axes whose extents differ; nil where ranks or types do.
    func cutAxes(_ id: ValueID) -> [Int]? {
        guard let a = long.spec(id), let b = short.spec(id), a.element == b.element, a.rank == b.rank else {
            return nil
        }
        return a.shape.indices.filter { a.shape[$0] != b.shape[$0] }
    }

    /// The one element of a constant that is the same at both lengths.
    func scalar(_ id: ValueID?) -> Double? {
        guard let id, cuts[id]?.isEmpty == true, let constant = long.constants[id], constant.count == 1 else {
            return nil
        }
        return (try? constant.numbers())?.first
    }

    /// An integer constant's elements if they are the same at both lengths.
    func integers(_ id: ValueID?) -> [Int]? {
        guard let id, cuts[id]?.isEmpty == true else { return nil }
        return long.constants[id]?.integers
    }

    // MARK: Constants

    private mutating func compareConstants() {
        for (id, a) in long.constants {
            guard let b = short.constants[id], a.type == b.type, a.shape.count == b.shape.count else { continue }
            if a.storage === b.storage, a.range == b.range {
                cuts[id] = [:]
            } else if isPrefix(b, of: a) {
                var cut: Cut = [:]
                for axis in a.shape.indices where a.shape[axis] != b.shape[axis] { cut[axis] = .anything }
                cuts[id] = cut
            }
        }
    }

    private func isPrefix(_ b: Constant, of a: Constant) -> Bool {
        guard zip(a.shape, b.shape).allSatisfy({ $0 >= $1 }), let size = a.type.byteCount else { return false }
        let x = a.bytes, y = b.bytes
        var index = [Int](repeating: 0, count: b.shape.count)
        for i in 0..<b.count {
            var at = 0
            for axis in index.indices { at = at * a.shape[axis] + index[axis] }
            for byte in 0..<size where x[at * size + byte] != y[i * size + byte] { return false }
            for axis in index.indices.reversed() {
                index[axis] += 1
                if index[axis] < b.shape[axis] { break }
                index[axis] = 0
            }
        }
        return true
    }
}
