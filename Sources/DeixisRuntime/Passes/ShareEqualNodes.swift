import DeixisGraph

/// y = f(x), z = f(x) => z = y   (same operator, inputs and attributes)
enum ShareEqualNodes {
    static let rule: Rule = { editor, id, node in
        guard let input = node.inputs.first ?? nil, node.outputs.count == 1, let output = node.outputs[0] else { return nil }
        // Beyond so many readers of one value, twins are not worth the time to find them.
        for other in editor.readers(of: input).prefix(256) where other.index < id.index {
            guard let twin = editor[other], twin.op == node.op, twin.domain == node.domain, twin.inputs == node.inputs,
                twin.outputs.count == 1, let same = twin.outputs[0], equal(twin.attributes, node.attributes)
            else { continue }
            var patch = Patch(editor, removing: [id])
            patch.redirect(output, to: same)
            return patch
        }
        return nil
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
            case (.floats(let p), .floats(let q)) where p.elementsEqual(q, by: { $0.bitPattern == $1.bitPattern }): continue
            default: return false
            }
        }
        return true
    }
}
