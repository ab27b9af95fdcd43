import DeixisFiles
import DeixisInput
import Foundation
import Testing

@testable import DeixisImage

private func fixture(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)").path
}

private func bytes(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(filePath: fixture(name)))) }

/// Four quadrants: red, green above blue, white, as tools/oracles/images.py draws them, `width` x `height` upright.
private func isUprightFlag(_ image: RGBImage, _ width: Int, _ height: Int, tolerance: Int = 40) -> Bool {
    guard image.width == width, image.height == height else { return false }
    func near(_ x: Int, _ y: Int, _ color: RGB) -> Bool {
        let found = image[x, y]
        return abs(Int(found.red) - Int(color.red)) <= tolerance
            && abs(Int(found.green) - Int(color.green)) <= tolerance
            && abs(Int(found.blue) - Int(color.blue)) <= tolerance
    }
    return near(width / 4, height / 4, RGB(220, 30, 30)) && near(width * 3 / 4, height / 4, RGB(30, 200, 30))
        && near(width / 4, height * 3 / 4, RGB(30, 30, 220)) && near(width * 3 / 4, height * 3 / 4, .white)
}

@Test(arguments: 1...8)
func exifOrientationsStandUpright(orientation: Int) throws {
    #expect(isUprightFlag(try RGBImage(contentsOf: fixture("orientation-\(orientation).jpg")), 48, 32))
}

@Test(arguments: Orientation.allCases)
func orientationsAgreeWithTheirMeaning(orientation: Orientation) throws {
    // A stored picture whose pixel (x, y) holds (x, y).
    var stored = RGBImage(width: 5, height: 3)
    for y in 0..<3 { for x in 0..<5 { stored[x, y] = RGB(UInt8(x), UInt8(y), 7) } }
    let upright = stored.upright(from: orientation)
    #expect((upright.width, upright.height) == (orientation.swapsAxes ? (3, 5) : (5, 3)))
    for y in 0..<upright.height {
        for x in 0..<upright.width {
            // EXIF 2.3, table 6: where row 0 and column 0 of the stored picture are to be seen.
            let from: (Int, Int) =
                switch orientation {
                case .upright: (x, y)
                case .mirrored: (4 - x, y)
                case .upsideDown: (4 - x, 2 - y)
                case .upsideDownMirrored: (x, 2 - y)
                case .transposed: (y, x)
                case .clockwise: (y, 2 - x)
                case .transversed: (4 - y, 2 - x)
                case .counterclockwise: (4 - y, x)
                }
            #expect(upright[x, y] == RGB(UInt8(from.0), UInt8(from.1), 7))
        }
    }
}

@Test(arguments: [
    "rgb.png", "palette.png", "rgba.png", "interlaced.png", "exif6.png", "rgb16.png", "trns.png", "rgb.jpg",
    "progressive.jpg", "cmyk.jpg", "jpeg-named.png",
])
func everyKindShowsTheFlag(name: String) throws {
    #expect(isUprightFlag(try RGBImage(contentsOf: fixture(name)), 48, 32), "\(name)")
}

@Test(arguments: ["gray1.png", "gray2.png", "gray4.png", "gray8.png", "gray16.png", "graya.png", "gray.jpg"])
func grayscaleBecomesRGB(name: String) throws {
    let image = try RGBImage(contentsOf: fixture(name))
    #expect(image.width == 16 && image.height == 8)
    for x in 0..<16 {
        let color = image[x, 4]
        #expect(color.red == color.green && color.green == color.blue)
    }
    // Black on the left half, white on the right.
    #expect(image[2, 4].red < 12 && image[13, 4].red > 243, "\(name)")
}

@Test func alphaIsLaidOverWhite() throws {
    let image = try RGBImage(contentsOf: fixture("alpha.png"))
    #expect(image.pixels == [255, 255, 255, 127, 127, 127, 0, 0, 0, 255, 128, 128])
}

@Test(arguments: ["one.png", "one.jpg"])
func onePixelIsAPicture(name: String) throws {
    let image = try RGBImage(contentsOf: fixture(name))
    #expect(image.width == 1 && image.height == 1 && image[0, 0].red > 190 && image[0, 0].green < 20)
}

@Test(arguments: [
    "rgb.png", "interlaced.png", "palette.png", "rgb.jpg", "progressive.jpg", "orientation-6.jpg", "cmyk.jpg",
    "one.png", "one.jpg",
])
func everyTruncationIsAnError(name: String) throws {
    let whole = try bytes(name)
    #expect(throws: Never.self) { try RGBImage(decoding: whole) }
    for length in 0..<whole.count {
        let error = #expect(throws: ImageError.self) { try RGBImage(decoding: Array(whole[..<length]), name: "x") }
        switch error {
        case .empty: #expect(length == 0)
        case .truncated: #expect(length > 0)
        default: Issue.record("\(name) cut to \(length) of \(whole.count): \(error.map { "\($0)" } ?? "none")")
        }
    }
}

