/// How much of each pixel a shape covers, 0...256, over the part of its bounds that lies in the picture.
///
/// Exact for polygons: every edge adds, per row, the signed area to its right; a running sum over the row turns these
/// differences into coverage. Contours that run the other way round subtract, which makes holes.
struct AreaCoverage {
    let x: Int
    let y: Int
    let width: Int
    let height: Int
    var weights: [Int32]

    /// nil: nothing of the shape is in the picture.
    init?(of object: SceneObject, scale: Double, width imageWidth: Int, height imageHeight: Int) {
        let bounds = object.bounds
        let left = max(0, Int((bounds.minX * scale).rounded(.down))),
            top = max(0, Int((bounds.minY * scale).rounded(.down)))
        let right = min(imageWidth, Int((bounds.maxX * scale).rounded(.up)))
        let bottom = min(imageHeight, Int((bounds.maxY * scale).rounded(.up)))
        guard right > left, bottom > top else { return nil }
        (x, y, width, height) = (left, top, right - left, bottom - top)
        var area = [Float](repeating: 0, count: width * height + 2)
        let origin = SIMD2<Float>(Float(left), Float(top)), factor = Float(scale)
        for contour in ShapeOutline.placed(object) {
            guard var previous = contour.last.map({ SIMD2<Float>($0) * factor - origin }) else { continue }
            for point in contour {
                let next = SIMD2<Float>(point) * factor - origin
                Self.add(previous, next, to: &area, width: width, height: height)
                previous = next
            }
        }
        weights = [Int32](repeating: 0, count: width * height)
        for row in 0..<height {
            var sum: Float = 0
            for column in 0..<width {
                sum += area[row * width + column]
                weights[row * width + column] = Int32(min(abs(sum) + 0.002, 1) * 256)
            }
        }
    }

    private static func add(_ a: SIMD2<Float>, _ b: SIMD2<Float>, to area: inout [Float], width: Int, height: Int) {
        if a.y == b.y { return }
        let down: Float = a.y < b.y ? 1 : -1
        let (p, q) = a.y < b.y ? (a, b) : (b, a)
        let slope = (q.x - p.x) / (q.y - p.y)
        let first = max(0, Int(p.y.rounded(.down))), last = min(height, Int(q.y.rounded(.up)))
        let right = Float(width)
        for row in max(0, first)..<max(first, last) {
            let y0 = max(Float(row), p.y), y1 = min(Float(row + 1), q.y)
            let dy = y1 - y0
            if dy <= 0 { continue }
            // Beyond the left edge everything to the right is covered; beyond the right edge nothing here is.
            let xa = min(max(p.x + (y0 - p.y) * slope, 0), right), xb = min(max(p.x + (y1 - p.y) * slope, 0), right)
            let (x0, x1) = xa < xb ? (xa, xb) : (xb, xa)
            let signed = down * dy
            let start = row * width
            let i0 = Int(x0)
            if i0 >= width { continue }
            let i1 = min(Int(x1.rounded(.up)), width)
            if i1 <= i0 + 1 {
                // Within one pixel: a trapezoid.
                let covered = 1 - ((x0 + x1) / 2 - Float(i0))
                area[start + i0] += signed * covered
                if i0 + 1 < width { area[start + i0 + 1] += signed * (1 - covered) }
                continue
            }
            // Over several pixels: the covered area to the left of x within each, then its differences.
            let inverse = 1 / (x1 - x0)
            var before: Float = 0
            for i in i0..<i1 {
                let l = max(x0, Float(i)), r = min(x1, Float(i + 1))
                // Share of the edge already passed at the pixel's left border and at its right one.
                let s0 = (l - x0) * inverse, s1 = (r - x0) * inverse
                let covered = (s0 + s1) / 2 * (r - l) + s1 * (Float(i + 1) - r)
                area[start + i] += signed * (covered - before)
                before = covered
            }
            if i1 < width { area[start + i1] += signed * (1 - before) }
        }
    }
}
