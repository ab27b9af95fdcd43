/// A scene, a sentence, and the one object the sentence means.
public struct SceneSample: Sendable {
    public let scene: Scene
    public let expression: SceneExpression
    public let sentence: String
    /// Index into `scene.objects`.
    public let target: Int
    public var kind: SceneExpressionKind { expression.kind }
    public var box: SceneRect { scene.box(of: target) }
}

/// Endless scenes: sample `index` of `seed` is a pure function of the two and of the settings. Different seeds share no
/// scene.
public struct SceneGenerator: Sendable {
    public let seed: UInt64
    public let settings: SceneSettings

    public init(seed: UInt64, settings: SceneSettings = SceneSettings()) {
        self.seed = seed
        self.settings = settings
    }

    public func sample(_ index: UInt64) -> SceneSample {
        var random = CounterRandom(seed: seed, stream: index)
        let composer = SceneComposer(settings: settings)
        let chooser = ExpressionChooser(settings: settings)
        var wish = chooser.wish(&random)
        for attempt in 0... {
            // Rare wishes (two objects, one "between" them) are given up in time; an attribute is always found soon.
            if attempt == 400 { wish.kind = .attribute }
            guard let scene = composer.compose(&random, count: wish.count, minimum: wish.minimumObjects),
                let (expression, target) = chooser.choose(wish, in: scene, &random)
            else { continue }
            var wording = ExpressionWording(random: random)
            return SceneSample(
                scene: scene, expression: expression, sentence: wording.sentence(expression), target: target)
        }
        preconditionFailure("an endless loop ended")
    }
}
