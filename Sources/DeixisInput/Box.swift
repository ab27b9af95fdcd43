/// A rectangle in pixels of a picture, origin top left; may have fractions.
public struct PixelBox: Sendable, Hashable {
    public var x, y, width, height: Double
    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    public var right: Double { x + width }
    public var bottom: Double { y + height }
    public var area: Double { width * height }

    /// The part inside a picture of `width` x `height`; an empty box on the nearest edge where there is none.
    public func clipped(width: Int, height: Int) -> PixelBox {
        let left = clamp(x, 0, Double(width)), right = clamp(self.right, 0, Double(width))
        let top = clamp(y, 0, Double(height)), bottom = clamp(self.bottom, 0, Double(height))
        return PixelBox(x: left, y: top, width: max(right - left, 0), height: max(bottom - top, 0))
    }
}

/// A rectangle as the network says it: center and size in 0...1 of the letterboxed square.
public struct NormalizedBox: Sendable, Hashable {
    public var centerX, centerY, width, height: Float
    public init(centerX: Float, centerY: Float, width: Float, height: Float) {
        self.centerX = centerX
        self.centerY = centerY
        self.width = width
        self.height = height
    }

    /// The same rectangle by its corner, in units of the square.
    public var corners: PixelBox {
        PixelBox(
            x: Double(centerX) - Double(width) / 2, y: Double(centerY) - Double(height) / 2,
            width: Double(width), height: Double(height))
    }
}

extension PixelBox {
    /// IoU = |A n B| / |A u B|; 0 where the union is empty.
    public func intersectionOverUnion(_ other: PixelBox) -> Double {
        let (intersection, union) = overlap(other)
        return union > 0 ? intersection / union : 0
    }

    /// GIoU = IoU - |C \ (A u B)| / |C|, C the smallest box around A and B; in (-1, 1]. IoU alone where C is empty.
    ///
    /// Rezatofighi et al., "Generalized Intersection over Union", 2019.
    public func generalizedIntersectionOverUnion(_ other: PixelBox) -> Double {
        let (intersection, union) = overlap(other)
        let hull = (max(right, other.right) - min(x, other.x)) * (max(bottom, other.bottom) - min(y, other.y))
        let ratio = union > 0 ? intersection / union : 0
        return hull > 0 ? ratio - (hull - union) / hull : ratio
    }

    private func overlap(_ other: PixelBox) -> (intersection: Double, union: Double) {
        let across = max(min(right, other.right) - max(x, other.x), 0)
        let down = max(min(bottom, other.bottom) - max(y, other.y), 0)
        return (across * down, area + other.area - across * down)
    }
}

extension NormalizedBox {
    public func intersectionOverUnion(_ other: NormalizedBox) -> Double {
        corners.intersectionOverUnion(other.corners)
    }
    public func generalizedIntersectionOverUnion(_ other: NormalizedBox) -> Double {
        corners.generalizedIntersectionOverUnion(other.corners)
    }
}

/// `value` limited to low...high; NaN becomes `low`.
func clamp(_ value: Double, _ low: Double, _ high: Double) -> Double {
    value >= low ? (value <= high ? value : high) : low
}
