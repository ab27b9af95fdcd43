import DeixisGraph

/// Makes a graph that differs as small as it can be and still differs.
public struct Shrinker {
    private var best: DifferentialCase
    private let differs: (DifferentialCase) -> Bool
    private var budget: Int

    public static func shrink(
        _ test: DifferentialCase, budget: Int = 2000, _ differs: @escaping (DifferentialCase) -> Bool
    ) -> DifferentialCase {
        var shrinker = Shrinker(best: test, differs: differs, budget: budget)
        shrinker.run()
        return shrinker.best.compacted
    }

    private mutating func take(_ candidate: DifferentialCase) -> Bool {
        guard budget > 0 else { return false }
        budget -= 1
        let small = candidate.compacted
        guard differs(small) else { return false }
        best = small
        return true
    }

    private mutating func run() {
        var changed = true
        while changed, budget > 0 {
            changed = false
            if fewerOutputs() { changed = true }
            if cutAbove() { changed = true }
            if bypass() { changed = true }
            if smallerExtents() { changed = true }
            if simplerNumbers() { changed = true }
        }
    }

    private mutating func fewerOutputs() -> Bool {
        var changed = false
        var i = 0
        while best.graph.outputs.count > 1, i < best.graph.outputs.count {
            var candidate = best
            candidate.graph.outputs.remove(at: i)
            if take(candidate) { changed = true } else { i += 1 }
        }
        // What is made earlier, instead.
        for node in best.graph.nodes {
            guard let output = node.outputs.first ?? nil, best.graph.nodes.count > 1,
                !best.graph.outputs.contains(output)
            else { continue }
            var candidate = best
            candidate.graph.outputs = [output]
            if take(candidate) { return true }
        }
        return changed
    }

    /// A value that is computed becomes an input that holds it.
    private mutating func cutAbove() -> Bool {
        guard let values = try? Differential.Expectation(best).values else { return false }
        var other = best
        other.inputs = best.others
        let otherValues = (try? Differential.Expectation(other).values) ?? values
        for node in best.graph.nodes.reversed() {
            for case let output? in node.outputs where node.outputs.count == 1 && !best.graph.outputs.contains(output) {
                guard let value = values[output] else { continue }
                for asConstant in [true, false] {
                    var candidate = best
                    candidate.graph.nodes.removeAll { $0.outputs.contains(output) }
                    if asConstant {
                        guard node.inputs.allSatisfy({ $0.map { best.graph.constants[$0] != nil } ?? true }) else {
                            continue
                        }
                        candidate.graph.constants[output] = value
                    } else {
                        candidate.graph.inputs.append(output)
                        candidate.graph[output].type = TensorType(value.type, value.shape.map { .fixed($0) })
                        candidate.inputs.append(value)
                        candidate.others.append(otherValues[output] ?? value)
                    }
                    if take(candidate) { return true }
                }
            }
        }
        return false
    }

    /// A node whose result looks like one of its operands is left out.
    private mutating func bypass() -> Bool {
        guard let values = try? Differential.Expectation(best).values else { return false }
        for (i, node) in best.graph.nodes.enumerated() {
            guard node.outputs.count == 1, let output = node.outputs[0], !best.graph.outputs.contains(output),
                let made = values[output]
            else { continue }
            for case let input? in node.inputs
            where values[input]?.shape == made.shape && values[input]?.type == made.type {
                var candidate = best
                candidate.graph.nodes.remove(at: i)
                for j in candidate.graph.nodes.indices {
                    candidate.graph.nodes[j].inputs = candidate.graph.nodes[j].inputs.map { $0 == output ? input : $0 }
                }
                if take(candidate) { return true }
            }
        }
        return false
    }

