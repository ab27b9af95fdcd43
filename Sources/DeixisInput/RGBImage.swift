/// A picture in memory: `height` rows of `width` pixels, each R, G, B, one byte per channel, no padding between rows.
public struct RGBImage: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// width * height * 3 bytes, row by row from the top left.
    public var pixels: [UInt8]

    /// What letterboxing needs grows with the longer side, however thin the picture.
    public static let longestSide = 1 << 18

    /// Throws `imageTooLong`, or `pixelCountMismatch` unless both extents are positive and `pixels` holds exactly width
    /// * height * 3 bytes.
    public init(width: Int, height: Int, pixels: [UInt8]) throws(InputError) {
        let (area, overflow) = width.multipliedReportingOverflow(by: height)
        guard width > 0, height > 0, !overflow, pixels.count % 3 == 0, pixels.count / 3 == area else {
            throw .pixelCountMismatch(width: width, height: height, byteCount: pixels.count)
        }
        guard max(width, height) <= RGBImage.longestSide else { throw .imageTooLong(width: width, height: height) }
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// One color everywhere.
    /// - Precondition: both extents are positive.
    public init(width: Int, height: Int, color: RGB = .black) {
        precondition(width > 0 && height > 0, "RGBImage: extents must be positive")
        self.width = width
        self.height = height
        pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            var at = 0
            while at < width * height * 3 {
                buffer[at] = color.red
                buffer[at + 1] = color.green
                buffer[at + 2] = color.blue
                at += 3
            }
            count = at
        }
    }

    /// - Precondition: the pixel lies inside.
    public subscript(x: Int, y: Int) -> RGB {
        get {
            let at = offset(x, y)
            return RGB(pixels[at], pixels[at + 1], pixels[at + 2])
        }
        set {
            let at = offset(x, y)
            pixels[at] = newValue.red
            pixels[at + 1] = newValue.green
            pixels[at + 2] = newValue.blue
        }
    }

    private func offset(_ x: Int, _ y: Int) -> Int {
        precondition(x >= 0 && x < width && y >= 0 && y < height, "RGBImage: pixel outside")
        return (y * width + x) * 3
    }
}

/// A color, one byte per channel.
public struct RGB: Sendable, Hashable {
    public var red, green, blue: UInt8
    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }
    public static let black = RGB(0, 0, 0)
    public static let white = RGB(255, 255, 255)
    /// The ImageNet mean, 255 * (0.485, 0.456, 0.406), rounded: what padding is painted with.
    public static let imageNetMean = RGB(124, 116, 104)
}
