import DeixisGraph

/// Kernels of `ai.onnx` operators, one line each; `+Float.swift` in the operator's room. What is not here runs by its
/// reference.
enum Lowerings {
    typealias Lower = @Sendable (OperatorCall, Lowering) throws(RuntimeError) -> Kernel?

    static let all: [(name: Name, lower: Lower)] = [
        ("Add", Binary.lower(0)), ("Sub", Binary.lower(1)), ("Mul", Binary.lower(2)), ("Div", Binary.lower(3)),
        ("Pow", Binary.lower(6)), ("PRelu", Binary.lower(7)),
        ("Relu", Unary.lower(1)), ("Sigmoid", Unary.lower(6)), ("Tanh", Unary.lower(7)), ("Erf", Unary.lower(8)),
        ("Exp", Unary.lower(9)),
        ("Sqrt", Unary.lower(13)), ("Reciprocal", Unary.lower(14)), ("Neg", Unary.lower(15)), ("Abs", Unary.lower(16)),
        ("Log", Unary.lower(19)), ("Floor", Unary.lower(20)), ("Ceil", Unary.lower(21)), ("Round", Unary.lower(22)),
        ("Gather", Gather.lower),
        ("Softmax", Softmax.lower),
        ("LayerNormalization", LayerNormKernel.lower),
        ("MatMul", MatMul.lower),
        ("Transpose", Transpose.lower),
        ("DequantizeLinear", DequantizeLinear.lower),
    ]

    private static let index: [Name: Int] = {
        var index: [Name: Int] = [:]
        for (i, entry) in all.enumerated() { index[entry.name] = i }
        return index
    }()

    static func find(_ name: Name) -> Lower? { index[name].map { all[$0].lower } }
}
