import DeixisGraph

// On bool, and bit by bit on integers.
extension Binary {
    static let and = bits("And", since: 7, types: [.bool]) { $0 & $1 }
    static let or = bits("Or", since: 7, types: [.bool]) { $0 | $1 }
    static let xor = bits("Xor", since: 7, types: [.bool]) { $0 ^ $1 }
    static let bitwiseAnd = bits("BitwiseAnd", since: 18, types: .integers) { $0 & $1 }
    static let bitwiseOr = bits("BitwiseOr", since: 18, types: .integers) { $0 | $1 }
    static let bitwiseXor = bits("BitwiseXor", since: 18, types: .integers) { $0 ^ $1 }

    /// A << B or A >> B by `direction`; bits shifted beyond the element are lost.
    static let bitShift = definition(
        "BitShift", since: 11, types: .unsignedIntegers,
        function: { (call: OperatorCall) throws(RuntimeError) in
            let direction = try call.string("direction", default: "")
            if direction == "LEFT" { return shift { $0 << $1 } }
            guard direction == "RIGHT" else { throw call.invalid("direction '\(direction)' is neither LEFT nor RIGHT") }
            return shift { $0 >> $1 }
        })

    private static func bits(
        _ name: Name, since: Int, types: [ElementType], _ function: @escaping @Sendable (Int64, Int64) -> Int64
    ) -> OperatorDefinition {
        definition(name, since: since, types: types, .init(real: { a, _ in a }, integer: function))
    }

    /// Narrower unsigned elements are zero-extended, so their shifts are those of uint64.
    private static func shift(_ function: @escaping @Sendable (UInt64, UInt64) -> UInt64) -> Function {
        Function(
            real: { a, _ in a },
            integer: {
                Int64(bitPattern: function(UInt64(bitPattern: $0), UInt64(bitPattern: $1)))
            })
    }
}
