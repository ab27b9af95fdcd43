@testable import DeixisImage
import DeixisInput
import Foundation
import Testing

/// A header tells the size that the decoder will give, for every picture there is.
@Suite struct ImageHeaderTests {
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    static let pictures = ((try? FileManager.default.contentsOfDirectory(atPath: fixtures.path)) ?? []).filter {
        $0.hasSuffix(".png") || $0.hasSuffix(".jpg")
    }.sorted()

    @Test(arguments: pictures) func isTheDecodersSize(name: String) throws {
        let path = Self.fixtures.appendingPathComponent(name).path
        let image = try RGBImage(contentsOf: path), size = try #require(try ImageHeader.size(ofFile: path))
        #expect(size == (image.width, image.height))
    }

    @Test func thereAreTurnedOnesOfBothKinds() {
        #expect(
            Self.pictures.contains("exif6.png") && Self.pictures.contains("orientation-8.jpg")
                && Self.pictures.count > 20)
    }

    /// Exif, big-endian, one entry: the orientation.
    static func exif(_ orientation: UInt8) -> [UInt8] {
        [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
    }

    static func size(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
        ImageHeader.size(byteCount: bytes.count) { Array(bytes[$0..<$0 + $1]) }
    }

    @Test(arguments: 1...8) func anOrientationCountsInAPNG(orientation: Int) throws {
        let plain = try RGBImage(width: 33, height: 17).encodedPNG(), block = Self.exif(UInt8(orientation))
        var chunk = Array("eXIf".utf8) + block
        let sum = crc32(chunk)
        chunk = [0, 0, 0, UInt8(block.count)] + chunk + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }
        // Before the pixels, and after them.
        for at in [33, plain.count - 12] {
            let turned = Array(plain[..<at]) + chunk + Array(plain[at...])
            let image = try RGBImage(decoding: turned), size = try #require(Self.size(turned))
            #expect(size == (image.width, image.height) && size == (orientation >= 5 ? (17, 33) : (33, 17)))
        }
    }

    @Test(arguments: 1...8) func anOrientationCountsInAJPEG(orientation: Int) throws {
        let plain = try RGBImage(width: 33, height: 17).encodedJPEG(),
            block = Array("Exif\0\0".utf8) + Self.exif(UInt8(orientation))
        let turned = Array(plain[0..<2]) + [0xFF, 0xE1, 0, UInt8(block.count + 2)] + block + Array(plain[2...])
        let image = try RGBImage(decoding: turned), size = try #require(Self.size(turned))
        #expect(size == (image.width, image.height) && size == (orientation >= 5 ? (17, 33) : (33, 17)))
    }

    @Test func whatIsCutOffOrNoPictureHasNoSize() throws {
        let png = try RGBImage(width: 3, height: 2).encodedPNG(), jpeg = try RGBImage(width: 3, height: 2).encodedJPEG()
        for length in 0..<24 { #expect(Self.size(Array(png[..<length])) == nil) }
        for length in 0..<40 { #expect(Self.size(Array(jpeg[..<length])) == nil) }
        #expect(Self.size(Array("GIF89a, say".utf8)) == nil)
        #expect(Self.size([0xFF, 0xD8] + [UInt8](repeating: 0xFF, count: 1 << 20)) == nil)
    }

    private func crc32(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : (sum >> 1) ^ 0xEDB8_8320 }
        }
        return ~sum
    }
}
