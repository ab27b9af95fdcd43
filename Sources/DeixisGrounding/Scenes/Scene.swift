/// One drawn thing. Coordinates are pixels of the scene's own size, y down; `radius` is the size a person sees: shapes
/// of one radius cover about the same area.
public struct SceneObject: Sendable {
    public var shape: SceneShape
    public var color: SceneColor
    public var pattern: ScenePattern
    public var size: SceneSize
    public var centerX: Double
    public var centerY: Double
    public var radius: Double
    /// Degrees, clockwise on the screen.
    public var rotation: Double
    /// The fill after shade variation, 0...1.
    var fill: SceneTone
    /// The second tone of stripes and dots: the same color, lighter or darker.
    var accent: SceneTone
    /// Direction of the stripes or of the grid of dots, degrees.
    var patternAngle: Double

    /// Tight bounds of the *full* shape, hidden parts included, before clipping to the image.
    public var bounds: SceneRect { ShapeOutline.bounds(of: self) }
}

/// RGB in 0...1.
struct SceneTone: Sendable {
    var red, green, blue: Double

    static func hsv(_ hue: Double, _ saturation: Double, _ value: Double) -> SceneTone {
        let h = (hue - 360 * (hue / 360).rounded(.down)) / 60
        let c = value * saturation
        let x = c * (1 - abs(h.truncatingRemainder(dividingBy: 2) - 1))
        let m = value - c
        let rgb: (Double, Double, Double) =
            switch Int(h) {
            case 0: (c, x, 0)
            case 1: (x, c, 0)
            case 2: (0, c, x)
            case 3: (0, x, c)
            case 4: (x, 0, c)
            default: (c, 0, x)
            }
        return SceneTone(red: rgb.0 + m, green: rgb.1 + m, blue: rgb.2 + m)
    }

    func mixed(_ other: SceneTone, _ share: Double) -> SceneTone {
        SceneTone(
            red: red + (other.red - red) * share, green: green + (other.green - green) * share,
            blue: blue + (other.blue - blue) * share)
    }
}

/// An axis-aligned rectangle in scene pixels.
public struct SceneRect: Sendable, Equatable {
    public var minX, minY, maxX, maxY: Double
    public var width: Double { maxX - minX }
    public var height: Double { maxY - minY }
    public var area: Double { max(0, width) * max(0, height) }

    public func intersection(_ other: SceneRect) -> SceneRect {
        SceneRect(
            minX: max(minX, other.minX), minY: max(minY, other.minY),
            maxX: max(max(minX, other.minX), min(maxX, other.maxX)),
            maxY: max(max(minY, other.minY), min(maxY, other.maxY)))
    }
}

/// A picture before it is pixels. Later objects lie in front of earlier ones.
public struct Scene: Sendable {
    public var width: Int
    public var height: Int
    var background: SceneBackground
    public var objects: [SceneObject]

    public var shortSide: Double { Double(min(width, height)) }

    /// Bounds of object `index` clipped to the image: what a dataset's `box` is.
    public func box(of index: Int) -> SceneRect {
        objects[index].bounds.intersection(SceneRect(minX: 0, minY: 0, maxX: Double(width), maxY: Double(height)))
    }
}

/// What lies behind the objects. Tones are muted (saturation at most 0.25, value 0.42 to 0.66, grain aside): every
/// named color stands out.
enum SceneBackground: Sendable {
    case plain(SceneTone)
    /// Linear from one edge to the other, at `angle` degrees.
    case gradient(SceneTone, SceneTone, angle: Double)
    /// Grain: smooth random values on a lattice of `cell` scene pixels, `amplitude` in 0...1.
    case noise(SceneTone, cell: Double, amplitude: Double, seed: UInt64)
    case checker(SceneTone, SceneTone, cell: Double)
    /// Soft clouds between two tones on a lattice of `cell` scene pixels.
    case blobs(SceneTone, SceneTone, cell: Double, seed: UInt64)
}
