package import DeixisGraph

// What rules ask of the graph, in words.

extension GraphEditor {
    /// Concrete type of a value; nil before shapes are known.
    func spec(_ id: ValueID?) -> TensorSpec? { id.flatMap { TensorSpec(self[$0].type) } }

    /// The value of a float32 constant with one element.
    func scalar(_ id: ValueID?) -> Float? {
        guard let constant = constant(id), constant.count == 1 else { return nil }
        return constant.floats?.first
    }

    /// Of the two inputs of `node`, the scalar constant and the other one. A constant of one element but more axes than
    /// the other operand gives the result more axes, and is no scalar here.
    func scalarOperand(_ node: Node) -> (other: ValueID, scalar: Float)? {
        guard node.inputs.count == 2, let a = node.inputs[0], let b = node.inputs[1] else { return nil }
        for (constant, other) in [(b, a), (a, b)] {
            guard let value = scalar(constant), let rank = spec(other)?.rank,
                rank >= self.constant(constant)?.shape.count ?? 0
            else { continue }
            return (other, value)
        }
        return nil
    }

    /// The only reader of `id`, if the value may vanish into it and it is an `op`.
    func soleReader(of id: ValueID?, _ op: StaticString) -> (id: NodeID, node: Node)? {
        guard let id, vanishes(id), let reader = readers(of: id).first, let node = self[reader], node.isONNX(op)
        else { return nil }
        return (reader, node)
    }
}

extension Node {
    package func attribute(_ name: Name) -> Attribute? {
        for entry in attributes where entry.name == name { return entry.value }
        return nil
    }

    private func attribute(literal: StaticString) -> Attribute? {
        for entry in attributes where entry.name.matches(literal) { return entry.value }
        return nil
    }

    package func ints(_ name: StaticString) -> [Int]? {
        guard case .ints(let values)? = attribute(literal: name) else { return nil }
        return values.map { Int(clamping: $0) }
    }

    package func int(_ name: StaticString, default value: Int) -> Int {
        guard case .int(let found)? = attribute(literal: name) else { return value }
        return Int(clamping: found)
    }

    package func string(_ name: StaticString, default value: Name) -> Name {
        guard case .string(let found)? = attribute(literal: name) else { return value }
        return found
    }

    package func float(_ name: StaticString, default value: Float) -> Float {
        guard case .float(let found)? = attribute(literal: name) else { return value }
        return found
    }

    func isDeixis(_ op: StaticString) -> Bool { self.op.matches(op) && domain == .deixis }
    func isONNX(_ op: StaticString) -> Bool { domain.isEmpty && self.op.matches(op) }

    /// Input `index`, nil where left out.
    package func input(_ index: Int) -> ValueID? { index < inputs.count ? inputs[index] : nil }

    /// The permutation of a Transpose that states it.
    var permutation: [Int]? { isONNX("Transpose") ? ints("perm") : nil }

    static func transpose(_ input: ValueID, _ order: [Int], to output: ValueID, name: Name) -> Node {
        Node(
            name: name, op: "Transpose", inputs: [input], outputs: [output],
            attributes: [("perm", .ints(order.map { Int64($0) }))])
    }
}

extension Name {
    func appending(_ suffix: StaticString) -> Name { Name(bytes: bytes + suffix.withUTF8Buffer { Array($0) }) }
}

extension Constant {
    /// The same elements under another shape.
    func reshaped(_ shape: [Int]) -> Constant { Constant(type: type, shape: shape, storage: storage, range: range) }
}
