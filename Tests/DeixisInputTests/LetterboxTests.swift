import CDeixisSystem
import Foundation
import Testing

@testable import DeixisInput

/// The picture tools/oracles/letterbox.py draws for a size.
private func picture(_ width: Int, _ height: Int) throws -> RGBImage {
    var state = UInt32(width * 65537 + height)
    let pixels = (0..<(width * height * 3)).map { i in
        state = state &* 1_664_525 &+ 1_013_904_223
        let noise = UInt8(state >> 24)
        return i / 3 % width < width / 2 ? noise / 4 : 255 - noise / 4
    }
    return try RGBImage(width: width, height: height, pixels: pixels)
}

private let lines: [String] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/letterbox.txt")
    return ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
}()

@Test func letterboxFixtureIsThere() { #expect(lines.count >= 20) }

@Test(arguments: lines)
func letterboxEqualsPillow(line: String) throws {
    let fields = line.split(separator: " ")
    let (width, height, side) = (
        try #require(Int(fields[0])), try #require(Int(fields[1])), try #require(Int(fields[2]))
    )
    let square = try Letterbox(side: side).apply(to: picture(width, height))
    #expect(square.width == side && square.height == side)
    if fields[3].hasPrefix("#") {
        let hash = square.pixels.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        #expect(hash == UInt64(fields[3].dropFirst(), radix: 16), "\(width) x \(height) -> \(side)")
    } else {
        let hex = square.pixels.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(hex == fields[3], "\(width) x \(height) -> \(side)")
    }
}

@Test func scratchIsSharedBetweenSizes() throws {
    let letterbox = try Letterbox(side: 40, padColor: RGB(1, 2, 3))
    var scratch = LetterboxScratch()
    var target = [UInt8](repeating: 9, count: 40 * 40 * 3)
    for (width, height) in [(100, 60), (3, 3), (60, 100), (100, 60), (1, 7)] {
        let image = try picture(width, height)
        image.pixels.withUnsafeBufferPointer { pixels in
            target.withUnsafeMutableBufferPointer {
                letterbox.apply(pixels: pixels, width: width, height: height, into: $0, scratch: &scratch)
            }
        }
        #expect(target == letterbox.apply(to: image).pixels, "\(width) x \(height)")
    }
    #expect(target[0] == 1 && target[1] == 2 && target[2] == 3)
}

@Test func sidesAndSizesAreChecked() {
    #expect(throws: InputError.invalidSide(0)) { try Letterbox(side: 0) }
    #expect(throws: InputError.invalidSide(16385)) { try Letterbox(side: 16385) }
    #expect(throws: InputError.pixelCountMismatch(width: 2, height: 2, byteCount: 11)) {
        try RGBImage(width: 2, height: 2, pixels: [UInt8](repeating: 0, count: 11))
    }
    let long = RGBImage.longestSide + 1
    #expect(throws: InputError.imageTooLong(width: long, height: 1)) {
        try RGBImage(width: long, height: 1, pixels: [UInt8](repeating: 0, count: long * 3))
    }
    #expect(throws: InputError.pixelCountMismatch(width: 0, height: 2, byteCount: 0)) {
        try RGBImage(width: 0, height: 2, pixels: [])
    }
    #expect(throws: InputError.self) { try RGBImage(width: .max, height: .max, pixels: []) }
}

