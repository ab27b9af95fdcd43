extension Graph {
    /// Single assignment, and everything made before it is used.
    public func check() throws(GraphError) {
        var made = [Bool](repeating: false, count: values.count)
        func index(_ id: ValueID) throws(GraphError) -> Int {
            guard id.index >= 0, id.index < values.count else { throw .noSuchValue(index: id.index) }
            return id.index
        }
        for (id, _) in constants { made[try index(id)] = true }
        for id in inputs {
            if made[try index(id)] { throw .madeTwice(value: self[id].name, node: "") }
            made[id.index] = true
        }
        for node in nodes {
            if node.outputs.isEmpty { throw .noOutputs(node: node.name) }
            for case let id? in node.inputs where !made[try index(id)] {
                throw .notYetMade(value: self[id].name, node: node.name)
            }
            for case let id? in node.outputs {
                if made[try index(id)] { throw .madeTwice(value: self[id].name, node: node.name) }
                made[id.index] = true
            }
        }
        for id in outputs where !made[try index(id)] { throw .outputNeverMade(value: self[id].name) }
    }
}
