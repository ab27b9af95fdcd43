import DeixisGraph

/// y = f(x), z = f(x) => z = y   (same operator, inputs and attributes)
enum ShareEqualNodes {
    static let rule: Rule = { editor, id, node in
        guard node.input(0) != nil, node.outputs.count == 1, let output = node.outputs[0],
            let twin = editor.twin(of: id, hash: hash(node), isEqual: { isEqual($0, node) }), let same = twin.outputs[0]
        else { return nil }
        var patch = Patch(editor, removing: [id])
        patch.redirect(output, to: same)
        return patch
    }

    private static func hash(_ node: Node) -> Int {
        var hasher = Hasher()
        node.op.hash(into: &hasher)
        for input in node.inputs { hasher.combine(input?.index ?? -1) }
        for (_, value) in node.attributes {
            switch value {
            case .int(let x): hasher.combine(Int(x))
            case .float(let x): hasher.combine(Int(x.bitPattern))
            case .ints(let x): for number in x { hasher.combine(Int(number)) }
            case .string(let x): x.hash(into: &hasher)
            case .floats(let x): for number in x { hasher.combine(Int(number.bitPattern)) }
            default: break
            }
        }
        return hasher.finalize()
    }

    private static func isEqual(_ a: Node, _ b: Node) -> Bool {
        a.op == b.op && a.domain == b.domain && a.inputs == b.inputs && a.outputs.count == 1 && a.outputs[0] != nil
            && equal(a.attributes, b.attributes)
    }

    static func equal(_ a: [(name: Name, value: Attribute)], _ b: [(name: Name, value: Attribute)]) -> Bool {
        guard a.count == b.count else { return false }
        for (x, y) in zip(a, b) {
            guard x.name == y.name else { return false }
            switch (x.value, y.value) {
            case (.int(let p), .int(let q)) where p == q: continue
            case (.float(let p), .float(let q)) where p.bitPattern == q.bitPattern: continue
            case (.string(let p), .string(let q)) where p == q: continue
            case (.ints(let p), .ints(let q)) where p == q: continue
            case (.floats(let p), .floats(let q))
            where p.elementsEqual(q, by: { $0.bitPattern == $1.bitPattern }): continue
            default: return false
            }
        }
        return true
    }
}
