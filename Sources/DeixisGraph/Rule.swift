/// Looks at one node and says how the graph around it could be better, or nothing.
public typealias Rule = @Sendable (GraphEditor, NodeID, Node) -> Patch?

extension GraphEditor {
    /// Applies `rule` to every node, new ones included, until it has nothing more to say. Returns how many patches it gave.
    ///
    /// - Precondition: each patch brings the graph nearer to a form the rule leaves alone.
    @discardableResult
    public func rewrite(_ rule: (GraphEditor, NodeID, Node) -> Patch?) -> Int {
        var patches = 0
        var changed = true
        while changed {
            changed = false
            var index = 0
            while index < nodeCount {
                let id = NodeID(index)
                index += 1
                guard let node = self[id], let patch = rule(self, id, node) else { continue }
                apply(patch)
                patches += 1
                changed = true
            }
        }
        return patches
    }
}
