import Foundation

/// The pixel sizes of a data set's images, from their headers, each file looked at once. As a viewer shows them: a JPEG whose
/// EXIF orientation turns it by 90 degrees counts as turned, because the decoder turns it too.
struct ImageSizes {
    let directory: String
    private var known: [String: (width: Int, height: Int)] = [:]

    init(directory: String) { self.directory = directory }

    mutating func size(of image: String) throws(LineProblem) -> (width: Int, height: Int) {
        if let size = known[image] { return size }
        let path = directory + "/" + image
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw LineProblem(reason: "image '\(image)' " + (FileManager.default.fileExists(atPath: path) ? "cannot be read" : "is missing"))
        }
        defer { try? file.close() }
        guard let head = try? file.read(upToCount: 1 << 16), !head.isEmpty else {
            throw LineProblem(reason: "image '\(image)' is empty or not a file")
        }
        var size = Self.size(header: [UInt8](head))
        // Embedded thumbnails and color profiles can push the frame header far back.
        if size == nil, let rest = try? file.readToEnd() { size = Self.size(header: [UInt8](head + rest)) }
        guard let size else { throw LineProblem(reason: "image '\(image)' is neither a PNG nor a JPEG") }
        known[image] = size
        return size
    }

    static func size(header bytes: [UInt8]) -> (width: Int, height: Int)? {
        if bytes.count >= 24, bytes[0..<8].elementsEqual([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            let width = big(bytes, 16, 4), height = big(bytes, 20, 4)
            return width > 0 && height > 0 ? (width, height) : nil
        }
        return bytes.count >= 4 && bytes[0] == 0xFF && bytes[1] == 0xD8 ? jpegSize(bytes) : nil
    }

    /// Walks the segments up to the frame header (SOF), minding an EXIF orientation on the way.
    private static func jpegSize(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
        var at = 2, turned = false
        while at + 4 <= bytes.count {
            guard bytes[at] == 0xFF else { return nil }
            let marker = bytes[at + 1]
            if marker == 0xFF {
                at += 1
                continue
            }
            if marker == 0x01 || (0xD0...0xD7).contains(marker) {
                at += 2
                continue
            }
            let length = big(bytes, at + 2, 2)
            guard length >= 2 else { return nil }
            if (0xC0...0xCF).contains(marker), marker != 0xC4, marker != 0xC8, marker != 0xCC {
                guard at + 9 <= bytes.count else { return nil }
                let height = big(bytes, at + 5, 2), width = big(bytes, at + 7, 2)
                guard width > 0, height > 0 else { return nil }
                return turned ? (height, width) : (width, height)
            }
            if marker == 0xE1, at + 2 + length <= bytes.count { turned = turned || isTurned(bytes, at + 4, at + 2 + length) }
            at += 2 + length
        }
        return nil
    }

    /// Whether the EXIF block in from..<to holds orientation 5 to 8.
    private static func isTurned(_ bytes: [UInt8], _ from: Int, _ to: Int) -> Bool {
        guard to - from >= 14, bytes[from..<from + 6].elementsEqual([0x45, 0x78, 0x69, 0x66, 0, 0]) else { return false }
        let base = from + 6
        let little = bytes[base] == 0x49
        func value(_ at: Int, _ count: Int) -> Int? {
            guard at >= base, at + count <= to else { return nil }
            return little ? (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[at + $1]) } : big(bytes, at, count)
        }
        guard let offset = value(base + 4, 4), let count = value(base + offset, 2) else { return false }
        for i in 0..<count {
            let entry = base + offset + 2 + 12 * i
            guard let tag = value(entry, 2) else { return false }
            if tag == 0x0112 { return (5...8).contains(value(entry + 8, 2) ?? 1) }
        }
        return false
    }

    private static func big(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
    }
}
