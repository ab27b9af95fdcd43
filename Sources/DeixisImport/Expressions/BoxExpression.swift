import DeixisInput

/// An object of a detection data set.
struct LabelledBox: Sendable, Equatable {
    var category: String
    var box: PixelBox
    var centerX: Double { box.x + box.width / 2 }
    var centerY: Double { box.y + box.height / 2 }
}

/// What is said of an object before it is words.
enum BoxExpression: Sendable, Hashable {
    enum Side: String, CaseIterable, Sendable { case left, right, top, bottom }
    enum Size: String, CaseIterable, Sendable { case largest, smallest }
    enum Relation: String, CaseIterable, Sendable { case leftOf, rightOf, above, below, nearest }

    /// "the dog"
    case category(String)
    /// "the dog on the left"
    case side(String, Side)
    /// "the leftmost dog"
    case outermost(String, Side)
    /// "the second dog from the left"; numbers count from 2, the first is the outermost.
    case order(String, Int, from: Side)
    /// "the largest dog"
    case size(String, Size)
    /// "the dog left of the car"
    case relation(String, Relation, String)

    var kind: String {
        switch self {
        case .category: "category"
        case .side: "side"
        case .outermost: "outermost"
        case .order: "order"
        case .size: "size"
        case .relation: "relation"
        }
    }

    var category: String {
        switch self {
        case .category(let name), .side(let name, _), .outermost(let name, _), .order(let name, _, _),
            .size(let name, _), .relation(let name, _, _):
            name
        }
    }
}
