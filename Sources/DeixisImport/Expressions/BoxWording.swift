import DeixisGrounding

/// Structured expression -> sentence, with the variety of words a person uses.
struct BoxWording {
    var random: CounterRandom

    mutating func sentence(_ expression: BoxExpression) -> String {
        let article = random.chance(0.8) ? "the " : ""
        return article + body(expression)
    }

    private mutating func body(_ expression: BoxExpression) -> String {
        switch expression {
        case .category(let noun): return noun
        case .side(let noun, let side):
            return random.chance(0.25) ? "\(side.rawValue) \(noun)" : "\(noun) \(place(side))"
        case .outermost(let noun, let side): return outermost(noun, side)
        case .order(let noun, let number, let side):
            return "\(Self.ordinals[number] ?? "\(number)th") \(noun) from the \(side.rawValue)"
        case .size(let noun, .largest): return random.pick(["largest", "biggest"]) + " " + noun
        case .size(let noun, .smallest): return random.pick(["smallest", "smallest", "tiniest"]) + " " + noun
        case .relation(let noun, let relation, let anchor): return "\(noun) \(words(relation)) the \(anchor)"
        }
    }

    private mutating func place(_ side: BoxExpression.Side) -> String {
        let word = side.rawValue
        return side == .left || side == .right
            ? random.pick([
                "on the \(word)", "on the \(word)", "on the \(word) side", "on the \(word) side of the picture",
            ])
            : random.pick(["at the \(word)", "at the \(word)", "at the \(word) of the picture"])
    }

    private mutating func outermost(_ noun: String, _ side: BoxExpression.Side) -> String {
        switch side {
        case .left, .right:
            switch random.int(10) {
            case 0..<2: "\(noun) furthest to the \(side.rawValue)"
            case 2..<4: "first \(noun) from the \(side.rawValue)"
            default: "\(side.rawValue)most \(noun)"
            }
        case .top: random.pick(["topmost", "highest", "top"]) + " " + noun
        case .bottom: random.pick(["bottommost", "lowest", "bottom"]) + " " + noun
        }
    }

    private mutating func words(_ relation: BoxExpression.Relation) -> String {
        switch relation {
        case .leftOf: random.pick(["left of", "to the left of", "on the left side of"])
        case .rightOf: random.pick(["right of", "to the right of", "on the right side of"])
        case .above: random.pick(["above", "above", "over"])
        case .below: random.pick(["below", "below", "under"])
        case .nearest: random.pick(["closest to", "nearest to", "nearest"])
        }
    }

    static let ordinals = [2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth"]
}
