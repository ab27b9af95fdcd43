/// One operator at work. A value; copies share their content until one of them changes, so that rules may look at nodes
/// freely.
public struct Node: Sendable {
    private var content: Content

    @inline(never)
    public init(
        name: Name = "", domain: Name = "", op: Name, inputs: [ValueID?], outputs: [ValueID?],
        attributes: [(name: Name, value: Attribute)] = []
    ) {
        content = Content(name, domain, op, inputs, outputs, attributes)
    }

    public var name: Name {
        get { content.name }
        set { change { $0.name = newValue } }
    }

    /// Empty is `ai.onnx`.
    public var domain: Name {
        get { content.domain }
        set { change { $0.domain = newValue } }
    }

    public var op: Name {
        get { content.op }
        set { change { $0.op = newValue } }
    }

    /// nil: an optional input left out.
    public var inputs: [ValueID?] {
        get { content.inputs }
        set { change { $0.inputs = newValue } }
    }

    /// nil: an optional output nobody asked for.
    public var outputs: [ValueID?] {
        get { content.outputs }
        set { change { $0.outputs = newValue } }
    }

    public var attributes: [(name: Name, value: Attribute)] {
        get { content.attributes }
        set { change { $0.attributes = newValue } }
    }

    @inline(never)
    private mutating func change(_ body: (Content) -> Void) {
        if !isKnownUniquelyReferenced(&content) {
            content = Content(
                content.name, content.domain, content.op, content.inputs, content.outputs, content.attributes)
        }
        body(content)
    }

    /// Changed only where one `Node` alone holds it.
    private final class Content: @unchecked Sendable {
        var name: Name, domain: Name, op: Name
        var inputs: [ValueID?], outputs: [ValueID?]
        var attributes: [(name: Name, value: Attribute)]

        init(
            _ name: Name, _ domain: Name, _ op: Name, _ inputs: [ValueID?], _ outputs: [ValueID?],
            _ attributes: [(name: Name, value: Attribute)]
        ) {
            (self.name, self.domain, self.op) = (name, domain, op)
            (self.inputs, self.outputs, self.attributes) = (inputs, outputs, attributes)
        }
    }
}
