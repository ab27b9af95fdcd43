internal import DeixisGraph
import DeixisRuntime

/// Which values of a prepared graph are stored as uint8, and which of them share parameters.
///
/// Stored: what convolutions and products read, what they make (after bias and ReLU), the two sides of residual
/// additions, and what only moves between them (pooling, resizing, reshaping, concatenation: one group, one scale). Not
/// stored: scores on their way to a Softmax, sums on their way to a LayerNormalization, and the last product's output
/// on its way to the graph's output.
struct Selection {
    /// A convolution or product whose weights are constant, or a product of two activations.
    struct Compute {
        var node: Int
        /// Output channels of the constant weight run along this axis; nil for a product of activations.
        var weightAxis: Int?
        /// The node that adds the bias, where that is not part of the operator, and which of its inputs is the bias.
        var bias: (node: Int, input: Int)?
    }

    let graph: Graph
    private(set) var computes: [Compute] = []
    private(set) var isStored: [Bool]
    /// Probabilities, whose peaks decide: their range is as seen, whatever the method. All of 0...1 would lose those of
    /// many keys, each below a step.
    private(set) var isProbability: [Bool]
    private var parents: [Int]
    private let makers: [Int?]
    /// A node appears once for every input that reads the value.
    let readers: [[Int]]
    let isOutput: [Bool]

    init(_ graph: Graph, keepFloat: Set<Name>) {
        self.graph = graph
        var makers = [Int?](repeating: nil, count: graph.values.count),
            readers = [[Int]](repeating: [], count: graph.values.count)
        for (i, node) in graph.nodes.enumerated() {
            for case let id? in node.inputs { readers[id.index].append(i) }
            for case let id? in node.outputs { makers[id.index] = i }
        }
        var isOutput = [Bool](repeating: false, count: graph.values.count)
        for id in graph.outputs { isOutput[id.index] = true }
        (self.makers, self.readers, self.isOutput) = (makers, readers, isOutput)
        isStored = Array(repeating: false, count: graph.values.count)
        isProbability = isStored
        parents = Array(graph.values.indices)
        for i in graph.nodes.indices where !keepFloat.contains(graph.nodes[i].name) { select(i) }
        for i in graph.nodes.indices where !keepFloat.contains(graph.nodes[i].name) { selectResidual(i) }
        spread()
    }

    /// One number for all values that share parameters.
    func group(_ id: ValueID) -> Int {
        var at = id.index
        while parents[at] != at { at = parents[at] }
        return at
    }

    func isActivation(_ id: ValueID?) -> Bool { id.map { graph.constants[$0] == nil } ?? false }

    private mutating func store(_ id: ValueID?) {
        guard let id, isActivation(id) else { return }
        isStored[id.index] = true
        if let maker = makers[id.index], graph.nodes[maker].op == "Softmax" { isProbability[id.index] = true }
    }

    private mutating func select(_ index: Int) {
        let node = graph.nodes[index]
        guard node.domain.isEmpty, isActivation(node.input(0)), let output = node.outputs.first ?? nil else { return }
        var compute = Compute(node: index)
        switch node.op {
        case "Conv", "Gemm":
            guard let weight = node.input(1).flatMap({ graph.constants[$0] }), weight.type == .float32,
                node.input(2) == nil || !isActivation(node.input(2))
            else { return }
            compute.weightAxis = 0
            if node.op == "Gemm" {
                compute.weightAxis = 1
                for (name, value) in node.attributes {
                    switch (name, value) {
                    case ("transB", .int(let t)): compute.weightAxis = t == 0 ? 1 : 0
                    case ("transA", .int(let t)) where t != 0: return
                    case ("alpha", .float(let x)) where x != 1, ("beta", .float(let x)) where x != 1: return
                    default: break
                    }
                }
            }
        case "MatMul":
            if let weight = node.input(1).flatMap({ graph.constants[$0] }) {
                guard weight.type == .float32, weight.shape.count == 2 else { return }
                compute.weightAxis = 1
            }
        default: return
        }
        store(node.input(0))
        if compute.weightAxis == nil { store(node.input(1)) }
        var tail = output
        if compute.weightAxis != nil, let next = onlyReader(tail), graph.nodes[next].op == "Add",
            let side = graph.nodes[next].inputs.firstIndex(where: { !isActivation($0) }),
            let made = graph.nodes[next].outputs.first ?? nil
        {
            compute.bias = (next, side)
            tail = made
        }
        if let next = onlyReader(tail), ["Relu", "Clip"].contains(graph.nodes[next].op),
            let made = graph.nodes[next].outputs.first ?? nil
        {
            tail = made
        }
        computes.append(compute)
        let endsInSoftmax =
            compute.weightAxis == nil && reaches(tail, ["Softmax"], through: ["Mul", "Div", "Add", "Sub", "Where"])
        let endsTheGraph =
            isOutput[tail.index]
            || reaches(
                tail, [], through: ["Sigmoid", "Tanh", "Softmax", "Mul", "Div", "Reshape", "Squeeze", "Identity"])
        if !endsInSoftmax, !endsTheGraph { store(tail) }
    }

