/// How often what is drawn and said. Shares need not add up to 1.
public struct SceneSettings: Sendable {
    /// The mix of expression kinds.
    public var kinds: [(kind: SceneExpressionKind, share: Double)] = [
        (.attribute, 0.40), (.superlative, 0.20), (.relation, 0.20), (.side, 0.10), (.between, 0.05), (.nearest, 0.05),
    ]
    /// Share of scenes with 2, 3, ... objects ("between" draws at least 3).
    public var objectCounts: [(count: Int, share: Double)] = [(2, 0.10), (3, 0.25), (4, 0.30), (5, 0.20), (6, 0.15)]
    public var imageSizes: [(width: Int, height: Int, share: Double)] = [
        (256, 256, 0.30), (320, 240, 0.25), (240, 320, 0.15), (288, 256, 0.10), (320, 200, 0.10), (256, 288, 0.10),
    ]
    /// Share of scenes whose objects take their colors and shapes from only two or three of each: distractors share them.
    public var smallPalette = 0.75
    /// Chance that an object repeats an earlier one's color and shape.
    public var twins = 0.30
    /// Share of scenes in which objects may overlap.
    public var overlapping = 0.35
    /// Share of position, relation and superlative expressions whose noun phrase alone fits several objects, so that the
    /// rest of the sentence decides.
    public var ambiguousNoun = 0.90

    public init() {}
}
