public import DeixisFiles
public import DeixisInput
import Foundation

/// Amounts of a random affine change about the picture's center. Relation words ("left of") are taken to survive 15
/// degrees.
public struct AffineAmounts: Sendable, Equatable {
    /// Rotation is uniform in +-degrees.
    public var degrees: Double
    /// Shift is uniform in +-translation of the width and of the height.
    public var translation: Double
    public var scale: ClosedRange<Double>
    /// Shear along x and along y, each uniform in +-degrees.
    public var shear: Double
    /// A change is drawn again (ten times, then given up) if the clipped box keeps less than this share of its area.
    public var keep = 0.4

    public init(
        degrees: Double = 15, translation: Double = 0.15, scale: ClosedRange<Double> = 0.75...1.25, shear: Double = 2
    ) {
        self.degrees = degrees
        self.translation = translation
        self.scale = scale
        self.shear = shear
    }

    func validate() throws(GroundingError) {
        try requireNumber("augmentation.affine.degrees", degrees, in: 0...180)
        try requireNumber("augmentation.affine.translation", translation, in: 0...1)
        try requireNumber("augmentation.affine.shear", shear, in: 0...60)
        try requireNumber("augmentation.affine.keep", keep, in: 0...1)
        for bound in [scale.lowerBound, scale.upperBound] {
            try requireNumber("augmentation.affine.scale", bound, in: 0.01...100)
        }
    }

    public static let none = AffineAmounts(degrees: 0, translation: 0, scale: 1...1, shear: 0)
    var isNone: Bool { degrees == 0 && translation == 0 && scale == 1...1 && shear == 0 }

    func apply(to sample: GroundingSample, _ random: inout CounterRandom) -> GroundingSample {
        let width = sample.image.width, height = sample.image.height
        for _ in 0..<10 {
            let map = AffineMap.about(
                centerX: Double(width) / 2, centerY: Double(height) / 2, degrees: random.double(-degrees, degrees),
                scale: random.double(scale.lowerBound, scale.upperBound), shearX: random.double(-shear, shear),
                shearY: random.double(-shear, shear), shiftX: random.double(-translation, translation) * Double(width),
                shiftY: random.double(-translation, translation) * Double(height))
            let whole = map.bounds(of: sample.box)
            let box = whole.clipped(width: width, height: height)
            if box.area < keep * whole.area || box.width < 2 || box.height < 2 { continue }
            guard let image = sample.image.mapped(by: map) else { continue }
            return GroundingSample(image: image, sentence: sample.sentence, box: box, kind: sample.kind)
        }
        return sample
    }
}

extension AffineAmounts: SettingGroup {
    public static let fields: [SettingField<AffineAmounts>] = [
        .init("degrees", \.degrees), .init("translation", \.translation), .init("scale", \.scale),
        .init("shear", \.shear),
        .init("keep", \.keep),
    ]
}

/// (x, y) -> (a x + b y + c, d x + e y + f), continuous pixel coordinates: pixel (i, j) covers i...i+1, j...j+1.
public struct AffineMap: Sendable, Equatable {
    public var a, b, c, d, e, f: Double

    public init(a: Double, b: Double, c: Double, d: Double, e: Double, f: Double) {
        (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
    }

    /// Shear, then rotation and scale about (centerX, centerY), then shift.
    static func about(
        centerX: Double, centerY: Double, degrees: Double, scale: Double, shearX: Double, shearY: Double,
        shiftX: Double,
        shiftY: Double
    ) -> AffineMap {
        let c = cos(degrees * .pi / 180) * scale, s = sin(degrees * .pi / 180) * scale
        let tx = tan(shearX * .pi / 180), ty = tan(shearY * .pi / 180)
        let a = c - s * ty, b = c * tx - s, d = s + c * ty, e = s * tx + c
        return AffineMap(
            a: a, b: b, c: centerX + shiftX - a * centerX - b * centerY, d: d, e: e,
            f: centerY + shiftY - d * centerX - e * centerY)
    }

    func callAsFunction(_ x: Double, _ y: Double) -> (x: Double, y: Double) { (a * x + b * y + c, d * x + e * y + f) }

    var inverse: AffineMap? {
        let determinant = a * e - b * d
        guard abs(determinant) > 1e-9 else { return nil }
        let (ia, ib, id, ie) = (e / determinant, -b / determinant, -d / determinant, a / determinant)
        return AffineMap(a: ia, b: ib, c: -(ia * c + ib * f), d: id, e: ie, f: -(id * c + ie * f))
    }

    /// The axis-aligned bounds of the four moved corners.
    public func bounds(of box: PixelBox) -> PixelBox {
        let corners = [(box.x, box.y), (box.right, box.y), (box.x, box.bottom), (box.right, box.bottom)].map {
            self($0.0, $0.1)
        }
        let left = corners.map(\.x).min() ?? 0, top = corners.map(\.y).min() ?? 0
        return PixelBox(
            x: left, y: top, width: (corners.map(\.x).max() ?? 0) - left, height: (corners.map(\.y).max() ?? 0) - top)
    }
}

extension RGBImage {
    /// The picture moved by `map`, bilinear, the padding color where nothing comes from. nil: the map cannot be
    /// inverted.
    func mapped(by map: AffineMap) -> RGBImage? {
        guard let back = map.inverse else { return nil }
        var result = RGBImage(width: width, height: height, color: .imageNetMean)
        // 16.16 fixed point walks along a row.
        let stepX = Int((back.a * 65536).rounded()), stepY = Int((back.d * 65536).rounded())
        for y in 0..<height {
            let start = back(0.5, Double(y) + 0.5)
            var u = Int(((start.x - 0.5) * 65536).rounded()), v = Int(((start.y - 0.5) * 65536).rounded())
            for x in 0..<width {
                let ix = u >> 16, iy = v >> 16
                if ix >= -1, iy >= -1, ix < width, iy < height {
                    let fx = (u >> 8) & 255, fy = (v >> 8) & 255
                    let to = (y * width + x) * 3
                    let inside = ix >= 0 && iy >= 0 && ix + 1 < width && iy + 1 < height
                    for channel in 0..<3 {
                        let p, q, r, s: Int
                        if inside {
                            let at = (iy * width + ix) * 3 + channel
                            p = Int(pixels[at])
                            q = Int(pixels[at + 3])
                            r = Int(pixels[at + width * 3])
                            s = Int(pixels[at + width * 3 + 3])
                        } else {
                            p = sample(ix, iy, channel)
                            q = sample(ix + 1, iy, channel)
                            r = sample(ix, iy + 1, channel)
                            s = sample(ix + 1, iy + 1, channel)
                        }
                        let above = p * (256 - fx) + q * fx, below = r * (256 - fx) + s * fx
                        result.pixels[to + channel] = UInt8(
                            truncatingIfNeeded: (above * (256 - fy) + below * fy + 32768) >> 16)
                    }
                }
                u += stepX
                v += stepY
            }
        }
        return result
    }

    private func sample(_ x: Int, _ y: Int, _ channel: Int) -> Int {
        if x >= 0, y >= 0, x < width, y < height { return Int(pixels[(y * width + x) * 3 + channel]) }
        let mean = RGB.imageNetMean
        return Int(channel == 0 ? mean.red : channel == 1 ? mean.green : mean.blue)
    }
}