@Test(arguments: ["rgb.png", "palette.png", "trns.png", "rgb.jpg", "progressive.jpg", "orientation-6.jpg", "cmyk.jpg"])
func changedBytesNeverCrash(name: String) throws {
    let whole = try bytes(name)
    var limits = ImageLimits()
    limits.pixels = 1 << 20
    var state: UInt64 = 99
    for _ in 0..<400 {
        var damaged = whole
        for _ in 0..<3 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            damaged[Int(state >> 33) % damaged.count] = UInt8(truncatingIfNeeded: state >> 20)
        }
        if let image = try? RGBImage(decoding: damaged, limits: limits) {
            #expect(image.pixels.count == image.width * image.height * 3)
        }
    }
}

@Test func hostileHeadersAreRefused() throws {
    // A PNG that claims 30000 x 30000 pixels, its CRC right.
    var png = try bytes("rgb.png")
    png.replaceSubrange(16..<24, with: [0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30])
    png.replaceSubrange(29..<33, with: crc(png[12..<29]))
    #expect(throws: ImageError.tooManyPixels(name: "p", width: 30000, height: 30000, limit: 120_000_000)) {
        try RGBImage(decoding: png, name: "p")
    }
    // One within the limit for which there is not nearly enough data.
    png.replaceSubrange(16..<24, with: [0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10])
    png.replaceSubrange(29..<33, with: crc(png[12..<29]))
    #expect(throws: ImageError.truncated(name: "p", format: "PNG")) { try RGBImage(decoding: png, name: "p") }
    // A JPEG whose frame header says 65500 x 65500.
    var jpeg = try bytes("rgb.jpg")
    let frame = try #require((0..<(jpeg.count - 9)).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange((frame + 5)..<(frame + 9), with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(throws: ImageError.tooManyPixels(name: "j", width: 65500, height: 65500, limit: 120_000_000)) {
        try RGBImage(decoding: jpeg, name: "j")
    }
}

@Test func malformedExifIsUpright() {
    let little: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]
    #expect(Orientation.inTIFF(little[...]) == .clockwise)
    for length in 0..<little.count {
        #expect(Orientation.inTIFF(little[..<length]) == (length >= 20 ? .clockwise : .upright))
    }
    var odd = little
    odd[4] = 0xFF; odd[5] = 0xFF; odd[6] = 0xFF; odd[7] = 0xFF
    #expect(Orientation.inTIFF(odd[...]) == .upright)
    odd = little
    odd[8] = 0xFF; odd[9] = 0xFF
    #expect(Orientation.inTIFF(odd[...]) == .clockwise)
    odd[18] = 9
    #expect(Orientation.inTIFF(odd[...]) == .upright)
}

@Test func otherFilesAreNamed() throws {
    func message(_ bytes: [UInt8]) -> String {
        do throws(ImageError) { _ = try RGBImage(decoding: bytes, name: "a.png") } catch { return error.description }
        return "no error"
    }
    #expect(message([]) == "a.png: the file is empty; expected a JPEG or PNG picture")
    #expect(message(Array("GIF89a......".utf8)) == "a.png: this is a GIF; expected a JPEG or PNG picture")
    #expect(
        message(Array("hello, world".utf8))
            == "a.png: not a picture; expected a JPEG (FF D8 FF ...) or PNG (89 50 4E 47 ...), found 68 65 6C 6C 6F 2C 20 77"
    )
    #expect(message([0x89, 0x50]) == "a.png: the PNG ends too early; the file is incomplete")
    #expect(throws: ImageError.file(.system(.read, path: "/no/such.png", code: ENOENT))) {
        try RGBImage(contentsOf: "/no/such.png")
    }
    #expect(throws: ImageError.file(.system(.read, path: "/tmp", code: EISDIR))) { try RGBImage(contentsOf: "/tmp") }
    #expect(throws: ImageError.file(.system(.read, path: "/dev/zero", code: EINVAL))) {
        try RGBImage(contentsOf: "/dev/zero")
    }
}

@Test func picturesSurviveWritingAndReading() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "deixis-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var image = RGBImage(width: 37, height: 23)
    for y in 0..<23 { for x in 0..<37 { image[x, y] = RGB(UInt8(x * 6), UInt8(y * 11), UInt8((x + y) * 4)) } }
    for name in ["a.png", "a.PNG"] {
        try image.write(to: folder.path + "/" + name)
        #expect(try RGBImage(contentsOf: folder.path + "/" + name) == image)
    }
    try image.write(to: folder.path + "/a.jpg", quality: 95)
    let again = try RGBImage(contentsOf: folder.path + "/a.jpg")
    let worst = zip(again.pixels, image.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
    #expect(again.width == 37 && again.height == 23 && worst < 24)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a.PNG", "a.jpg", "a.png"])
    #expect(throws: ImageError.unknownExtension(path: "a.bmp")) { try image.write(to: "a.bmp") }
    #expect(throws: ImageError.unknownExtension(path: "a.bmp")) { try RGBImage.checkName("a.bmp") }
    try RGBImage.checkName("a.JPEG")
    #expect(throws: ImageError.file(.system(.write, path: "/no/such/a.png", code: ENOENT))) {
        try image.write(to: "/no/such/a.png")
    }
}

private func crc(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        value ^= UInt32(byte)
        for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    let final = ~value
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: final >> $0) }
}
