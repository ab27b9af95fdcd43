public import DeixisFiles

/// Which objects a noun phrase may mean: nil leaves a property open, and no shape is "object".
public struct SceneDescription: Sendable, Hashable {
    public var size: SceneSize?
    public var pattern: ScenePattern?
    public var color: SceneColor?
    public var shape: SceneShape?

    public init(
        size: SceneSize? = nil, pattern: ScenePattern? = nil, color: SceneColor? = nil, shape: SceneShape? = nil
    ) {
        self.size = size
        self.pattern = pattern
        self.color = color
        self.shape = shape
    }
}

public enum SceneRelation: String, CaseIterable, Sendable, Hashable { case leftOf, rightOf, above, below, nextTo }
public enum SceneSuperlative: String, CaseIterable, Sendable, Hashable {
    case leftmost, rightmost, topmost, bottommost, largest, smallest
}
public enum SceneSide: String, CaseIterable, Sendable, Hashable { case left, right, top, bottom }

/// What a sentence says, before it is words. Exactly one object of its scene makes it true.
public enum SceneExpression: Sendable, Hashable {
    /// "the red circle"
    case attribute(SceneDescription)
    /// "the circle on the left"
    case side(SceneDescription, SceneSide)
    /// "the leftmost circle"
    case superlative(SceneSuperlative, SceneDescription)
    /// "the circle left of the blue square"
    case relation(SceneDescription, SceneRelation, SceneDescription)
    /// "the circle closest to the blue square"
    case nearest(SceneDescription, SceneDescription)
    /// "the circle between the blue square and the star"
    case between(SceneDescription, SceneDescription, SceneDescription)

    public var kind: SceneExpressionKind {
        switch self {
        case .attribute: .attribute
        case .side: .side
        case .superlative: .superlative
        case .relation: .relation
        case .nearest: .nearest
        case .between: .between
        }
    }
}

public enum SceneExpressionKind: String, NamedSetting, Hashable {
    case attribute, side, superlative, relation, nearest, between
}
