public import DeixisInput

/// A place on a picture in pixels; (0, 0) is the top left corner, so the first pixel's center is (0.5, 0.5).
public struct Point: Sendable, Hashable {
    public var x, y: Double
    public init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}

/// Antialiased drawing on a picture. Coverage of a pixel is taken from its center's distance to the shape; parts
/// outside the picture, and shapes with NaN or infinite coordinates, are not drawn.
public struct Canvas: Sendable {
    public private(set) var image: RGBImage

    public init(_ image: RGBImage) { self.image = image }

    public init(width: Int, height: Int, color: RGB = .white) {
        image = RGBImage(width: width, height: height, color: color)
    }

    public var width: Int { image.width }
    public var height: Int { image.height }

    /// Lays a picture over this one, its top left corner at whole pixels; what lies outside is not drawn.
    public mutating func draw(_ picture: RGBImage, x left: Int, y top: Int) {
        for y in max(0, -top)..<max(max(0, -top), min(picture.height, height - top)) {
            for x in max(0, -left)..<max(max(0, -left), min(picture.width, width - left)) {
                let (from, to) = ((y * picture.width + x) * 3, ((y + top) * width + x + left) * 3)
                for c in 0..<3 { image.pixels[to + c] = picture.pixels[from + c] }
            }
        }
    }

    /// A straight stroke with round ends.
    public mutating func line(from: Point, to: Point, width: Double = 1, color: RGB, opacity: Double = 1) {
        let radius = width / 2
        let bounds = PixelBox(
            x: min(from.x, to.x) - radius, y: min(from.y, to.y) - radius,
            width: abs(to.x - from.x) + width, height: abs(to.y - from.y) + width)
        shade(bounds, color, opacity) { x, y in radius - distance(x, y, from, to) + 0.5 }
    }

    /// Strokes joined one to the next.
    public mutating func polyline(_ points: [Point], width: Double = 1, color: RGB, opacity: Double = 1) {
        for (from, to) in zip(points, points.dropFirst()) {
            line(from: from, to: to, width: width, color: color, opacity: opacity)
        }
    }

    /// A filled rectangle, its corners rounded by `radius`.
    public mutating func fill(_ box: PixelBox, color: RGB, opacity: Double = 1, radius: Double = 0) {
        shade(box, color, opacity) { x, y in 0.5 - outside(x, y, box, radius) }
    }

    /// A rectangle's outline, `width` wide and centered on its edges.
    public mutating func stroke(_ box: PixelBox, width: Double = 1, color: RGB, opacity: Double = 1, radius: Double = 0)
    {
        let grown = PixelBox(
            x: box.x - width / 2, y: box.y - width / 2, width: box.width + width, height: box.height + width)
        guard let all = pixels(near: grown) else { return }
        // The hole in the middle, which is most of a large frame, is not walked.
        let inset = width / 2 + max(radius, 0) + 1
        let left = limited(box.x + inset, all.x), right = max(limited(box.right - inset, all.x), left)
        let top = limited(box.y + inset, all.y), bottom = max(limited(box.bottom - inset, all.y), top)
        let bands = [
            (all.x, all.y.lowerBound..<top), (all.x, bottom..<all.y.upperBound),
            (all.x.lowerBound..<left, top..<bottom), (right..<all.x.upperBound, top..<bottom),
        ]
        for (columns, rows) in bands {
            shade(columns, rows, color, opacity) { x, y in 0.5 + width / 2 - abs(outside(x, y, box, radius)) }
        }
    }

    public mutating func disc(center: Point, radius: Double, color: RGB, opacity: Double = 1) {
        let bounds = PixelBox(x: center.x - radius, y: center.y - radius, width: radius * 2, height: radius * 2)
        shade(bounds, color, opacity) { x, y in
            let dx = x - center.x, dy = y - center.y
            return radius - (dx * dx + dy * dy).squareRoot() + 0.5
        }
    }

    /// A filled polygon, even-odd: each pixel is sampled at 4 x 4 places.
    public mutating func polygon(_ points: [Point], color: RGB, opacity: Double = 1) {
        guard points.count >= 3, points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return }
        let left = points.map(\.x).min() ?? 0, top = points.map(\.y).min() ?? 0
        let bounds = PixelBox(
            x: left, y: top, width: (points.map(\.x).max() ?? left) - left, height: (points.map(\.y).max() ?? top) - top
        )
        shade(bounds, color, opacity) { x, y in
            var hits = 0
            for sub in 0..<16 {
                let sample = Point(x - 0.375 + Double(sub % 4) * 0.25, y - 0.375 + Double(sub / 4) * 0.25)
                if contains(points, sample) { hits += 1 }
            }
            return Double(hits) / 16
        }
    }
}

