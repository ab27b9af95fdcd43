import DeixisGraph

/// Rewritings of the graph, named by a verb; each rule's doc comment is an equation. Rules of one pass run together, to a fixed point.
struct Pass {
    var name: StaticString
    var rules: [Rule]
}

enum Passes {
    /// Once per session, at shapes that may be unknown. Constants made here are the same for every plan.
    static var portable: [Pass] {
        [
            Pass(name: "RemoveIdentity", rules: [RemoveIdentity.rule]),
            Pass(name: "UseUnsigned", rules: [UseUnsigned.rule]),
            Pass(name: "UseStoredProducts", rules: [UseStoredProducts.rule]),
            Pass(name: "FuseLinear", rules: [FuseLinear.rule]),
            Pass(name: "FuseBatchNormIntoConv", rules: [FuseBatchNormIntoConv.rule]),
        ]
    }

    /// Once per plan, at concrete shapes.
    static var target: [Pass] {
        [
            Pass(name: "RemoveIdentity", rules: [RemoveIdentity.rule]),
            Pass(name: "ShareEqualNodes", rules: [ShareEqualNodes.rule]),
            Pass(name: "FuseImageNormalization", rules: [FuseImageNormalization.rule]),
            Pass(name: "FuseGelu", rules: [FuseGelu.rule]),
            Pass(
                name: "MoveQuantization",
                rules: [MoveQuantization.cancel, MoveQuantization.image, MoveQuantization.down, MoveQuantization.up]),
            Pass(name: "MapStored", rules: [MoveQuantization.map]),
            Pass(name: "UseStoredAttention", rules: [UseStoredAttention.rule]),
            Pass(name: "SumBeforeRounding", rules: [FuseStoredTail.sumBeforeRounding]),
            Pass(name: "FuseStoredBias", rules: [FuseStoredBias.rule]),
            Pass(name: "FuseStoredTail", rules: [FuseStoredTail.activation, FuseStoredTail.residual, FuseStoredTail.quantize]),
            Pass(name: "FuseAttention", rules: [FuseAttention.rule]),
            Pass(name: "MoveSlicesUp", rules: [MoveSlicesUp.gather, MoveSlicesUp.rule, ShareEqualNodes.rule]),
            Pass(name: "UseChannelsLast", rules: [UseChannelsLast.rule]),
            Pass(
                name: "MoveTransposes",
                rules: [MoveTransposes.compose, MoveTransposes.moveDown, MoveTransposes.tokens, RemoveIdentity.rule]),
            Pass(name: "FuseBias", rules: [FuseBias.rule]),
            Pass(name: "Reassociate", rules: [Reassociate.rule]),
            Pass(name: "FuseResidualIntoLayerNorm", rules: [FuseResidualIntoLayerNorm.rule]),
            Pass(name: "UseStoredLayerNorm", rules: [UseStoredLayerNorm.rule]),
            Pass(name: "FuseStoredAdd", rules: [FuseStoredTail.add, FuseStoredTail.activation, FuseStoredTail.quantize]),
            Pass(name: "UseStoredActivation", rules: [UseStoredActivation.rule]),
            Pass(name: "FuseResidual", rules: [FuseResidual.rule, FuseActivation.rule]),
            Pass(name: "UseActivate", rules: [UseActivate.rule]),
            Pass(name: "ShareEqualNodes", rules: [ShareEqualNodes.rule]),
        ]
    }

    static func run(_ passes: [Pass], on graph: Graph) throws(RuntimeError) -> Graph {
        let editor = GraphEditor(graph)
        for pass in passes {
            let rules = pass.rules
            editor.rewrite { editor, id, node in
                for rule in rules { if let patch = rule(editor, id, node) { return patch } }
                return nil
            }
            editor.removeUnused()
        }
        do throws(GraphError) { return try editor.finish() } catch { throw .invalidGraph(reason: Message(error.description)) }
    }
}
