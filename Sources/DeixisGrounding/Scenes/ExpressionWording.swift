/// Structured expression -> sentence, with the variety of words a person uses and a compact vocabulary.
struct ExpressionWording {
    var random: CounterRandom

    mutating func sentence(_ expression: SceneExpression) -> String {
        let opening = opening()
        return opening.isEmpty ? body(expression) : opening + " " + body(expression)
    }

    private mutating func opening() -> String {
        guard random.chance(0.08) else { return "" }
        return random.pick(["find", "show me", "where is", "point to"])
    }

    private mutating func body(_ expression: SceneExpression) -> String {
        switch expression {
        case .attribute(let what):
            return phrase(what)
        case .side(let what, let side):
            return phrase(what, before: "", after: sideWords(side))
        case .superlative(let superlative, let what):
            return mostPhrase(superlative, what)
        case .relation(let what, let relation, let anchor):
            return phrase(what, after: joined(relationWords(relation))) + " " + anchorPhrase(anchor)
        case .nearest(let what, let anchor):
            let words = random.pick(["closest to", "closest to", "nearest to", "nearest"])
            return phrase(what, after: words) + " " + anchorPhrase(anchor)
        case .between(let what, let first, let second):
            let words = random.pick(["between", "between", "in between"])
            return phrase(what, after: joined(words)) + " " + anchorPhrase(first) + " and " + anchorPhrase(second)
        }
    }

    /// "left of" or, now and then, "that is left of".
    private mutating func joined(_ words: String) -> String { random.chance(0.1) ? "that is " + words : words }

    private mutating func anchorPhrase(_ what: SceneDescription) -> String {
        (random.chance(0.9) ? "the " : "a ") + nounPhrase(what)
    }

    private mutating func phrase(_ what: SceneDescription, before: String = "", after: String = "") -> String {
        let article = random.chance(0.8) ? "the" : ""
        return [article, before, nounPhrase(what), after].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// "small striped red star", "small red star with stripes", "red one".
    private mutating func nounPhrase(_ what: SceneDescription) -> String {
        var words: [String] = []
        if let size = what.size { words.append(pickWord(size.words)) }
        var suffix: String?
        if let pattern = what.pattern {
            if let phrase = pattern.suffix, random.chance(0.3) {
                suffix = phrase
            } else {
                words.append(pickWord(pattern.words))
            }
        }
        if let color = what.color { words.append(pickWord(color.words)) }
        if let shape = what.shape {
            words.append(pickWord(shape.words))
        } else {
            let bare = words.isEmpty
            words.append(random.pick(bare ? ["object", "shape", "thing"] : ["object", "shape", "thing", "one"]))
        }
        if let suffix { words.append(suffix) }
        return words.joined(separator: " ")
    }

    /// The first synonym two times in three.
    private mutating func pickWord(_ words: [String]) -> String {
        guard words.count > 1, random.chance(1.0 / 3) else { return words.first ?? "" }
        return words[1 + random.int(words.count - 1)]
    }

    private mutating func sideWords(_ side: SceneSide) -> String {
        switch side {
        case .left, .right:
            let word = side.rawValue
            return random.pick([
                "on the \(word)", "on the \(word)", "on the \(word) side", "on the \(word) side of the picture",
            ])
        case .top, .bottom:
            let word = side.rawValue
            return random.pick(["at the \(word)", "at the \(word)", "at the \(word) of the picture"])
        }
    }

    private mutating func relationWords(_ relation: SceneRelation) -> String {
        switch relation {
        case .leftOf: random.pick(["left of", "to the left of", "on the left side of"])
        case .rightOf: random.pick(["right of", "to the right of", "on the right side of"])
        case .above: random.pick(["above", "above", "over"])
        case .below: random.pick(["below", "below", "under"])
        case .nextTo: random.pick(["next to", "beside", "near"])
        }
    }

    private mutating func mostPhrase(_ superlative: SceneSuperlative, _ what: SceneDescription) -> String {
        switch superlative {
        case .leftmost, .rightmost:
            let word = superlative == .leftmost ? "left" : "right"
            if random.chance(0.3) {
                return phrase(what, after: random.pick(["furthest to the \(word)", "farthest to the \(word)"]))
            }
            return phrase(what, before: word + "most")
        case .topmost: return phrase(what, before: random.pick(["topmost", "topmost", "highest", "top"]))
        case .bottommost: return phrase(what, before: random.pick(["bottommost", "bottommost", "lowest", "bottom"]))
        case .largest: return phrase(what, before: random.pick(["largest", "biggest"]))
        case .smallest: return phrase(what, before: random.pick(["smallest", "smallest", "tiniest"]))
        }
    }
}

/// Every word a generated sentence may hold, sorted: the vocabulary of a model trained on scenes alone.
public enum SceneLanguage {
    public static let words: [String] = {
        var all: Set<String> = [
            "find", "show", "me", "where", "is", "point", "to", "that", "the", "a", "and", "with", "of", "in", "on",
            "at",
            "object", "shape", "thing", "one", "picture", "side", "stripes", "dots",
            "left", "right", "top", "bottom", "above", "over", "below", "under", "next", "beside", "near", "closest",
            "nearest",
            "between", "furthest", "farthest", "leftmost", "rightmost", "topmost", "highest", "bottommost", "lowest",
            "largest", "biggest", "smallest", "tiniest",
        ]
        for shape in SceneShape.allCases { all.formUnion(shape.words) }
        for color in SceneColor.allCases { all.formUnion(color.words) }
        for pattern in ScenePattern.allCases { all.formUnion(pattern.words) }
        for size in SceneSize.allCases { all.formUnion(size.words) }
        return all.sorted()
    }()
}