extension Canvas {
    /// Mixes `color` into every pixel near `bounds` by coverage(center) * opacity, coverage limited to 0...1.
    @inline(__always)
    mutating func shade(_ bounds: PixelBox, _ color: RGB, _ opacity: Double, coverage: (Double, Double) -> Double) {
        guard let (columns, rows) = pixels(near: bounds) else { return }
        shade(columns, rows, color, opacity, coverage: coverage)
    }

    /// The pixels a shape within `bounds` may touch; nil for NaN and infinity.
    private func pixels(near bounds: PixelBox) -> (x: Range<Int>, y: Range<Int>)? {
        guard bounds.x.isFinite, bounds.y.isFinite, bounds.right.isFinite, bounds.bottom.isFinite else { return nil }
        let area = PixelBox(x: bounds.x - 1, y: bounds.y - 1, width: bounds.width + 2, height: bounds.height + 2)
            .clipped(width: width, height: height)
        let left = Int(area.x), right = Int(area.right.rounded(.up)), top = Int(area.y),
            bottom = Int(area.bottom.rounded(.up))
        return (left..<max(right, left), top..<max(bottom, top))
    }

    @inline(__always)
    private mutating func shade(
        _ columns: Range<Int>, _ rows: Range<Int>, _ color: RGB, _ opacity: Double, coverage: (Double, Double) -> Double
    ) {
        let stride = width * 3
        let (red, green, blue) = (Double(color.red), Double(color.green), Double(color.blue))
        let most = min(max(opacity, 0), 1)
        image.pixels.withUnsafeMutableBufferPointer { pixels in
            for y in rows {
                for x in columns {
                    let part = coverage(Double(x) + 0.5, Double(y) + 0.5)
                    guard part > 0 else { continue }
                    let alpha = min(part, 1) * most
                    let at = y * stride + x * 3
                    pixels[at] = mix(pixels[at], red, alpha)
                    pixels[at + 1] = mix(pixels[at + 1], green, alpha)
                    pixels[at + 2] = mix(pixels[at + 2], blue, alpha)
                }
            }
        }
    }
}

/// The whole number nearest `value` within `range`, its upper bound included.
private func limited(_ value: Double, _ range: Range<Int>) -> Int {
    Int(min(max(value.rounded(), Double(range.lowerBound)), Double(range.upperBound)))
}

@inline(__always)
private func mix(_ under: UInt8, _ over: Double, _ alpha: Double) -> UInt8 {
    UInt8(Double(under) + (over - Double(under)) * alpha + 0.5)
}

/// Distance from (x, y) to the segment a b.
@inline(__always)
func distance(_ x: Double, _ y: Double, _ a: Point, _ b: Point) -> Double {
    let dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy
    let along = square > 0 ? min(max(((x - a.x) * dx + (y - a.y) * dy) / square, 0), 1) : 0
    let ex = x - a.x - dx * along, ey = y - a.y - dy * along
    return (ex * ex + ey * ey).squareRoot()
}

/// Signed distance to a rectangle with rounded corners; negative inside.
@inline(__always)
private func outside(_ x: Double, _ y: Double, _ box: PixelBox, _ radius: Double) -> Double {
    let corner = max(min(radius, box.width / 2, box.height / 2), 0)
    let qx = abs(x - box.x - box.width / 2) - box.width / 2 + corner
    let qy = abs(y - box.y - box.height / 2) - box.height / 2 + corner
    let ax = max(qx, 0), ay = max(qy, 0)
    return (ax * ax + ay * ay).squareRoot() + min(max(qx, qy), 0) - corner
}

private func contains(_ points: [Point], _ place: Point) -> Bool {
    var inside = false
    var previous = points[points.count - 1]
    for point in points {
        if (point.y > place.y) != (previous.y > place.y),
            place.x < (previous.x - point.x) * (place.y - point.y) / (previous.y - point.y) + point.x
        {
            inside.toggle()
        }
        previous = point
    }
    return inside
}
