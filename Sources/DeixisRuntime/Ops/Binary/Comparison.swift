import DeixisGraph

// A and B of one element type, C bool; comparisons with NaN are false.
extension Binary {
    static let equal = definition(
        "Equal", since: 7, types: .movable, to: .bool,
        .init(
            real: { $0 == $1 ? 1 : 0 }, integer: { $0 == $1 ? 1 : 0 }))
    static let less = definition(
        "Less", since: 7, to: .bool,
        .init(
            real: { $0 < $1 ? 1 : 0 }, integer: { $0 < $1 ? 1 : 0 }, unsigned: { $0 < $1 ? 1 : 0 }))
    static let lessOrEqual = definition(
        "LessOrEqual", since: 12, to: .bool,
        .init(
            real: { $0 <= $1 ? 1 : 0 }, integer: { $0 <= $1 ? 1 : 0 }, unsigned: { $0 <= $1 ? 1 : 0 }))
    static let greater = definition(
        "Greater", since: 7, to: .bool,
        .init(
            real: { $0 > $1 ? 1 : 0 }, integer: { $0 > $1 ? 1 : 0 }, unsigned: { $0 > $1 ? 1 : 0 }))
    static let greaterOrEqual = definition(
        "GreaterOrEqual", since: 12, to: .bool,
        .init(
            real: { $0 >= $1 ? 1 : 0 }, integer: { $0 >= $1 ? 1 : 0 }, unsigned: { $0 >= $1 ? 1 : 0 }))
}
