import Foundation

/// Every shape as closed contours on the unit circle; holes run the other way round. The renderer fills exactly these
/// contours and the box is exactly their bounds, so that neither can drift from the other.
enum ShapeOutline {
    typealias Point = SIMD2<Double>

    /// Contours for radius 1 around the origin, y down.
    static let unit: [SceneShape: [[Point]]] = {
        var table: [SceneShape: [[Point]]] = [:]
        for shape in SceneShape.allCases { table[shape] = contours(of: shape) }
        return table
    }()

    private static func contours(of shape: SceneShape) -> [[Point]] {
        switch shape {
        case .circle: [arc(radius: 1, count: 64)]
        case .ring: [arc(radius: 1.05, count: 64), arc(radius: 0.62, count: 48).reversed()]
        case .square: [[Point(-0.86, -0.86), Point(0.86, -0.86), Point(0.86, 0.86), Point(-0.86, 0.86)]]
        case .triangle: [corners([1.18, 1.18, 1.18])]
        case .star: [corners((0..<10).map { $0 % 2 == 0 ? 1.22 : 0.52 })]
        case .diamond: [[Point(0, -1.22), Point(0.74, 0), Point(0, 1.22), Point(-0.74, 0)]]
        case .cross:
            [quarterTurns([Point(-0.36, -1.05), Point(0.36, -1.05), Point(0.36, -0.36)])]
        case .heart: [heart()]
        }
    }

    private static func arc(radius: Double, count: Int) -> [Point] {
        (0..<count).map { i in
            let angle = 2 * Double.pi * Double(i) / Double(count)
            return Point(radius * cos(angle), radius * sin(angle))
        }
    }

    /// Corners at equal angles, the first one up.
    private static func corners(_ radii: [Double]) -> [Point] {
        radii.enumerated().map { i, radius in
            let angle = 2 * Double.pi * Double(i) / Double(radii.count) - .pi / 2
            return Point(radius * cos(angle), radius * sin(angle))
        }
    }

    private static func quarterTurns(_ points: [Point]) -> [Point] {
        var all: [Point] = []
        var current = points
        for _ in 0..<4 {
            all += current
            current = current.map { Point(-$0.y, $0.x) }
        }
        return all
    }

    /// x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, scaled and centered.
    private static func heart() -> [Point] {
        (0..<64).map { i in
            let t = 2 * Double.pi * Double(i) / 64
            let x = 16 * pow(sin(t), 3)
            let y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)
            return Point(x, -(y + 2.5)) / 15
        }
    }

    /// The contours of `object` in scene pixels.
    static func placed(_ object: SceneObject) -> [[Point]] {
        let angle = object.rotation * .pi / 180
        let c = cos(angle) * object.radius, s = sin(angle) * object.radius
        let center = Point(object.centerX, object.centerY)
        return (unit[object.shape] ?? []).map { contour in
            contour.map { center + Point($0.x * c - $0.y * s, $0.x * s + $0.y * c) }
        }
    }

    /// Whether the contours wind around `p`; inside a hole they do not.
    static func winds(_ contours: [[Point]], around p: Point) -> Bool {
        var turns = 0
        for contour in contours {
            guard var a = contour.last else { continue }
            for b in contour {
                if (a.y <= p.y) != (b.y <= p.y) {
                    let side = (b.x - a.x) * (p.y - a.y) - (p.x - a.x) * (b.y - a.y)
                    if b.y > a.y, side > 0 { turns += 1 }
                    if b.y < a.y, side < 0 { turns -= 1 }
                }
                a = b
            }
        }
        return turns != 0
    }

    static func bounds(of object: SceneObject) -> SceneRect {
        var rect = SceneRect(minX: .infinity, minY: .infinity, maxX: -.infinity, maxY: -.infinity)
        for contour in placed(object) {
            for p in contour {
                rect.minX = min(rect.minX, p.x)
                rect.maxX = max(rect.maxX, p.x)
                rect.minY = min(rect.minY, p.y)
                rect.maxY = max(rect.maxY, p.y)
            }
        }
        return rect
    }
}
