import CDeixisSystem

/// Bounds on what a model may ask for, far above what models need. Whatever goes beyond one is refused with an error
/// that names it, before memory or time is spent on it.
public struct Limits: Sendable, Equatable {
    /// Axes of one tensor.
    public var rank = 64
    /// Elements and bytes of one tensor. Extents of 0 count as 1, so that a tensor without elements has bounded extents
    /// too.
    public var elements = Shape.most
    public var bytes = Shape.most
    /// Nodes of a graph.
    public var nodes = 1 << 24
    /// Nodes inside functions, counted anew for each node that calls one.
    public var expandedNodes = 1 << 17
    /// Sub-graphs inside sub-graphs, and functions inside functions.
    public var depth = 64
    /// Multiply-accumulates, or steps of a window or sum, of one node.
    public var macs = Int(clamping: 1 << 44 as Int64)
    /// Entries of the tables that one node needs to find its elements (Pad, Resize).
    public var tableEntries = 1 << 26
    /// Activations, inputs, outputs and scratch of one plan, in bytes: as many as this machine has.
    public var plannedBytes = min(Int(clamping: deixis_physical_memory()), Shape.most)
    /// Patches that the rules of all passes together may make.
    public var rewriteSteps = 1 << 26

    public init() {}
}

/// What went beyond one of `Limits`.
public struct LimitExceeded: Error, Equatable, Sendable {
    public enum Kind: Sendable {
        case rank, elements, bytes, nodes, depth, macs, tableEntries, plannedBytes, rewriteSteps
    }

    public var kind: Kind
    /// `Int.max` stands for any number too large to count.
    public var value: Int
    public var limit: Int

    public init(_ kind: Kind, value: Int, limit: Int) {
        self.kind = kind
        self.value = value
        self.limit = limit
    }

    /// Nothing, unless `value` goes beyond `limit`.
    @inline(never)
    public static func check(_ kind: Kind, _ value: Int, limit: Int) throws(LimitExceeded) {
        if value > limit { throw LimitExceeded(kind, value: value, limit: limit) }
    }

    /// `2000 nodes, more than the limit of 1000`
    public var message: Message {
        let unit: StaticString
        switch kind {
        case .rank: unit = "axes"
        case .elements: unit = "elements"
        case .bytes: unit = "bytes"
        case .nodes: unit = "nodes"
        case .depth: unit = "levels of sub-graphs or functions"
        case .macs: unit = "multiply-accumulates"
        case .tableEntries: unit = "table entries"
        case .plannedBytes: unit = "bytes of planned memory"
        case .rewriteSteps: unit = "rewriting steps"
        }
        return value == .max
            ? "too many \(unit) to count, more than the limit of \(limit)"
            : "\(value) \(unit), more than the limit of \(limit)"
    }
}
