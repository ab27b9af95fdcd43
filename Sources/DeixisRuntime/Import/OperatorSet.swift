package import DeixisGraph

/// What a model may use beyond the operators and translations that every model may.
public struct OperatorSet: Sendable {
    package let functions: [FunctionLine]

    package init(functions: [FunctionLine]) { self.functions = functions }

    /// Nothing more: what the lean library has.
    public static let lean = OperatorSet(functions: [])
}

/// An operator, or a form of one, that is a few nodes of others.
package struct FunctionLine: Sendable {
    package let domain: StaticString
    package let op: StaticString
    /// The first opset that has it.
    package let since: Int
    /// Adds the nodes that make the outputs of the node; false: the node is of a form that stands for itself.
    package let expand: Expand

    package typealias Expand = @Sendable (inout Importer, Node) throws(RuntimeError) -> Bool

    package init(_ op: StaticString, domain: StaticString = "", since: Int = 1, _ expand: @escaping Expand) {
        self.op = op
        self.domain = domain
        self.since = since
        self.expand = expand
    }
}