    /// A sum of two activations, one of them stored already.
    private mutating func selectResidual(_ index: Int) {
        let node = graph.nodes[index]
        guard node.op == "Add", node.domain.isEmpty, let a = node.input(0), let b = node.input(1), isActivation(a),
            isActivation(b),
            isStored[a.index] || isStored[b.index], isFloatResult(a), isFloatResult(b),
            let output = node.outputs.first ?? nil
        else { return }
        store(a)
        store(b)
        if let next = onlyReader(output), graph.nodes[next].op == "Relu" {
            store(graph.nodes[next].outputs.first ?? nil)
        } else if !readers[output.index].contains(where: {
            ["LayerNormalization", "ReduceMean"].contains(graph.nodes[$0].op)
        }), !isOutput[output.index] {
            store(output)
        }
    }

    /// Made by an operator whose result is not a mask or a position.
    private func isFloatResult(_ id: ValueID) -> Bool {
        guard let maker = makers[id.index] else { return false }
        return [
            "Conv", "MatMul", "Gemm", "Add", "Relu", "LayerNormalization", "MaxPool", "Resize", "Concat", "Reshape",
            "Transpose", "Clip",
        ]
        .contains(graph.nodes[maker].op)
    }

    /// What only moves keeps its parameters: stored on one side, stored on the other.
    private mutating func spread() {
        var changed = true
        while changed {
            changed = false
            for node in graph.nodes.reversed() where node.domain.isEmpty {
                guard let output = node.outputs.first ?? nil else { continue }
                let sources: [ValueID]
                switch node.op {
                case "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "MaxPool", "Resize", "Slice",
                    "Identity":
                    sources = [node.input(0)].compactMap { $0 }
                case "Concat": sources = node.inputs.compactMap { $0 }
                default: continue
                }
                let forward =
                    (node.op == "MaxPool" || node.op == "Resize" || node.op == "Concat")
                    && sources.allSatisfy { isStored[$0.index] }
                guard isStored[output.index] || forward, sources.allSatisfy({ isActivation($0) }),
                    !isOutput[output.index]
                else { continue }
                for id in [output] + sources {
                    if !isStored[id.index] {
                        isStored[id.index] = true
                        changed = true
                    }
                    let a = group(output), b = group(id)
                    if a != b {
                        parents[b] = a
                        changed = true
                    }
                }
            }
        }
    }

    private func onlyReader(_ id: ValueID) -> Int? {
        readers[id.index].count == 1 && !isOutput[id.index] ? readers[id.index][0] : nil
    }

    /// Every way forward from `id` leads, through `through`, to one of `targets` (to a graph output, if there are
    /// none).
    private func reaches(_ id: ValueID, _ targets: [Name], through: [Name]) -> Bool {
        if targets.isEmpty, isOutput[id.index] { return true }
        guard !readers[id.index].isEmpty else { return false }
        return readers[id.index].allSatisfy { index in
            let node = graph.nodes[index]
            if targets.contains(node.op) { return true }
            guard through.contains(node.op), let output = node.outputs.first ?? nil else { return false }
            return reaches(output, targets, through: through)
        }
    }
}
