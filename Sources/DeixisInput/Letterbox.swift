/// Fits a picture into a square: the long side becomes `side`, the rest is padded with one color.
///
/// Training and inference share it, so that the two cannot differ. Pixels equal Pillow's `resize(BILINEAR)`, unless
/// `antialiases` is false.
public struct Letterbox: Sendable, Equatable {
    public static let maximumSide = 16384
    public let side: Int
    public let padColor: RGB
    /// Margins on both sides of the picture; otherwise it lies in the top left corner.
    public let isCentered: Bool
    /// All pixels that a smaller picture's pixel covers count; otherwise the two nearest along each axis, as OpenCV's
    /// and PyTorch's plain bilinear resizing takes them.
    public let antialiases: Bool

    /// Throws `invalidSide` outside 1...16384.
    public init(
        side: Int, padColor: RGB = .imageNetMean, isCentered: Bool = true, antialiases: Bool = true
    ) throws(InputError) {
        guard side >= 1, side <= Letterbox.maximumSide else { throw .invalidSide(side) }
        (self.side, self.padColor) = (side, padColor)
        (self.isCentered, self.antialiases) = (isCentered, antialiases)
    }

    /// Where a picture of width x height lands: its size in the square and its top left corner.
    ///
    /// long side -> S; short side -> max(1, round(short * S / long)), halves up; offset = floor((S - size) / 2), or 0.
    public func placement(width: Int, height: Int) -> (x: Int, y: Int, width: Int, height: Int) {
        let long = max(width, height), short = min(width, height)
        // 128 bits would be needed only for extents no memory holds.
        let fitted = max(1, (2 * short * side + long) / (2 * long))
        let size = width >= height ? (side, fitted) : (fitted, side)
        guard isCentered else { return (0, 0, size.0, size.1) }
        return ((side - size.0) / 2, (side - size.1) / 2, size.0, size.1)
    }

    /// The letterboxed square: side * side * 3 bytes.
    public func apply(to image: RGBImage) -> RGBImage {
        var result = RGBImage(width: side, height: side, color: padColor)
        image.pixels.withUnsafeBufferPointer { source in
            result.pixels.withUnsafeMutableBufferPointer { target in
                var scratch = LetterboxScratch()
                apply(pixels: source, width: image.width, height: image.height, into: target, scratch: &scratch)
            }
        }
        return result
    }

    /// The same into the caller's `target`; allocates nothing once `scratch` has met a picture as large.
    ///
    /// - Precondition: `pixels` holds width * height * 3 bytes, `target` side * side * 3.
    public func apply(
        pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, into target: UnsafeMutableBufferPointer<UInt8>,
        scratch: inout LetterboxScratch
    ) {
        apply(
            pixels: pixels, rowBytes: width * 3, width: width, height: height, into: target, scratch: &scratch,
            pool: nil)
    }

    /// The same for rows `rowBytes` apart, on the threads of a `deixis_pool`.
    package func apply(
        pixels: UnsafeBufferPointer<UInt8>, rowBytes: Int, width: Int, height: Int,
        into target: UnsafeMutableBufferPointer<UInt8>,
        scratch: inout LetterboxScratch, pool: OpaquePointer?
    ) {
        precondition(
            width > 0 && height > 0 && rowBytes >= width * 3 && pixels.count >= (height - 1) * rowBytes + width * 3,
            "Letterbox: wrong source size")
        precondition(target.count == side * side * 3, "Letterbox: wrong target size")
        guard let source = pixels.baseAddress, let square = target.baseAddress else { return }
        let place = placement(width: width, height: height)
        pad(square, place)
        scratch.resample.run(
            Resampler.Pixels(bytes: source, rowBytes: rowBytes, width: width, height: height),
            into: Resampler.Pixels(
                bytes: square + (place.y * side + place.x) * 3, rowBytes: side * 3, width: place.width,
                height: place.height),
            antialiases: antialiases, pool: pool)
    }

    /// Rows above and below, then what is left and right of the picture; each like the first of its kind.
    private func pad(_ square: UnsafeMutablePointer<UInt8>, _ place: (x: Int, y: Int, width: Int, height: Int)) {
        var first: UnsafeMutablePointer<UInt8>?
        for y in 0..<side where y < place.y || y >= place.y + place.height {
            fill(square + y * side * 3, side, like: &first)
        }
        let right = place.x + place.width
        for (x, end) in [(0, place.x), (right, side)] where end > x {
            first = nil
            for y in place.y..<place.y + place.height { fill(square + (y * side + x) * 3, end - x, like: &first) }
        }
    }

    private func fill(
        _ pixels: UnsafeMutablePointer<UInt8>, _ count: Int, like first: inout UnsafeMutablePointer<UInt8>?
    ) {
        if let first { return UnsafeMutableRawPointer(pixels).copyMemory(from: first, byteCount: count * 3) }
        first = pixels
        for i in 0..<count {
            (pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]) = (padColor.red, padColor.green, padColor.blue)
        }
    }
}

/// Memory a letterbox works in; keep one per thread and pass it again.
public struct LetterboxScratch: Sendable {
    var resample = Resampler()
    public init() {}
}

extension Letterbox {
    /// A box of a width x height picture, as the network should say it.
    public func normalized(_ box: PixelBox, width: Int, height: Int) -> NormalizedBox {
        let place = placement(width: width, height: height)
        let scaleX = Double(place.width) / Double(width), scaleY = Double(place.height) / Double(height)
        let square = Double(side)
        return NormalizedBox(
            centerX: Float(((box.x + box.width / 2) * scaleX + Double(place.x)) / square),
            centerY: Float(((box.y + box.height / 2) * scaleY + Double(place.y)) / square),
            width: Float(box.width * scaleX / square), height: Float(box.height * scaleY / square))
    }

    /// The network's box in the pixels of a width x height picture, clipped to it. NaN gives an empty box at the
    /// corner.
    public func pixels(_ box: NormalizedBox, width: Int, height: Int) -> PixelBox {
        let place = placement(width: width, height: height)
        let scaleX = Double(place.width) / Double(width), scaleY = Double(place.height) / Double(height)
        let square = Double(side), corner = box.corners
        return PixelBox(
            x: (corner.x * square - Double(place.x)) / scaleX, y: (corner.y * square - Double(place.y)) / scaleY,
            width: corner.width * square / scaleX, height: corner.height * square / scaleY
        ).clipped(width: width, height: height)
    }
}
