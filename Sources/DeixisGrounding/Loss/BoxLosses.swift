// The two losses of one box, each with its derivative by the prediction's (x, y, width, height).
#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

func exponential(_ x: Double) -> Double { exp(x) }
func logarithm(_ x: Double) -> Double { log(x) }

/// L_l1 = |x - x^| + |y - y^| + |w - w^| + |h - h^|.
func absoluteDistance(_ p: CenterBox, _ t: CenterBox) -> (Double, [Double]) {
    let differences = [p.x - t.x, p.y - t.y, p.width - t.width, p.height - t.height]
    return (differences.reduce(0) { $0 + abs($1) }, differences.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 })
}

/// L_giou = 1 - |A n B| / |A u B| + |C \ (A u B)| / |C|, C the smallest box around A and B (Rezatofighi et al. 2019);
/// in 0...2.
///
/// Areas in denominators are at least 1e-9, so that boxes without area give a number.
func generalizedIoULoss(_ p: CenterBox, _ t: CenterBox) -> (Double, [Double]) {
    let smallest = 1e-9
    /// Along one axis: the extents of both boxes, of their intersection and of the box around them, with derivatives by
    /// the prediction's center and size.
    func axis(_ center: Double, _ size: Double, _ otherCenter: Double, _ otherSize: Double) -> (
        inner: Double, innerSlope: (Double, Double), outer: Double, outerSlope: (Double, Double)
    ) {
        let (low, high) = (center - size / 2, center + size / 2)
        let (otherLow, otherHigh) = (otherCenter - otherSize / 2, otherCenter + otherSize / 2)
        let extent = min(high, otherHigh) - max(low, otherLow)
        // d(high) = (1, 1/2), d(low) = (1, -1/2) where the prediction's edge counts
        let innerHigh = high < otherHigh, innerLow = low > otherLow
        let overlaps = extent > 0
        let innerSlope =
            overlaps
            ? ((innerHigh ? 1.0 : 0) - (innerLow ? 1 : 0), (innerHigh ? 0.5 : 0) + (innerLow ? 0.5 : 0)) : (0.0, 0.0)
        let outerHigh = high > otherHigh, outerLow = low < otherLow
        let outerSlope = ((outerHigh ? 1.0 : 0) - (outerLow ? 1 : 0), (outerHigh ? 0.5 : 0) + (outerLow ? 0.5 : 0))
        return (max(0, extent), innerSlope, max(high, otherHigh) - min(low, otherLow), outerSlope)
    }
    let x = axis(p.x, p.width, t.x, t.width), y = axis(p.y, p.height, t.y, t.height)
    let intersection = x.inner * y.inner, union = p.width * p.height + t.width * t.height - intersection
    let hull = x.outer * y.outer
    let (u, c) = (max(union, smallest), max(hull, smallest))
    let loss = 1 - intersection / u + (hull - union) / c

    // Order of derivatives: x, y, width, height
    let dIntersection = [
        x.innerSlope.0 * y.inner, y.innerSlope.0 * x.inner, x.innerSlope.1 * y.inner, y.innerSlope.1 * x.inner,
    ]
    let dHull = [
        x.outerSlope.0 * y.outer, y.outerSlope.0 * x.outer, x.outerSlope.1 * y.outer, y.outerSlope.1 * x.outer,
    ]
    let dUnion = zip([0, 0, p.height, p.width], dIntersection).map { $0 - $1 }
    let gradient = (0..<4).map { i in
        let du = union > smallest ? dUnion[i] : 0, dc = hull > smallest ? dHull[i] : 0
        return -dIntersection[i] / u + intersection / (u * u) * du + (dHull[i] - dUnion[i]) / c - (hull - union)
            / (c * c) * dc
    }
    return (loss, gradient)
}
