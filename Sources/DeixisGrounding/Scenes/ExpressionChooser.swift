/// Finds an expression of a wanted kind that is true of exactly one object of a scene. It proposes; `ExpressionMeaning`
/// decides.
struct ExpressionChooser {
    let settings: SceneSettings
    /// Proposals per scene before the generator draws another scene.
    static let proposals = 24

    /// What is wanted, settled before the scene is drawn, so that rejection cannot bend the mix.
    struct Wish {
        var kind: SceneExpressionKind
        var relation: SceneRelation
        var superlative: SceneSuperlative
        var side: SceneSide
        var ambiguousNoun: Bool
        /// Objects to draw.
        var count: Int
        var minimumObjects: Int { kind == .between || kind == .nearest ? 3 : min(count, 2) }
    }

    func wish(_ random: inout CounterRandom) -> Wish {
        let count = settings.objectCounts[random.index(weights: settings.objectCounts.map(\.share))].count
        let kind = count == 1 ? .attribute : settings.kinds[random.index(weights: settings.kinds.map(\.share))].kind
        var wish = Wish(
            kind: kind,
            relation: random.pick(SceneRelation.allCases), superlative: random.pick(SceneSuperlative.allCases),
            side: random.pick(SceneSide.allCases), ambiguousNoun: random.chance(settings.ambiguousNoun),
            count: count)
        wish.count = max(count, wish.minimumObjects)
        return wish
    }

    func choose(_ wish: Wish, in scene: Scene, _ random: inout CounterRandom) -> (SceneExpression, target: Int)? {
        let meaning = ExpressionMeaning(scene)
        for _ in 0..<Self.proposals {
            let target = random.int(scene.objects.count)
            guard let proposal = propose(wish, for: target, meaning, &random) else { continue }
            if meaning.onlyReferent(of: proposal) == target { return (proposal, target) }
        }
        return nil
    }

    private func propose(
        _ wish: Wish, for target: Int, _ meaning: ExpressionMeaning, _ random: inout CounterRandom
    ) -> SceneExpression? {
        let object = meaning.scene.objects[target]
        if wish.kind == .attribute { return .attribute(Self.full(object, &random)) }
        let noun = Self.short(object, &random)
        if wish.ambiguousNoun, meaning.candidates(noun).count < 2 { return nil }
        func anchor(_ random: inout CounterRandom) -> SceneDescription {
            Self.short(random.pick(meaning.scene.objects), &random, named: true)
        }
        switch wish.kind {
        case .attribute: return nil
        case .side: return .side(noun, wish.side)
        case .superlative: return .superlative(wish.superlative, noun)
        case .relation: return .relation(noun, wish.relation, anchor(&random))
        case .nearest: return .nearest(noun, anchor(&random))
        case .between:
            let first = anchor(&random), second = anchor(&random)
            return .between(noun, first, second)
        }
    }

    /// For "the small striped red star": color and shape mostly, the rest now and then.
    private static func full(_ object: SceneObject, _ random: inout CounterRandom) -> SceneDescription {
        //                 size, pattern, color, shape
        let forms: [(Bool, Bool, Bool, Bool, Double)] = [
            (false, false, true, true, 0.34), (false, false, false, true, 0.12), (false, false, true, false, 0.10),
            (true, false, false, true, 0.10), (false, true, false, true, 0.08), (true, false, true, true, 0.10),
            (false, true, true, true, 0.07), (true, true, true, true, 0.03), (true, false, false, false, 0.02),
            (false, true, false, false, 0.02), (true, false, true, false, 0.02),
        ]
        let form = forms[random.index(weights: forms.map(\.4))]
        return SceneDescription(
            size: form.0 && object.size != .medium ? object.size : nil, pattern: form.1 ? object.pattern : nil,
            color: form.2 ? object.color : nil, shape: form.3 ? object.shape : nil)
    }

    /// Nouns inside longer sentences: "the star", "the red star", "the red one", "the object"; anchors are never bare.
    private static func short(
        _ object: SceneObject, _ random: inout CounterRandom, named: Bool = false
    ) -> SceneDescription {
        switch random.index(weights: [0.40, 0.28, 0.12, 0.08, named ? 0 : 0.12]) {
        case 0: SceneDescription(shape: object.shape)
        case 1: SceneDescription(color: object.color, shape: object.shape)
        case 2: SceneDescription(color: object.color)
        case 3: SceneDescription(size: object.size == .medium ? nil : object.size, shape: object.shape)
        default: SceneDescription()
        }
    }
}