/// Rows with gaps, on threads, at every thread's share: the same bytes as dense ones on one.
@Test(arguments: [(640, 480), (97, 300), (1920, 40), (1, 900), (200, 200)])
func gapsAndThreadsChangeNothing(width: Int, height: Int) throws {
    let image = try picture(width, height), letterbox = try Letterbox(side: 200),
        expected = letterbox.apply(to: image).pixels
    let gap = 5, stride = width * 3 + gap
    var gapped = [UInt8](repeating: 77, count: height * stride - gap)
    for y in 0..<height { for x in 0..<width * 3 { gapped[y * stride + x] = image.pixels[y * width * 3 + x] } }
    for threads in [1, 2, 3] {
        var made: OpaquePointer?
        #expect(deixis_pool_create(threads, &made) == 0)
        let pool = try #require(made)
        defer { deixis_pool_destroy(pool) }
        var scratch = LetterboxScratch(), target = [UInt8](repeating: 9, count: 200 * 200 * 3)
        gapped.withUnsafeBufferPointer { pixels in
            target.withUnsafeMutableBufferPointer {
                letterbox.apply(
                    pixels: pixels, rowBytes: stride, width: width, height: height, into: $0, scratch: &scratch,
                    pool: pool)
            }
        }
        #expect(target == expected, "\(threads) threads")
    }
}

/// In the corner: the same pixels, margins on the right and below; boxes go there and back.
@Test(arguments: [(100, 60), (60, 100), (64, 64)])
func cornerMovesThePicture(width: Int, height: Int) throws {
    let image = try picture(width, height), centered = try Letterbox(side: 48),
        corner = try Letterbox(side: 48, isCentered: false)
    let place = centered.placement(width: width, height: height)
    let expected = centered.apply(to: image).pixels, got = corner.apply(to: image).pixels
    for y in 0..<48 {
        for x in 0..<48 {
            let inside = x < place.width && y < place.height, from = ((y + place.y) * 48 + x + place.x) * 3
            let color = inside ? Array(expected[from..<from + 3]) : [124, 116, 104]
            #expect(Array(got[(y * 48 + x) * 3..<(y * 48 + x) * 3 + 3]) == color)
        }
    }
    let box = PixelBox(x: 5, y: 7, width: 30, height: 20)
    let back = corner.pixels(corner.normalized(box, width: width, height: height), width: width, height: height)
    #expect(abs(back.x - 5) + abs(back.y - 7) + abs(back.width - 30) + abs(back.height - 20) < 1e-3)
}

/// Without antialiasing: the two nearest pixels along each axis, weights 1 - distance, within the rounding of two passes.
@Test(arguments: [(640, 480, 48), (97, 300, 32), (20, 11, 64), (1, 900, 16)])
func plainBilinear(width: Int, height: Int, side: Int) throws {
    let image = try picture(width, height), letterbox = try Letterbox(side: side, antialiases: false)
    let place = letterbox.placement(width: width, height: height), square = letterbox.apply(to: image).pixels
    func taps(_ i: Int, _ output: Int, _ input: Int) -> [(index: Int, weight: Double)] {
        let x = (Double(i) + 0.5) * Double(input) / Double(output) - 0.5, low = x.rounded(.down), part = x - low
        return [(Int(low), 1 - part), (Int(low) + 1, part)].map { (max(0, min(input - 1, $0.0)), $0.1) }
    }
    for y in 0..<place.height {
        for x in 0..<place.width {
            for c in 0..<3 {
                var sum = 0.0
                for v in taps(y, place.height, height) {
                    for u in taps(x, place.width, width) {
                        sum += v.weight * u.weight * Double(image.pixels[(v.index * width + u.index) * 3 + c])
                    }
                }
                #expect(abs(Double(square[((y + place.y) * side + x + place.x) * 3 + c]) - sum) <= 1.001)
            }
        }
    }
    #expect(try square != Letterbox(side: side).apply(to: image).pixels || width <= side)
}

/// One scratch for both ways.
@Test func scratchIsSharedBetweenFilters() throws {
    let image = try picture(300, 200)
    var scratch = LetterboxScratch()
    for antialiases in [true, false, true] {
        let letterbox = try Letterbox(side: 40, antialiases: antialiases)
        var target = [UInt8](repeating: 9, count: 40 * 40 * 3)
        image.pixels.withUnsafeBufferPointer { pixels in
            target.withUnsafeMutableBufferPointer {
                letterbox.apply(pixels: pixels, width: 300, height: 200, into: $0, scratch: &scratch)
            }
        }
        #expect(target == letterbox.apply(to: image).pixels)
    }
}
