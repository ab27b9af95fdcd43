import DeixisFiles

/// The entries of a zip archive that stores its files as they are (`torch.save` since PyTorch 1.6), ZIP64 included.
struct ZipArchive {
    /// Of each entry, by name, where its bytes are.
    let entries: [String: Range<Int>]

    static let signature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

    init(_ file: InputFile) throws(PickleError) {
        let (directory, count) = try Self.directory(file)
        var entries: [String: Range<Int>] = [:]
        var at = directory.lowerBound
        for _ in 0..<count {
            let head = Fields(try Self.bytes(file, at, 46, within: directory.upperBound))
            guard head.u32(0) == 0x0201_4B50 else {
                throw Self.malformed(file, at, "an entry of the archive's directory")
            }
            let nameLength = head.u16(28), extraLength = head.u16(30)
            let rest = try Self.bytes(file, at + 46, nameLength + extraLength, within: directory.upperBound)
            let name = String(decoding: rest.prefix(nameLength), as: UTF8.self)
            var wide = Self.zip64(Array(rest.dropFirst(nameLength)))[...]
            func number(_ narrow: Int) throws(PickleError) -> Int {
                guard narrow == 0xFFFF_FFFF else { return narrow }
                guard let value = wide.popFirst() else { throw Self.malformed(file, at, "a ZIP64 size") }
                return value
            }
            let size = try number(head.u32(24)), packed = try number(head.u32(20)), local = try number(head.u32(42))
            guard head.u16(10) == 0, size == packed else {
                throw Self.malformed(file, at, "an entry stored without compression, '\(name)'")
            }
            // PyTorch aligns the data by an extra field of the local header alone.
            let localHead = Fields(try Self.bytes(file, local, 30, within: file.size))
            guard localHead.u32(0) == 0x0403_4B50 else { throw Self.malformed(file, local, "the header of '\(name)'") }
            let begin = local + 30 + localHead.u16(26) + localHead.u16(28)
            guard begin <= file.size, size <= file.size - begin else {
                throw Self.malformed(file, local, "'\(name)' of \(size) bytes inside the file")
            }
            entries[name] = begin..<begin + size
            at += 46 + nameLength + extraLength + head.u16(32)
        }
        self.entries = entries
    }

    /// From the record at the archive's end, which a comment of at most 65,535 bytes may follow.
    private static func directory(_ file: InputFile) throws(PickleError) -> (bytes: Range<Int>, count: Int) {
        let length = min(file.size, 22 + 65_535), from = file.size - length
        let tail = try bytes(file, from, length, within: file.size)
        let found = stride(from: length - 22, through: 0, by: -1).first {
            Array(tail[$0..<$0 + 4]) == [0x50, 0x4B, 0x05, 0x06]
        }
        guard let found else {
            throw malformed(
                file, from, "the directory of a zip archive at the end (a download that broke off has none)")
        }
        let end = Fields(Array(tail[found..<found + 22]))
        var (count, size, offset) = (end.u16(10), end.u32(12), end.u32(16))
        if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
            let locator = Fields(try bytes(file, from + found - 20, 20, within: file.size))
            guard locator.u32(0) == 0x0706_4B50 else { throw malformed(file, from + found, "a ZIP64 directory") }
            let wide = Fields(try bytes(file, locator.u64(8), 56, within: file.size))
            guard wide.u32(0) == 0x0606_4B50 else { throw malformed(file, from + found, "a ZIP64 directory") }
            (count, size, offset) = (wide.u64(32), wide.u64(40), wide.u64(48))
        }
        guard offset >= 0, size >= 0, offset <= file.size, size <= file.size - offset, count >= 0, count <= size / 46
        else {
            throw malformed(file, from + found, "a directory inside the file")
        }
        return (offset..<offset + size, count)
    }

    /// The 64-bit sizes of extra field 1.
    private static func zip64(_ extra: [UInt8]) -> [Int] {
        var at = 0
        while at + 4 <= extra.count {
            let field = Fields(Array(extra[at...])), length = field.u16(2)
            if field.u16(0) == 1, at + 4 + length <= extra.count {
                return stride(from: 4, to: length - 3, by: 8).map { field.u64($0) }
            }
            at += 4 + length
        }
        return []
    }

    private static func bytes(_ file: InputFile, _ at: Int, _ count: Int, within end: Int) throws(PickleError)
        -> [UInt8]
    {
        guard at >= 0, count >= 0, at <= end, count <= end - at else {
            throw malformed(file, max(at, 0), "\(count) more bytes of the archive's directory")
        }
        return try PickleError.file { () throws(FileError) in try file.bytes(at: at, count: count) }
    }

    private static func malformed(_ file: InputFile, _ at: Int, _ expected: String) -> PickleError {
        .malformed(path: file.path, offset: at, expected: expected, found: "something else")
    }
}

/// Little-endian numbers at fixed places.
struct Fields {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private func number(_ at: Int, _ width: Int) -> UInt64 {
        guard at >= 0, at + width <= bytes.count else { return 0 }
        return bytes[at..<at + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    func u16(_ at: Int) -> Int { Int(number(at, 2)) }
    func u32(_ at: Int) -> Int { Int(number(at, 4)) }
    /// -1 where it is beyond what a file can have.
    func u64(_ at: Int) -> Int { Int(exactly: number(at, 8)) ?? -1 }
}
