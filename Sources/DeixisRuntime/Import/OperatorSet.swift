package import DeixisGraph

/// What a model may use beyond the operators and translations that every model may.
public struct OperatorSet: Sendable {
    package let functions: [FunctionLine]

    package init(functions: [FunctionLine]) { self.functions = functions }

    /// Nothing more: what the lean library has.
    public static let lean = OperatorSet(functions: [])
}

/// An operator that is a few nodes of others.
package struct FunctionLine: Sendable {
    package let domain: StaticString
    package let op: StaticString
    /// Adds the nodes that make the outputs of the node.
    package let expand: @Sendable (inout Importer, Node) throws(RuntimeError) -> Void

    package init(
        _ op: StaticString, domain: StaticString = "", expand: @escaping @Sendable (inout Importer, Node) throws(RuntimeError) -> Void
    ) {
        self.op = op
        self.domain = domain
        self.expand = expand
    }
}
