import CTurboJPEG
public import DeixisInput

/// Grayscale, YCbCr, RGB, CMYK and YCCK; baseline and progressive. Stray bytes between segments, which some cameras
/// write, are accepted; other damage is not, since a picture half gray is worse than none.
func decodeJPEG(_ bytes: [UInt8], name: String, limits: ImageLimits) throws(ImageError) -> RGBImage {
    let markers = JPEGMarkers(bytes)
    guard markers.isWhole else { throw .truncated(name: name, format: "JPEG") }
    guard let handle = tjInitDecompress() else {
        throw .corrupt(name: name, format: "JPEG", reason: "the decoder cannot start")
    }
    defer { tjDestroy(handle) }
    var width: Int32 = 0, height: Int32 = 0, subsampling: Int32 = 0, space: Int32 = 0
    guard tjDecompressHeader3(handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &space) == 0 else {
        throw jpegFailure(handle, name)
    }
    let (columns, rows) = (Int(width), Int(height))
    guard columns > 0, rows > 0 else { throw .corrupt(name: name, format: "JPEG", reason: "it has no pixels") }
    guard columns * rows <= limits.pixels else {
        throw .tooManyPixels(name: name, width: columns, height: rows, limit: limits.pixels)
    }
    let fourChannels = space == Int32(TJCS_CMYK.rawValue) || space == Int32(TJCS_YCCK.rawValue)
    let channels = fourChannels ? 4 : 3
    let format = Int32((fourChannels ? TJPF_CMYK : TJPF_RGB).rawValue)
    var status: Int32 = 0
    let size = columns * rows * channels
    let decoded = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        // A damaged scan may leave rows unwritten.
        buffer.initialize(repeating: 0)
        status = tjDecompress2(
            handle, bytes, UInt(bytes.count), buffer.baseAddress, width, 0, height, format,
            TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS)
        count = size
    }
    // The error code tells nothing: after one warning every failure is called a warning. The text is the latest
    // failure's, or else the first warning's.
    if status != 0, !String(cString: tjGetErrorStr2(handle)).contains("extraneous bytes before marker") {
        throw jpegFailure(handle, name)
    }
    let pixels = fourChannels ? rgb(cmyk: decoded, inverted: markers.isAdobe) : decoded
    let image = assemble(columns, rows, pixels)
    return image.upright(from: markers.orientation)
}

/// An image whose byte count is right by construction.
func assemble(_ width: Int, _ height: Int, _ pixels: [UInt8]) -> RGBImage {
    guard let image = try? RGBImage(width: width, height: height, pixels: pixels) else {
        preconditionFailure("DeixisImage: \(pixels.count) bytes for \(width) x \(height)")
    }
    return image
}

private func jpegFailure(_ handle: tjhandle, _ name: String) -> ImageError {
    let text = String(cString: tjGetErrorStr2(handle))
    if text.contains("remature end") { return .truncated(name: name, format: "JPEG") }
    return .corrupt(name: name, format: "JPEG", reason: text)
}

/// Adobe stores ink inverted (255 is none): then R = C K / 255, else R = (255 - C)(255 - K) / 255.
private func rgb(cmyk: [UInt8], inverted: Bool) -> [UInt8] {
    let flip: UInt8 = inverted ? 0 : 255
    let count = cmyk.count / 4
    return [UInt8](unsafeUninitializedCapacity: count * 3) { target, written in
        for i in 0..<count {
            let black = Int(cmyk[i * 4 + 3] ^ flip)
            for c in 0..<3 { target[i * 3 + c] = UInt8((Int(cmyk[i * 4 + c] ^ flip) * black + 127) / 255) }
        }
        written = count * 3
    }
}

/// What the segments before the first scan say, and whether the file goes on to its end.
struct JPEGMarkers {
    var orientation = Orientation.upright
    var isAdobe = false
    /// A scan begins, and an end marker (FF D9, which no scan's data holds) comes after it.
    var isWhole = false

    init(_ bytes: [UInt8]) {
        var at = 2
        while at + 4 <= bytes.count {
            guard bytes[at] == 0xFF else {
                at += 1
                continue
            }
            let marker = bytes[at + 1]
            if marker == 0xFF || marker == 0 {
                at += 1
                continue
            }
            // Standalone markers: TEM and RSTn, SOI.
            if marker == 0x01 || (0xD0...0xD8).contains(marker) {
                at += 2
                continue
            }
            let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
            let end = at + 2 + max(length, 2)
            guard end <= bytes.count else { return }
            if marker == 0xDA {
                isWhole = (end..<bytes.count).dropLast().reversed().contains {
                    bytes[$0] == 0xFF && bytes[$0 + 1] == 0xD9
                }
                return
            }
            let body = bytes[(at + 4)..<max(end, at + 4)]
            if marker == 0xE1, orientation == .upright { orientation = Self.orientation(inEXIF: body) ?? .upright }
            if marker == 0xEE, body.starts(with: "Adobe".utf8) { isAdobe = true }
            at = end
        }
    }

    /// Of the body of an APP1 segment; nil where that holds something else.
    static func orientation(inEXIF body: ArraySlice<UInt8>) -> Orientation? {
        body.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) ? Orientation.inTIFF(body.dropFirst(6)) : nil
    }
}

extension RGBImage {
    /// A baseline JPEG, 4:2:0 below quality 90 and 4:4:4 from there; `quality` 1...100.
    public func encodedJPEG(quality: Int = 92) throws(ImageError) -> [UInt8] {
        guard width <= 65500, height <= 65500 else {
            throw .cannotEncode(format: "JPEG", reason: "\(width) x \(height) is more than 65500 on a side")
        }
        guard let handle = tjInitCompress() else {
            throw .cannotEncode(format: "JPEG", reason: "the encoder cannot start")
        }
        defer { tjDestroy(handle) }
        var buffer: UnsafeMutablePointer<UInt8>?
        var size: UInt = 0
        defer { tjFree(buffer) }
        let bounded = Int32(min(max(quality, 1), 100))
        let sampling = Int32((bounded >= 90 ? TJSAMP_444 : TJSAMP_420).rawValue)
        let status = tjCompress2(
            handle, pixels, Int32(width), 0, Int32(height), Int32(TJPF_RGB.rawValue), &buffer, &size, sampling, bounded,
            TJFLAG_ACCURATEDCT)
        guard status == 0, let buffer else {
            throw .cannotEncode(format: "JPEG", reason: String(cString: tjGetErrorStr2(handle)))
        }
        return Array(UnsafeBufferPointer(start: buffer, count: Int(size)))
    }
}
