import DeixisGraph
import DeixisInput

/// What a grounding model's inputs and outputs must be, `GroundingInput` in a graph's terms:
///
/// batch is 1 or symbolic; length is symbolic, or fixed at no less than the metadata's longest sentence (then sentences
/// are padded).
struct Interface {
    static let image = Name(stringLiteral: GroundingInput.image), tokens = Name(stringLiteral: GroundingInput.tokens)
    static let mask = Name(stringLiteral: GroundingInput.mask), box = Name(stringLiteral: GroundingInput.box)
    /// nil: any length.
    let fixedLength: Int?
    /// Where among the outputs the score is; nil: there is none.
    let score: Int?

    /// Throws the reason in words.
    init(_ graph: Graph, _ metadata: GroundingMetadata) throws(Mismatch) {
        let side = metadata.letterbox.side
        let longest = metadata.settings.maxLength
        try Self.check(graph, graph.inputs, "input", Self.image, .uint8, [1, side, side, 3])
        let length = try Self.check(graph, graph.inputs, "input", Self.tokens, .int64, [1, nil])
        let maskLength = try Self.check(graph, graph.inputs, "input", Self.mask, .int64, [1, nil])
        guard length == maskLength else {
            throw Mismatch(reason: "token_ids and attention_mask have different lengths")
        }
        if let length, length < longest {
            throw Mismatch(
                reason: "token_ids has room for \(length) tokens, the metadata promises sentences of \(longest)")
        }
        try Self.check(graph, graph.outputs, "output", Self.box, .float32, [1, 4])
        for id in graph.inputs where ![Self.image, Self.tokens, Self.mask].contains(graph[id].name) {
            throw Mismatch(reason: "it has another input '\(graph[id].name)'")
        }
        try Self.checkTable(graph, metadata)
        fixedLength = length
        score = graph.outputs.firstIndex { graph[$0].name.matches(GroundingInput.score) }
        if let score {
            // One number a sentence: [batch, 1] or [batch].
            let isFlat = graph[graph.outputs[score]].type?.shape?.count == 1
            try Self.check(
                graph, graph.outputs, "output", Name(stringLiteral: GroundingInput.score), .float32,
                isFlat ? [1] : [1, 1])
        }
    }

    /// A vocabulary longer than the table of word vectors would read nothing for its last tokens.
    private static func checkTable(_ graph: Graph, _ metadata: GroundingMetadata) throws(Mismatch) {
        guard let tokens = graph.inputs.first(where: { graph[$0].name == tokens }) else { return }
        for node in graph.nodes where node.op == "Gather" && node.inputs.count == 2 && node.inputs[1] == tokens {
            guard let table = node.inputs[0], let rows = graph.constants[table]?.shape.first,
                rows < metadata.vocabulary.count
            else { continue }
            throw Mismatch(
                reason:
                    "the metadata's vocabulary has \(metadata.vocabulary.count) tokens, the table of word vectors \(rows)"
            )
        }
    }

    struct Mismatch: Error {
        let reason: Message
    }

    /// `expected`: nil is any extent. Returns the last axis's extent if the file fixes it.
    @discardableResult
    private static func check(
        _ graph: Graph, _ ids: [ValueID], _ kind: StaticString, _ name: Name, _ element: ElementType, _ expected: [Int?]
    ) throws(Mismatch) -> Int? {
        guard let id = ids.first(where: { graph[$0].name == name }) else {
            throw Mismatch(reason: "it has no \(kind) '\(name)'")
        }
        // An output's shape may be left out: it is what the network computes.
        guard let type = graph[id].type, type.element == element else {
            let got = graph[id].type.map { "\($0.element.label)" } ?? "an unknown type"
            throw Mismatch(reason: "\(kind) '\(name)': expected \(element.label), got \(got)")
        }
        guard let shape = type.shape else { return nil }
        var fits = shape.count == expected.count
        for (extent, wanted) in zip(shape, expected) {
            if case .fixed(let extent) = extent, let wanted, extent != wanted { fits = false }
        }
        guard fits else {
            throw Mismatch(reason: "\(kind) '\(name)': expected shape \(spell(expected)), got \(type.description)")
        }
        if case .fixed(let extent)? = shape.last { return extent }
        return nil
    }

    private static func spell(_ shape: [Int?]) -> String {
        var text = "["
        for (i, extent) in shape.enumerated() { text += (i == 0 ? "" : ", ") + (extent.map { "\($0)" } ?? "length") }
        return text + "]"
    }
}
