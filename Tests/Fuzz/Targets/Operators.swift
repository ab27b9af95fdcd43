/// Operators with the attributes that each knows, for graphs of operators that exist.
struct Operators: Sendable {
    enum Kind: Character { case int = "i", ints = "I", float = "f", string = "s", tensor = "t" }

    let name: String
    let inputs: ClosedRange<Int>
    let outputs: Int
    let attributes: [(name: String, kind: Kind)]

    /// `name least most outputs attribute:kind...`
    private init(_ line: Substring) {
        let words = line.split(separator: " ")
        name = String(words[0])
        inputs = (Int(words[1]) ?? 1)...(Int(words[2]) ?? 1)
        outputs = Int(words[3]) ?? 1
        attributes = words.dropFirst(4).map { word in
            let parts = word.split(separator: ":")
            return (String(parts[0]), Kind(rawValue: parts[1].first ?? "i") ?? .int)
        }
    }

    static let all: [Operators] = list.split(separator: "\n").map { Operators($0) }

    private static let list = """
        Add 2 2 1
        Sub 2 2 1
        Mul 2 2 1
        Div 2 2 1
        Mod 2 2 1 fmod:i
        Pow 2 2 1
        PRelu 2 2 1
        Equal 2 2 1
        Less 2 2 1
        And 2 2 1
        Xor 2 2 1
        BitwiseAnd 2 2 1
        BitShift 2 2 1 direction:s
        Sum 1 4 1
        Mean 1 4 1
        Max 1 4 1
        Min 1 4 1
        Relu 1 1 1
        LeakyRelu 1 1 1 alpha:f
        Elu 1 1 1 alpha:f
        Selu 1 1 1 alpha:f gamma:f
        HardSigmoid 1 1 1 alpha:f beta:f
        HardSwish 1 1 1
        Shrink 1 1 1 bias:f lambd:f
        Gelu 1 1 1 approximate:s
        Sigmoid 1 1 1
        Tanh 1 1 1
        Erf 1 1 1
        Exp 1 1 1
        Log 1 1 1
        Sqrt 1 1 1
        Neg 1 1 1
        Abs 1 1 1
        Floor 1 1 1
        Round 1 1 1
        Not 1 1 1
        IsInf 1 1 1 detect_negative:i detect_positive:i
        Cast 1 1 1 to:i
        CastLike 2 2 1
        Where 3 3 1
        Clip 1 3 1
        Trilu 1 2 1 upper:i
        OneHot 3 3 1 axis:i
        Identity 1 1 1
        Dropout 1 3 2
        Constant 0 0 1 value:t value_int:i value_ints:I value_float:f
        ConstantOfShape 1 1 1 value:t
        Range 3 3 1
        EyeLike 1 1 1 dtype:i k:i
        Shape 1 1 1 start:i end:i
        Size 1 1 1
        Squeeze 1 2 1
        Unsqueeze 2 2 1
        Flatten 1 1 1 axis:i
        Expand 2 2 1
        Tile 2 2 1
        DepthToSpace 1 1 1 blocksize:i mode:s
        SpaceToDepth 1 1 1 blocksize:i
        Concat 1 5 1 axis:i
        Split 1 2 3 axis:i num_outputs:i
        Slice 3 5 1
        Pad 2 4 1 mode:s
        Gather 2 2 1 axis:i
        GatherElements 2 2 1 axis:i
        GatherND 2 2 1 batch_dims:i
        ScatterElements 3 3 1 axis:i reduction:s
        ScatterND 3 3 1 reduction:s
        CumSum 2 2 1 exclusive:i reverse:i
        ReduceSum 1 2 1 keepdims:i noop_with_empty_axes:i
        ReduceMean 1 2 1 axes:I keepdims:i noop_with_empty_axes:i
        ReduceMax 1 2 1 axes:I keepdims:i
        ReduceProd 1 2 1 axes:I keepdims:i
        ReduceL2 1 2 1 axes:I keepdims:i
        ReduceLogSumExp 1 2 1 axes:I keepdims:i
        ArgMax 1 1 1 axis:i keepdims:i select_last_index:i
        TopK 2 2 2 axis:i largest:i sorted:i
        Gemm 2 3 1 alpha:f beta:f transA:i transB:i
        MatMul 2 2 1
        MatMulInteger 2 4 1
        Einsum 1 3 1 equation:s
        Conv 2 3 1 auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I
        ConvInteger 2 4 1 auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I
        ConvTranspose 2 3 1 auto_pad:s dilations:I group:i kernel_shape:I output_padding:I output_shape:I pads:I strides:I
        MaxPool 1 1 2 auto_pad:s ceil_mode:i dilations:I kernel_shape:I pads:I storage_order:i strides:I
        AveragePool 1 1 1 auto_pad:s ceil_mode:i count_include_pad:i dilations:I kernel_shape:I pads:I strides:I
        LpPool 1 1 1 auto_pad:s kernel_shape:I p:i pads:I strides:I
        GlobalAveragePool 1 1 1
        GlobalLpPool 1 1 1 p:i
        Softmax 1 1 1 axis:i
        LogSoftmax 1 1 1 axis:i
        Hardmax 1 1 1 axis:i
        LayerNormalization 2 3 3 axis:i epsilon:f stash_type:i
        RMSNormalization 2 2 1 axis:i epsilon:f
        InstanceNormalization 3 3 1 epsilon:f
        GroupNormalization 3 3 1 num_groups:i epsilon:f
        BatchNormalization 5 5 1 epsilon:f training_mode:i
        LpNormalization 1 1 1 axis:i p:i
        MeanVarianceNormalization 1 1 1 axes:I
        LRN 1 1 1 alpha:f beta:f bias:f size:i
        Resize 1 4 1 antialias:i axes:I coordinate_transformation_mode:s cubic_coeff_a:f exclude_outside:i extrapolation_value:f keep_aspect_ratio_policy:s mode:s nearest_mode:s
        QuantizeLinear 2 3 1 axis:i block_size:i output_dtype:i precision:i saturate:i
        DequantizeLinear 2 3 1 axis:i block_size:i output_dtype:i
        DynamicQuantizeLinear 1 1 3
        Reshape 2 2 1 allowzero:i
        Transpose 1 1 1 perm:I
        """
}
