import CDeixisSystem
import DeixisGraph

/// Rewritings of the graph, named by a verb; each rule's doc comment is an equation. Rules of one pass run together, to
/// a fixed point.
struct Pass {
    var name: StaticString
    /// What its rules start from; nil: anything.
    var ops: [Name]?
    var rules: [Rule]

    @inline(never)
    init(name: StaticString, at ops: [Name]? = nil, rules: [Rule]) {
        self.name = name
        self.ops = ops
        self.rules = rules
    }
}

enum Passes {
    /// Once per session, at shapes that may be unknown. Constants made here are the same for every plan.
    static var portable: [Pass] {
        [
            Pass(name: "RemoveIdentity", rules: [RemoveIdentity.rule]),
            Pass(name: "UseUnsigned", at: ["QuantizeLinear"], rules: [UseUnsigned.rule]),
            Pass(name: "UseStoredProducts", at: ["Conv", "MatMul", "Gemm"], rules: [UseStoredProducts.rule]),
            Pass(name: "FuseLinear", at: ["MatMul", "Gemm"], rules: [FuseLinear.rule]),
            Pass(name: "FuseBatchNormIntoConv", at: ["BatchNormalization"], rules: [FuseBatchNormIntoConv.rule]),
        ]
    }

    /// What `FuseActivation.activation` knows.
    private static let activations: [Name] = [
        "Activate", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "HardSwish", "Gelu", "Clip",
    ]

    /// Once per plan, at concrete shapes.
    static var target: [Pass] {
        [
            Pass(name: "RemoveIdentity", rules: [RemoveIdentity.rule]),
            Pass(name: "RemoveFlattening", at: ["Reshape"], rules: [RemoveFlattening.rule]),
            Pass(name: "ShareEqualNodes", rules: [ShareEqualNodes.rule]),
            Pass(name: "FuseImageNormalization", at: ["Cast"], rules: [FuseImageNormalization.rule]),
            Pass(name: "FuseGelu", at: ["Erf"], rules: [FuseGelu.rule]),
            Pass(
                name: "MoveQuantization",
                rules: [MoveQuantization.cancel, MoveQuantization.image, MoveQuantization.down, MoveQuantization.up]),
            Pass(name: "MapStored", at: activations, rules: [MoveQuantization.map]),
            Pass(name: "UseStoredAttention", at: ["Reshape"], rules: [UseStoredAttention.rule]),
            Pass(
                name: "MapStoredArithmetic", at: ["Add", "Sub", "Mul", "Div", "Erf"],
                rules: [MoveQuantization.arithmetic]),
            Pass(name: "ComposeMaps", at: ["QMap"], rules: [MoveQuantization.compose]),
            Pass(name: "SumBeforeRounding", at: ["Add"], rules: [FuseStoredTail.sumBeforeRounding]),
            Pass(name: "FuseStoredBias", at: ["Add"], rules: [FuseStoredBias.rule]),
            Pass(
                name: "FuseStoredTail", at: activations + ["Add", "QuantizeLinear"],
                rules: [FuseStoredTail.activation, FuseStoredTail.residual, FuseStoredTail.quantize]),
            Pass(name: "FuseAttention", at: ["Reshape"], rules: [FuseAttention.rule]),
            Pass(name: "MoveSlicesUp", rules: [MoveSlicesUp.gather, MoveSlicesUp.rule, ShareEqualNodes.rule]),
            Pass(name: "UseChannelsLast", rules: [UseChannelsLast.rule]),
            Pass(
                name: "MoveTransposes",
                rules: [MoveTransposes.compose, MoveTransposes.moveDown, MoveTransposes.tokens]),
            Pass(name: "FuseBias", at: ["Add"], rules: [FuseBias.rule]),
            Pass(name: "Reassociate", at: ["Attention"], rules: [Reassociate.rule]),
            Pass(
                name: "FuseResidualIntoLayerNorm", at: ["LayerNormalization"], rules: [FuseResidualIntoLayerNorm.rule]),
            Pass(
                name: "UseStoredLayerNorm", at: ["LayerNorm", "LayerNormalization"], rules: [UseStoredLayerNorm.rule]),
            Pass(name: "FuseEmbedding", at: ["QLayerNorm", "LayerNormalization"], rules: [FuseEmbedding.rule]),
            Pass(
                name: "FuseStoredAdd", at: activations + ["Add", "QuantizeLinear"],
                rules: [FuseStoredTail.add, FuseStoredTail.activation, FuseStoredTail.quantize]),
            Pass(name: "UseStoredActivation", at: activations + ["QuantizeLinear"], rules: [UseStoredActivation.rule]),
            Pass(name: "FuseResidual", at: activations + ["Add"], rules: [FuseResidual.rule, FuseActivation.rule]),
            Pass(name: "FuseImageIntoConv", at: ["Conv", "QConv"], rules: [FuseImageIntoConv.rule]),
            Pass(name: "UseActivate", at: activations, rules: [UseActivate.rule]),
            Pass(name: "FuseProducts", at: ["Linear", "QLinear"], rules: [FuseProducts.rule]),
            Pass(name: "ShareEqualNodes", rules: [ShareEqualNodes.rule]),
        ]
    }

    static func run(_ passes: [Pass], on graph: Graph, limits: Limits = Limits()) throws(RuntimeError) -> Graph {
        let editor = GraphEditor(graph)
        editor.stepsLeft = limits.rewriteSteps
        editor.removeUnused()
        for pass in passes {
            let rules = pass.rules
            let patches = editor.rewrite(at: pass.ops) { editor, id, node in
                for rule in rules { if let patch = rule(editor, id, node) { return patch } }
                return nil
            }
            if deixis_memory_is_short() { throw .outOfMemory(bytes: 0) }
            if patches > 0 { editor.removeUnused() }
        }
        guard editor.stepsLeft >= 0 else {
            let steps = limits.rewriteSteps
            throw .limit(op: "", node: "", LimitExceeded(.rewriteSteps, value: steps - editor.stepsLeft, limit: steps))
        }
        do throws(GraphError) {
            return try editor.finish()
        } catch {
            throw .invalidGraph(reason: Message(error.description))
        }
    }
}
