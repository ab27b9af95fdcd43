import DeixisGraph
public import DeixisRuntime

extension OperatorSet {
    /// Everything there is.
    public static let all = OperatorSet(functions: [
        FunctionLine("Attention", since: 23, AttentionFunctions.attention),
        FunctionLine("MultiHeadAttention", domain: "com.microsoft", AttentionFunctions.multiHead),
        FunctionLine("RotaryEmbedding", since: 23, RotaryFunctions.embedding),
        FunctionLine("DequantizeLinear", QuantizedFunctions.blocked),
        FunctionLine("QLinearConv", since: 10, QuantizedFunctions.conv),
        FunctionLine("QLinearMatMul", since: 10, QuantizedFunctions.matMul),
        FunctionLine("QLinearAdd", domain: "com.microsoft", QuantizedFunctions.binary("Add")),
        FunctionLine("QLinearMul", domain: "com.microsoft", QuantizedFunctions.binary("Mul")),
        FunctionLine("QLinearSigmoid", domain: "com.microsoft", QuantizedFunctions.unary("Sigmoid")),
        FunctionLine("QLinearLeakyRelu", domain: "com.microsoft", QuantizedFunctions.unary("LeakyRelu")),
        FunctionLine("QLinearAveragePool", domain: "com.microsoft", QuantizedFunctions.unary("AveragePool")),
        FunctionLine(
            "QLinearGlobalAveragePool", domain: "com.microsoft", QuantizedFunctions.unary("GlobalAveragePool")),
        FunctionLine("QLinearConcat", domain: "com.microsoft", QuantizedFunctions.concat),
        FunctionLine("MatMulNBits", domain: "com.microsoft", QuantizedFunctions.matMulNBits),
        FunctionLine("SkipLayerNormalization", domain: "com.microsoft", FusedFunctions.skipLayerNorm),
        FunctionLine("SkipSimplifiedLayerNormalization", domain: "com.microsoft", FusedFunctions.skipRMSNorm),
        FunctionLine("SimplifiedLayerNormalization", FusedFunctions.renamed("RMSNormalization")),
        FunctionLine(
            "SimplifiedLayerNormalization", domain: "com.microsoft", FusedFunctions.renamed("RMSNormalization")),
        FunctionLine("Gelu", domain: "com.microsoft", FusedFunctions.renamed("Gelu")),
        FunctionLine("FastGelu", domain: "com.microsoft", FusedFunctions.gelu("tanh")),
        FunctionLine("BiasGelu", domain: "com.microsoft", FusedFunctions.gelu("none")),
        FunctionLine("QuickGelu", domain: "com.microsoft", FusedFunctions.quickGelu),
        FunctionLine("FusedConv", domain: "com.microsoft", FusedFunctions.conv),
        FunctionLine("FusedMatMul", domain: "com.microsoft", FusedFunctions.matMul),
    ])
}
