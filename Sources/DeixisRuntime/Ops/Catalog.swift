import DeixisGraph

// How to add an operator
// ----------------------
// 1. Make a room `Ops/<Name>/` (small relatives share one: `Ops/Binary/`) with an `OperatorDefinition` in it: doc
//   comment with the formula, the shapes and the ONNX page's version notes; then four plain functions, of which two are
//   optional.
//      infer     attributes and input shapes -> output types and shapes. Reject here whatever the standard rejects, with
//                `call.invalid("...")`; integer inputs that decide shapes come from `call.integers(i)`.
//      evaluate  the naive reference, which IS the specification: read attributes, then return a closure over `Buffers` that
//                loops and allocates nothing. It folds constants, runs what has no kernel, and judges kernels in tests.
//      lower     optional, in `<Name>+Float.swift` with its line in `Lowerings.swift`: a `Kernel` over the C kernels, split into tasks; nil for shapes or types it does not serve.
//                Weights known at planning are packed through `Lowering.packed`, once per session.
//      view      optional: outputs that are bytes of an input (or inputs that are bytes of the output) need no step.
// 2. Claim element types as data (`types:`); anything else is refused with a message that names node and type.
// 3. Add one line to the list below.
// 4. Add cases to `Tests/DeixisRuntimeTests/Ops/<Name>Tests.swift`, and the operator's ONNX backend cases to the
//   manifest.
//
// What only old opsets have is a line of `Import/History.swift`; what a few other nodes can say, one of
// `DeixisOperators`. Operators of domain `deixis` are made by passes only and never met in a file.

/// Every operator the runtime knows.
enum Catalog {
    static let operators: [OperatorDefinition] = [
        Unary.relu, Unary.leakyRelu, Unary.thresholdedRelu, Unary.elu, Unary.celu, Unary.selu, Unary.shrink,
        Unary.sigmoid,
        Unary.hardSigmoid, Unary.hardSwish, Unary.swish, Unary.softplus, Unary.softsign, Unary.mish, Unary.gelu,
        Unary.exp, Unary.log, Unary.sqrt, Unary.reciprocal, Unary.erf, Unary.sin, Unary.cos, Unary.tan, Unary.asin,
        Unary.acos,
        Unary.atan, Unary.sinh, Unary.cosh, Unary.tanh, Unary.asinh, Unary.acosh, Unary.atanh,
        Unary.abs, Unary.neg, Unary.sign, Unary.floor, Unary.ceil, Unary.round, Unary.not, Unary.bitwiseNot,
        Unary.isNaN, Unary.isInf,
        Binary.add, Binary.sub, Binary.mul, Binary.div, Binary.mod, Binary.pow, Binary.prelu,
        Binary.equal, Binary.less, Binary.lessOrEqual, Binary.greater, Binary.greaterOrEqual,
        Binary.and, Binary.or, Binary.xor, Binary.bitwiseAnd, Binary.bitwiseOr, Binary.bitwiseXor, Binary.bitShift,
        Variadic.sum, Variadic.mean, Variadic.min, Variadic.max,
        Cast.cast, Cast.castLike, Where.definition, Clip.definition, Trilu.definition, OneHot.definition,
        Identity.definition, Dropout.definition, If.definition,
        ConstantOfShape.definition, RangeOperator.definition, EyeLike.definition,
        ShapeOperator.shape, ShapeOperator.size, Squeeze.squeeze, Squeeze.unsqueeze, Squeeze.flatten, Expand.definition,
        Tile.definition,
        DepthToSpace.depthToSpace, DepthToSpace.spaceToDepth,
        Concat.definition, Split.definition, Slice.definition, Pad.definition,
        Gather.definition, GatherElements.definition, GatherND.definition,
        ScatterElements.definition, ScatterND.definition,
        CumSum.definition, CumSum.product,
        Reduce.sum, Reduce.mean, Reduce.prod, Reduce.max, Reduce.min, Reduce.sumSquare, Reduce.l1, Reduce.l2,
        Reduce.logSum,
        Reduce.logSumExp, ArgMax.argMax, ArgMax.argMin, TopK.definition,
        GemmOperator.definition, ConvTranspose.definition, Softmax.log, Softmax.hardmax,
        LayerNormalization.layer, LayerNormalization.rms, InstanceNormalization.definition,
        GroupNormalization.definition,
        BatchNormalization.definition, LpNormalization.definition, MeanVarianceNormalization.definition,
        LocalResponseNormalization.definition,
        MaxPool.definition, Pool.average, Pool.lp, GlobalPool.average, GlobalPool.max, GlobalPool.lp,
        Resize.definition,
        Einsum.definition, MatMulInteger.definition, ConvInteger.definition,
        QuantizeLinear.definition, DequantizeLinear.definition, DynamicQuantizeLinear.definition,
        MatMul.definition,
        Conv.definition,
        Softmax.definition,
        Reshape.definition,
        Transpose.definition,
        // Made by passes.
        Linear.definition, Products.definition, ScaledConv.definition, ChannelsLastConv.definition,
        ChannelsLastPool.max, ChannelsLastPool.average,
        ChannelsLastResize.definition, Attention.definition, HeadExpand.definition, HeadReduce.definition,
        FusedLayerNorm.definition, NormalizeImage.definition, Activate.definition,
        QLinear.definition, QConv.definition, QConv.planar, QAttention.definition, QLayerNorm.definition,
        QAdd.definition, QMap.definition,
        QActivate.definition, Embedding.definition,
    ]

    private struct Key: Hashable {
        var domain: Name
        var name: Name
    }

    private static let index: [Key: Int] = {
        var index: [Key: Int] = [:]
        for (i, definition) in operators.enumerated() {
            let key = Key(domain: definition.domain, name: definition.name)
            if index[key] == nil { index[key] = i }
        }
        return index
    }()

    static func find(_ node: Node) -> OperatorDefinition? {
        index[Key(domain: node.domain, name: node.op)].map { operators[$0] }
    }

    /// The kernels of `definition`, if it has any.
    static func lowering(of definition: OperatorDefinition) -> Lowerings.Lower? {
        definition.lower ?? (definition.domain.isEmpty ? Lowerings.find(definition.name) : nil)
    }

    /// The definition of `node`'s operator, if this opset has it.
    static func require(_ node: Node, opset: Int) throws(RuntimeError) -> OperatorDefinition {
        guard let definition = find(node) else {
            throw .unsupportedOperators([UnsupportedOperator(node)])
        }
        if opset < definition.since {
            throw .operatorTooNew(op: node.op, node: node.name, since: definition.since, opset: opset)
        }
        return definition
    }
}