    /// One extent, wherever it stands, becomes a smaller one.
    private mutating func smallerExtents() -> Bool {
        var extents = Set<Int>()
        for tensor in best.inputs + Array(best.graph.constants.values) {
            extents.formUnion(tensor.shape.filter { $0 > 1 })
        }
        for extent in extents.sorted(by: >) {
            for smaller in Set([1, 2, extent / 2, extent - 1]).sorted() where smaller < extent && smaller > 0 {
                var candidate = best
                func shrunk(_ c: Constant) -> Constant {
                    var numbers = c.doubles
                    if c.type == .int64, c.shape.count == 1 {
                        numbers = numbers.map { $0 == Double(extent) ? Double(smaller) : $0 }
                    }
                    return Constant.of(c.type, c.shape, numbers).cut(extent, to: smaller)
                }
                candidate.graph.constants = candidate.graph.constants.mapValues(shrunk)
                candidate.inputs = candidate.inputs.map { $0.cut(extent, to: smaller) }
                candidate.others = candidate.others.map { $0.cut(extent, to: smaller) }
                for (id, tensor) in zip(candidate.graph.inputs, candidate.inputs) {
                    candidate.graph[id].type = TensorType(tensor.type, tensor.shape.map { .fixed($0) })
                }
                if take(candidate) { return true }
            }
        }
        return false
    }

    private mutating func simplerNumbers() -> Bool {
        var changed = false
        func simpler(_ c: Constant) -> [Constant] {
            guard c.type == .float32 || c.type == .int8 || c.type == .uint8, c.count > 0 else { return [] }
            let numbers = c.doubles
            return [
                numbers.map { _ in 0 }, numbers.map { _ in 1 }, numbers.map { $0.rounded() },
                numbers.map { ($0 * 4).rounded() / 4 },
            ].filter { $0 != numbers }.map { .of(c.type, c.shape, $0) }
        }
        for id in best.graph.constants.keys.sorted(by: { $0.index < $1.index }) {
            guard let constant = best.graph.constants[id] else { continue }
            for other in simpler(constant) {
                var candidate = best
                candidate.graph.constants[id] = other
                if take(candidate) {
                    changed = true
                    break
                }
            }
        }
        for i in best.inputs.indices where i < best.inputs.count {
            for other in simpler(best.inputs[i]) where i < best.inputs.count {
                var candidate = best
                candidate.inputs[i] = other
                if take(candidate) {
                    changed = true
                    break
                }
            }
        }
        // Rounding again and again changes nothing.
        return changed && budget > 500
    }
}

extension Constant {
    /// Its first `smaller` elements along every axis of `extent`.
    func cut(_ extent: Int, to smaller: Int) -> Constant {
        guard shape.contains(extent) else { return self }
        let made = shape.map { $0 == extent ? smaller : $0 }, numbers = doubles
        var strides = [Int](repeating: 1, count: shape.count)
        for i in shape.indices.dropLast().reversed() { strides[i] = strides[i + 1] * shape[i + 1] }
        let kept = (0..<made.reduce(1, *)).map { index in
            var rest = index, at = 0
            for i in made.indices.reversed() {
                at += rest % made[i] * strides[i]
                rest /= made[i]
            }
            return numbers[at]
        }
        return .of(type, made, kept)
    }
}

extension DifferentialCase {
    /// Without nodes, constants and inputs that no output needs.
    public var compacted: DifferentialCase {
        var result = self, needed = Set(graph.outputs), nodes: [Node] = []
        for node in graph.nodes.reversed()
        where node.outputs.contains(where: { $0.map { needed.contains($0) } ?? false }) {
            nodes.insert(node, at: 0)
            for case let id? in node.inputs { needed.insert(id) }
        }
        result.graph.nodes = nodes
        result.graph.constants = graph.constants.filter { needed.contains($0.key) }
        let kept = graph.inputs.indices.filter { needed.contains(graph.inputs[$0]) }
        result.graph.inputs = kept.map { graph.inputs[$0] }
        result.inputs = kept.map { inputs[$0] }
        result.others = kept.map { others[$0] }
        return result
    }
}
