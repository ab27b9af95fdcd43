/// What can be seen of one object, and the words for it. Each enum's `words` are its synonyms, the commonest first.

public enum SceneShape: String, CaseIterable, Sendable, Hashable {
    case circle, square, triangle, star, cross, ring, diamond, heart

    var words: [String] {
        switch self {
        case .circle: ["circle", "disc"]
        case .square: ["square", "box"]
        case .triangle: ["triangle"]
        case .star: ["star"]
        case .cross: ["cross", "plus"]
        case .ring: ["ring", "hoop"]
        case .diamond: ["diamond"]
        case .heart: ["heart"]
        }
    }
}

public enum SceneColor: String, CaseIterable, Sendable, Hashable {
    case red, orange, yellow, green, blue, purple, white, black

    var words: [String] { [rawValue] }

    /// Hue in degrees, saturation and value (HSV) before shade variation. Hues lie at least 26 degrees apart, so that
    /// the variation of +-4 degrees never carries one color's name over to another.
    var hsv: (hue: Double, saturation: Double, value: Double) {
        switch self {
        case .red: (0, 0.90, 0.86)
        case .orange: (28, 0.95, 0.98)
        case .yellow: (55, 0.90, 0.97)
        case .green: (128, 0.80, 0.64)
        case .blue: (220, 0.85, 0.88)
        case .purple: (284, 0.72, 0.66)
        case .white: (0, 0, 0.98)
        case .black: (0, 0, 0.07)
        }
    }
}

public enum ScenePattern: String, CaseIterable, Sendable, Hashable {
    case plain, striped, dotted

    var words: [String] {
        switch self {
        case .plain: ["plain", "solid"]
        case .striped: ["striped"]
        case .dotted: ["dotted", "spotted"]
        }
    }

    /// "the star with stripes"; nil where only an adjective is natural.
    var suffix: String? {
        switch self {
        case .plain: nil
        case .striped: "with stripes"
        case .dotted: "with dots"
        }
    }
}

/// Radii come from three bands with gaps of at least 20% between them; the middle one has no word.
public enum SceneSize: String, CaseIterable, Sendable, Hashable {
    case small, medium, large

    var words: [String] {
        switch self {
        case .small: ["small", "little", "tiny"]
        case .medium: []
        case .large: ["large", "big"]
        }
    }

    /// Radius as a share of the image's short side.
    var band: ClosedRange<Double> {
        switch self {
        case .small: 0.078...0.098
        case .medium: 0.120...0.140
        case .large: 0.172...0.215
        }
    }
}
