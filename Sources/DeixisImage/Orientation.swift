import DeixisInput

/// How the stored rows and columns lie in the upright picture; raw values are EXIF tag 0x0112's.
enum Orientation: UInt16, CaseIterable {
    case upright = 1, mirrored = 2, upsideDown = 3, upsideDownMirrored = 4
    /// Transposed about the main diagonal; rotated by 90 degrees clockwise to be upright; about the other diagonal;
    /// counterclockwise.
    case transposed = 5, clockwise = 6, transversed = 7, counterclockwise = 8

    var swapsAxes: Bool { rawValue >= 5 }

    /// The orientation in TIFF bytes, the payload of an EXIF block; upright if there is none or the block is malformed.
    ///
    /// TIFF 6.0 section 2: "II" or "MM", 42, offset of the first directory: count, then entries of 12 bytes (tag, type,
    /// count, value).
    static func inTIFF(_ bytes: ArraySlice<UInt8>) -> Orientation {
        let base = bytes.startIndex
        guard bytes.count >= 8 else { return .upright }
        let little: Bool
        switch (bytes[base], bytes[base + 1]) {
        case (0x49, 0x49): little = true
        case (0x4D, 0x4D): little = false
        default: return .upright
        }
        func short(_ at: Int) -> Int? {
            guard at >= 0, at <= bytes.count - 2 else { return nil }
            let (a, b) = (Int(bytes[base + at]), Int(bytes[base + at + 1]))
            return little ? a | b << 8 : a << 8 | b
        }
        func long(_ at: Int) -> Int? {
            guard let a = short(at), let b = short(at + 2) else { return nil }
            return little ? a | b << 16 : a << 16 | b
        }
        guard short(2) == 42, let directory = long(4), let count = short(directory) else { return .upright }
        for i in 0..<count {
            let entry = directory + 2 + i * 12
            guard let tag = short(entry) else { break }
            guard tag == 0x0112 else { continue }
            guard short(entry + 2) == 3, long(entry + 4) == 1, let value = short(entry + 8) else { break }
            return Orientation(rawValue: UInt16(truncatingIfNeeded: value)) ?? .upright
        }
        return .upright
    }
}

extension RGBImage {
    /// The picture turned upright.
    func upright(from orientation: Orientation) -> RGBImage {
        if orientation == .upright { return self }
        let newWidth = orientation.swapsAxes ? height : width, newHeight = orientation.swapsAxes ? width : height
        // The stored pixel of upright (x, y) is start + x * across + y * down, in pixels.
        let start: Int, across: Int, down: Int
        let right = width - 1, bottom = (height - 1) * width
        switch orientation {
        case .upright: (start, across, down) = (0, 1, width)
        case .mirrored: (start, across, down) = (right, -1, width)
        case .upsideDown: (start, across, down) = (bottom + right, -1, -width)
        case .upsideDownMirrored: (start, across, down) = (bottom, 1, -width)
        case .transposed: (start, across, down) = (0, width, 1)
        case .clockwise: (start, across, down) = (bottom, -width, 1)
        case .transversed: (start, across, down) = (bottom + right, -width, -1)
        case .counterclockwise: (start, across, down) = (right, width, -1)
        }
        var result = RGBImage(width: newWidth, height: newHeight)
        pixels.withUnsafeBufferPointer { source in
            result.pixels.withUnsafeMutableBufferPointer { target in
                var out = 0
                for y in 0..<newHeight {
                    var from = (start + y * down) * 3
                    for _ in 0..<newWidth {
                        target[out] = source[from]
                        target[out + 1] = source[from + 1]
                        target[out + 2] = source[from + 2]
                        out += 3
                        from += across * 3
                    }
                }
            }
        }
        return result
    }
}
