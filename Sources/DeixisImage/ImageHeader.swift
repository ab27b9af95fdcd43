public import DeixisFiles

/// What a picture's file says of its size before any pixel: as the decoder will give it, EXIF orientation applied.
public enum ImageHeader {
    /// nil where the file is neither a JPEG nor a PNG, or ends before it tells its size.
    public static func size(ofFile path: String) throws(FileError) -> (width: Int, height: Int)? {
        let file = try InputFile(path)
        var failure: FileError?
        let size = size(byteCount: file.size) { offset, count in
            do throws(FileError) { return try file.bytes(at: offset, count: count) } catch {
                failure = error
                return []
            }
        }
        if let failure { throw failure }
        return size
    }

    /// The same from `read(offset, count)`, which is asked for bytes within the file only.
    static func size(byteCount: Int, _ read: @escaping (Int, Int) -> [UInt8]) -> (width: Int, height: Int)? {
        let bytes = Bytes(count: byteCount, read: read)
        guard let start = bytes.at(0, 8) else { return nil }
        if start == PNGChunks.signature { return png(bytes) }
        return start.starts(with: [0xFF, 0xD8]) ? jpeg(bytes) : nil
    }

    private struct Bytes {
        let count: Int
        let read: (Int, Int) -> [UInt8]
        func at(_ offset: Int, _ length: Int) -> [UInt8]? {
            guard offset >= 0, length <= count - offset else { return nil }
            let found = read(offset, length)
            return found.count == length ? found : nil
        }
    }

    private static func png(_ bytes: Bytes) -> (width: Int, height: Int)? {
        guard let header = bytes.at(16, 8) else { return nil }
        let width = PNGChunks.number(header[0..<4]), height = PNGChunks.number(header[4..<8])
        guard width > 0, height > 0 else { return nil }
        var at = 8
        // An orientation may stand before or after the pixels.
        while let chunk = bytes.at(at, 8) {
            let length = PNGChunks.number(chunk[0..<4]), name = chunk[4..<8]
            if name.elementsEqual("IEND".utf8) { break }
            // libspng leaves out chunks that are damaged.
            if name.elementsEqual("eXIf".utf8), let block = bytes.at(at + 8, length),
                let sum = bytes.at(at + 8 + length, 4),
                PNGChunks.number(sum) == PNGChunks.checksum(name + block)
            {
                return turned(width, height, Orientation.inTIFF(block[...]))
            }
            at += 12 + length
        }
        return (width, height)
    }

    /// Walks the segments up to the frame header (SOF), as `JPEGMarkers` does to the first scan.
    private static func jpeg(_ bytes: Bytes) -> (width: Int, height: Int)? {
        var at = 2, skipped = 0, orientation = Orientation.upright
        while let head = bytes.at(at, 4) {
            let marker = head[1]
            guard head[0] == 0xFF, marker != 0xFF, marker != 0 else {
                at += 1
                skipped += 1
                // Fill bytes are few; a file of nothing else is no picture.
                if skipped > 1 << 12 { return nil }
                continue
            }
            if marker == 0x01 || (0xD0...0xD8).contains(marker) {
                at += 2
                continue
            }
            let length = max(Int(head[2]) << 8 | Int(head[3]), 2)
            if (0xC0...0xCF).contains(marker), marker != 0xC4, marker != 0xC8, marker != 0xCC {
                guard let frame = bytes.at(at + 5, 4) else { return nil }
                let height = Int(frame[0]) << 8 | Int(frame[1]), width = Int(frame[2]) << 8 | Int(frame[3])
                return width > 0 && height > 0 ? turned(width, height, orientation) : nil
            }
            if marker == 0xDA { return nil }
            if marker == 0xE1, orientation == .upright, let body = bytes.at(at + 4, length - 2) {
                orientation = JPEGMarkers.orientation(inEXIF: body[...]) ?? .upright
            }
            at += 2 + length
        }
        return nil
    }

    private static func turned(_ width: Int, _ height: Int, _ orientation: Orientation) -> (width: Int, height: Int) {
        orientation.swapsAxes ? (height, width) : (width, height)
    }
}
