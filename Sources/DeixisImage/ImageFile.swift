import DeixisFiles
public import DeixisInput

extension RGBImage {
    /// Reads a JPEG or PNG, known by its content and not by its name; upright (EXIF orientation applied), alpha over
    /// white.
    public init(contentsOf path: String, limits: ImageLimits = ImageLimits()) throws(ImageError) {
        let bytes: [UInt8]
        do throws(FileError) { bytes = try readFile(path, limit: limits.fileBytes) } catch {
            if case .tooLarge(_, let byteCount, let limit) = error {
                throw .fileTooLarge(name: path, byteCount: byteCount, limit: limit)
            }
            throw .file(error)
        }
        try self.init(decoding: bytes, name: path, limits: limits)
    }

    /// The same from bytes in memory; `name` is for messages.
    public init(decoding bytes: [UInt8], name: String = "image", limits: ImageLimits = ImageLimits()) throws(ImageError)
    {
        if bytes.isEmpty { throw .empty(name: name) }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = try decodeJPEG(bytes, name: name, limits: limits)
        } else if bytes.starts(with: PNGChunks.signature) {
            self = try decodePNG(bytes, name: name, limits: limits)
        } else if let format = beginningOfKnown(bytes) {
            throw .truncated(name: name, format: format)
        } else {
            throw .notAnImage(name: name, firstBytes: Array(bytes.prefix(16)), kind: familiarKind(bytes))
        }
    }

    /// Throws `unknownExtension` where `write` would, for those who want to know before the work.
    public static func checkName(_ path: String) throws(ImageError) { _ = try isPNG(path) }

    private static func isPNG(_ path: String) throws(ImageError) -> Bool {
        let lowered = path.lowercased()
        if lowered.hasSuffix(".png") { return true }
        if lowered.hasSuffix(".jpg") || lowered.hasSuffix(".jpeg") { return false }
        throw .unknownExtension(path: path)
    }

    /// Writes a PNG or JPEG as the name's extension says; the file appears whole or not at all.
    public func write(to path: String, quality: Int = 92) throws(ImageError) {
        let bytes = try Self.isPNG(path) ? encodedPNG() : encodedJPEG(quality: quality)
        do throws(FileError) { try replaceFile(path, with: bytes) } catch { throw .file(error) }
    }
}

/// A file cut off within its signature.
private func beginningOfKnown(_ bytes: [UInt8]) -> String? {
    if bytes.count < 8, PNGChunks.signature.starts(with: bytes) { return "PNG" }
    if bytes.count < 3, [0xFF, 0xD8, 0xFF].starts(with: bytes) { return "JPEG" }
    return nil
}

/// What else people hand over, so that the message can say so.
private func familiarKind(_ bytes: [UInt8]) -> String? {
    func has(_ text: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    if has("GIF8") { return "a GIF" }
    if has("RIFF"), has("WEBP", at: 8) { return "a WebP picture" }
    if has("BM"), bytes.count > 26 { return "a BMP picture" }
    if has("II*\0") || has("MM\0*") { return "a TIFF picture" }
    if has("ftyp", at: 4) {
        if has("avif", at: 8) { return "an AVIF picture" }
        if has("hei", at: 8) || has("mif1", at: 8) { return "a HEIC picture" }
        return "a video"
    }
    if has("\0\0\0\u{0C}jP") || has("\0\0\0\u{0C}JXL") { return "a JPEG 2000 or JPEG XL picture" }
    if has("%PDF") { return "a PDF document" }
    if has("<svg") || has("<?xml") { return "an SVG or XML document" }
    if has("<!DOCTYPE") || has("<html") { return "a web page" }
    if has("PK\u{03}\u{04}") { return "a ZIP archive" }
    return nil
}
