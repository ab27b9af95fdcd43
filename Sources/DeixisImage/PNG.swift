import CSpng
public import DeixisInput
import Glibc

/// All color types and depths, interlaced or not; alpha and tRNS are laid over white; eXIf orientation applied.
func decodePNG(_ bytes: [UInt8], name: String, limits: ImageLimits) throws(ImageError) -> RGBImage {
    // libspng keeps the pointer until its context is freed.
    var outcome: Result<RGBImage, ImageError> = .failure(
        .corrupt(name: name, format: "PNG", reason: "the decoder cannot start"))
    bytes.withUnsafeBufferPointer { buffer in
        do throws(ImageError) {
            outcome = .success(try decodePNG(buffer, name: name, limits: limits))
        } catch {
            outcome = .failure(error)
        }
    }
    return try outcome.get()
}

private func decodePNG(_ bytes: UnsafeBufferPointer<UInt8>, name: String, limits: ImageLimits) throws(ImageError)
    -> RGBImage
{
    func check(_ status: Int32) throws(ImageError) {
        if status == 0 { return }
        if status == SPNG_IO_EOF.rawValue || status == Int32(SPNG_EOF.rawValue)
            || status == Int32(SPNG_EIDAT_TOO_SHORT.rawValue)
        {
            throw .truncated(name: name, format: "PNG")
        }
        throw .corrupt(name: name, format: "PNG", reason: String(cString: spng_strerror(status)))
    }
    guard reachesEnd(bytes) else { throw .truncated(name: name, format: "PNG") }
    guard let context = spng_ctx_new(0) else {
        throw .corrupt(name: name, format: "PNG", reason: "the decoder cannot start")
    }
    defer { spng_ctx_free(context) }
    // Text, profiles and the like: at most 16 MiB a chunk, 64 MiB in all.
    try check(spng_set_chunk_limits(context, 1 << 24, 1 << 26))
    try check(spng_set_png_buffer(context, bytes.baseAddress, bytes.count))
    var header = spng_ihdr()
    try check(spng_get_ihdr(context, &header))
    let width = Int(header.width), height = Int(header.height)
    guard width <= limits.pixels, height <= limits.pixels, width * height <= limits.pixels else {
        throw .tooManyPixels(name: name, width: width, height: height, limit: limits.pixels)
    }
    var rawSize = 0
    try check(spng_decoded_image_size(context, Int32(SPNG_FMT_PNG.rawValue), &rawSize))
    // Deflate expands at most 1032 times: more cannot be there, and need not be allocated.
    guard rawSize / 1032 <= bytes.count else { throw .truncated(name: name, format: "PNG") }
    var transparency = spng_trns()
    let keyed = spng_get_trns(context, &transparency)
    if keyed != Int32(SPNG_ECHUNKAVAIL.rawValue) { try check(keyed) }
    let hasKey = keyed == 0
    let hasAlpha =
        hasKey || header.color_type == UInt8(SPNG_COLOR_TYPE_GRAYSCALE_ALPHA.rawValue)
        || header.color_type == UInt8(SPNG_COLOR_TYPE_TRUECOLOR_ALPHA.rawValue)
    let channels = hasAlpha ? 4 : 3
    let size = width * height * channels
    var status: Int32 = 0
    var decoded = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        buffer.initialize(repeating: 0)
        status = spng_decode_image(
            context, buffer.baseAddress, size, Int32((hasAlpha ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8).rawValue),
            hasAlpha ? Int32(SPNG_DECODE_TRNS.rawValue) : 0)
        count = size
    }
    try check(status)
    try check(spng_decode_chunks(context))
    if hasAlpha { decoded = overWhite(decoded) }
    let image = assemble(width, height, decoded)
    var exif = spng_exif()
    guard spng_get_exif(context, &exif) == 0, let data = exif.data else { return image }
    let block = UnsafeRawBufferPointer(start: UnsafeRawPointer(data), count: exif.length)
    return image.upright(from: Orientation.inTIFF(Array(block)[...]))
}

/// How a PNG is divided: a signature, then chunks of length, name, data, checksum.
package enum PNGChunks {
    package static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    package static func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    /// CRC-32 of a chunk's name and data.
    package static func checksum(_ bytes: some Sequence<UInt8>) -> Int {
        var sum: UInt32 = ~0
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return Int(~sum)
    }
}

/// Whether chunk follows chunk (length, name, data, checksum) up to a whole IEND; libspng does not look at that one's
/// end.
private func reachesEnd(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var at = 8
    while at + 12 <= bytes.count {
        let length = PNGChunks.number(bytes[at..<(at + 4)])
        if bytes[(at + 4)..<(at + 8)].elementsEqual("IEND".utf8) { return at + 12 + length <= bytes.count }
        at += 12 + length
    }
    return false
}

/// c a + 255 (1 - a), a in 0...1, rounded.
private func overWhite(_ rgba: [UInt8]) -> [UInt8] {
    let count = rgba.count / 4
    return [UInt8](unsafeUninitializedCapacity: count * 3) { target, written in
        for i in 0..<count {
            let alpha = Int(rgba[i * 4 + 3])
            for c in 0..<3 {
                target[i * 3 + c] = UInt8((Int(rgba[i * 4 + c]) * alpha + 255 * (255 - alpha) + 127) / 255)
            }
        }
        written = count * 3
    }
}

extension RGBImage {
    /// An 8-bit RGB PNG.
    public func encodedPNG() throws(ImageError) -> [UInt8] {
        guard let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)) else {
            throw .cannotEncode(format: "PNG", reason: "the encoder cannot start")
        }
        defer { spng_ctx_free(context) }
        func check(_ status: Int32) throws(ImageError) {
            if status != 0 { throw .cannotEncode(format: "PNG", reason: String(cString: spng_strerror(status))) }
        }
        try check(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1))
        try check(spng_set_option(context, SPNG_IMG_COMPRESSION_LEVEL, 6))
        guard let columns = UInt32(exactly: width), let rows = UInt32(exactly: height) else {
            throw .cannotEncode(format: "PNG", reason: "\(width) x \(height) is too large")
        }
        var header = spng_ihdr()
        header.width = columns
        header.height = rows
        header.bit_depth = 8
        header.color_type = UInt8(SPNG_COLOR_TYPE_TRUECOLOR.rawValue)
        try check(spng_set_ihdr(context, &header))
        try check(
            spng_encode_image(
                context, pixels, pixels.count, Int32(SPNG_FMT_PNG.rawValue), Int32(SPNG_ENCODE_FINALIZE.rawValue)))
        var size = 0
        var status: Int32 = 0
        guard let buffer = spng_get_png_buffer(context, &size, &status) else {
            throw .cannotEncode(format: "PNG", reason: String(cString: spng_strerror(status)))
        }
        defer { free(buffer) }
        return Array(UnsafeRawBufferPointer(start: buffer, count: size))
    }
}
