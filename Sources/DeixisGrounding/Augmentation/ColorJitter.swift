public import DeixisFiles
public import DeixisInput
import Foundation

/// Brightness, contrast and saturation are multiplied by factors uniform in 1 +- amount; hue turns by +-amount of a
/// full turn.
public struct ColorAmounts: Sendable, Equatable {
    public var brightness, contrast, saturation, hue: Double

    public init(brightness: Double = 0.25, contrast: Double = 0.25, saturation: Double = 0.25, hue: Double = 0.08) {
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
    }

    public static let none = ColorAmounts(brightness: 0, contrast: 0, saturation: 0, hue: 0)
    var isNone: Bool { self == .none }

    func validate() throws(GroundingError) {
        for (name, amount) in [("brightness", brightness), ("contrast", contrast), ("saturation", saturation)] {
            try requireNumber("augmentation.color.\(name)", amount, in: 0...1)
        }
        try requireNumber("augmentation.color.hue", hue, in: 0...0.5)
    }

    func apply(to image: RGBImage, _ random: inout CounterRandom) -> RGBImage {
        image.recolored(
            brightness: random.double(1 - brightness, 1 + brightness),
            contrast: random.double(1 - contrast, 1 + contrast),
            saturation: random.double(1 - saturation, 1 + saturation), turn: random.double(-hue, hue))
    }
}

extension ColorAmounts: SettingGroup {
    public static let fields: [SettingField<ColorAmounts>] = [
        .init("brightness", \.brightness), .init("contrast", \.contrast), .init("saturation", \.saturation),
        .init("hue", \.hue),
    ]
}

extension RGBImage {
    /// One affine map of RGB space, clamped once at the end:
    ///
    ///     v = B x                         brightness
    ///     v = C v + (1 - C) mean(luma v)  contrast about the picture's mean luma
    ///     v = H S v                       saturation scales, and hue turns, chroma about luma (YIQ axes)
    ///
    /// Luma = 0.299 R + 0.587 G + 0.114 B; the last two leave it as it is.
    public func recolored(brightness: Double, contrast: Double, saturation: Double, turn: Double) -> RGBImage {
        var sum = (0, 0, 0)
        var at = 0
        while at < pixels.count {
            sum.0 += Int(pixels[at])
            sum.1 += Int(pixels[at + 1])
            sum.2 += Int(pixels[at + 2])
            at += 3
        }
        let luma =
            (0.299 * Double(sum.0) + 0.587 * Double(sum.1) + 0.114 * Double(sum.2)) * brightness
            / Double(width * height)
        let gain = brightness * contrast, offset = (1 - contrast) * luma
        let matrix = Self.chroma(saturation: saturation, turn: turn)
        // Rows of the matrix sum to 1, so that the gray offset passes through it unchanged.
        let m = matrix.map { Int32(($0 * gain * 65536).rounded()) }
        let base = Int32((offset * 65536).rounded()) + 32768
        var result = self
        at = 0
        while at < pixels.count {
            let r = Int32(pixels[at]), g = Int32(pixels[at + 1]), b = Int32(pixels[at + 2])
            for row in 0..<3 {
                let value = (m[row * 3] * r + m[row * 3 + 1] * g + m[row * 3 + 2] * b + base) >> 16
                result.pixels[at + row] = UInt8(truncatingIfNeeded: min(max(value, 0), 255))
            }
            at += 3
        }
        return result
    }

    /// RGB -> YIQ, scale and turn (I, Q), back; row-major 3x3.
    private static func chroma(saturation: Double, turn: Double) -> [Double] {
        let toYIQ: [Double] = [0.299, 0.587, 0.114, 0.595716, -0.274453, -0.321263, 0.211456, -0.522591, 0.311135]
        let toRGB: [Double] = [1, 0.9563, 0.6210, 1, -0.2721, -0.6474, 1, -1.1070, 1.7046]
        let c = cos(2 * .pi * turn) * saturation, s = sin(2 * .pi * turn) * saturation
        let middle: [Double] = [1, 0, 0, 0, c, -s, 0, s, c]
        func product(_ a: [Double], _ b: [Double]) -> [Double] {
            (0..<9).map { i -> Double in
                let row = i / 3 * 3, column = i % 3
                return a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6]
            }
        }
        return product(product(toRGB, middle), toYIQ)
    }
}
