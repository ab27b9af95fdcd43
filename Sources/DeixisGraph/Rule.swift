import CDeixisSystem

/// Looks at one node and says how the graph around it could be better, or nothing.
public typealias Rule = @Sendable (GraphEditor, NodeID, Node) -> Patch?

extension GraphEditor {
    /// Applies `rule` to every node, new ones included, until it has nothing more to say; to those of the operators
    /// `ops`, where given, which saves it the look at all others. Returns how many patches it gave.
    ///
    /// - Precondition: each patch brings the graph nearer to a form the rule leaves alone.
    @discardableResult
    public func rewrite(at ops: [Name]? = nil, _ rule: (GraphEditor, NodeID, Node) -> Patch?) -> Int {
        var patches = 0
        var changed = true
        while changed {
            changed = false
            var index = 0
            while index < nodeCount {
                let id = NodeID(index)
                index += 1
                if let ops, !isOne(of: ops, id) { continue }
                guard let node = self[id], let patch = rule(self, id, node) else { continue }
                stepsLeft -= 1
                if stepsLeft < 0 || deixis_memory_is_short() { return patches }
                apply(patch)
                patches += 1
                changed = true
            }
        }
        return patches
    }
}
