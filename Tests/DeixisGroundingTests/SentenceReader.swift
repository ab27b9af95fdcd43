@testable import DeixisGrounding

/// Reads a generated sentence back into its structure: an independent statement of what the words mean, against which
/// the generator's wording is tested. Returns nil for a sentence it does not understand.
struct SentenceReader {
    private var words: [Substring]

    static func read(_ sentence: String) -> SceneExpression? {
        var reader = SentenceReader(words: sentence.split(separator: " "))
        for opening in [["find"], ["show", "me"], ["where", "is"], ["point", "to"]] where reader.drop(opening) { break }
        return reader.expression()
    }

    private mutating func drop(_ phrase: [String]) -> Bool {
        guard words.count >= phrase.count, zip(words, phrase).allSatisfy({ $0 == $1 }) else { return false }
        words.removeFirst(phrase.count)
        return true
    }

    private mutating func dropAny(_ phrases: [String]) -> Bool {
        // The longest first: "on the left side of" before "on the left".
        for phrase in phrases.sorted(by: { $0.count > $1.count })
        where drop(phrase.split(separator: " ").map(String.init)) {
            return true
        }
        return false
    }

    private mutating func expression() -> SceneExpression? {
        _ = dropAny(["the", "a"])
        let before: [(SceneSuperlative, [String])] = [
            (.leftmost, ["leftmost"]), (.rightmost, ["rightmost"]), (.topmost, ["topmost", "highest", "top"]),
            (.bottommost, ["bottommost", "lowest", "bottom"]), (.largest, ["largest", "biggest"]),
            (.smallest, ["smallest", "tiniest"]),
        ]
        for (superlative, spellings) in before where dropAny(spellings) {
            guard let what = noun(), words.isEmpty else { return nil }
            return .superlative(superlative, what)
        }
        guard let what = noun() else { return nil }
        if words.isEmpty { return .attribute(what) }
        for (superlative, word) in [(SceneSuperlative.leftmost, "left"), (.rightmost, "right")]
        where dropAny(["furthest to the \(word)", "farthest to the \(word)"]) {
            return words.isEmpty ? .superlative(superlative, what) : nil
        }
        _ = drop(["that", "is"])
        let relations: [(SceneRelation, [String])] = [
            (.leftOf, ["left of", "to the left of", "on the left side of"]),
            (.rightOf, ["right of", "to the right of", "on the right side of"]),
            (.above, ["above", "over"]), (.below, ["below", "under"]), (.nextTo, ["next to", "beside", "near"]),
        ]
        if !words.joined(separator: " ").hasSuffix(" side of the picture") {
            for (relation, spellings) in relations where dropAny(spellings) {
                guard let anchor = named(), words.isEmpty else { return nil }
                return .relation(what, relation, anchor)
            }
        }
        if dropAny(["closest to", "nearest to", "nearest"]) {
            guard let anchor = named(), words.isEmpty else { return nil }
            return .nearest(what, anchor)
        }
        if dropAny(["between", "in between"]) {
            guard let first = named(), drop(["and"]), let second = named(), words.isEmpty else { return nil }
            return .between(what, first, second)
        }
        for side in SceneSide.allCases {
            let word = side.rawValue
            let spellings = [
                "on the \(word) side of the picture", "on the \(word) side", "on the \(word)",
                "at the \(word) of the picture", "at the \(word)",
            ]
            if dropAny(spellings) { return words.isEmpty ? .side(what, side) : nil }
        }
        return nil
    }

    private mutating func named() -> SceneDescription? { dropAny(["the", "a"]) ? noun() : nil }

    private mutating func noun() -> SceneDescription? {
        var what = SceneDescription()
        let sizes: [(SceneSize, [String])] = [(.small, ["small", "little", "tiny"]), (.large, ["large", "big"])]
        for (size, spellings) in sizes where dropAny(spellings) { what.size = size }
        let patterns: [(ScenePattern, [String])] = [
            (.plain, ["plain", "solid"]), (.striped, ["striped"]), (.dotted, ["dotted", "spotted"]),
        ]
        for (pattern, spellings) in patterns where dropAny(spellings) { what.pattern = pattern }
        for color in ["red", "orange", "yellow", "green", "blue", "purple", "white", "black"] where drop([color]) {
            what.color = SceneColor(rawValue: color)
        }
        let shapes: [(SceneShape?, [String])] = [
            (.circle, ["circle", "disc"]), (.square, ["square", "box"]), (.triangle, ["triangle"]), (.star, ["star"]),
            (.cross, ["cross", "plus"]), (.ring, ["ring", "hoop"]), (.diamond, ["diamond"]), (.heart, ["heart"]),
            (nil, ["object", "shape", "thing", "one"]),
        ]
        guard let found = shapes.first(where: { dropAny($0.1) }) else { return nil }
        what.shape = found.0
        if drop(["with", "stripes"]) { what.pattern = .striped }
        if drop(["with", "dots"]) { what.pattern = .dotted }
        return what
    }
}
