import CDeixisSystem
import DeixisFiles
import FoundationEssentials

/// A checkpoint opened for reading, its header checked.
struct CheckpointFile {
    let header: Checkpoint.Header
    private let file: InputFile
    private let dataStart: Int
    private let version: UInt32
    private var path: String { file.path }

    init(_ path: String) throws(TrainingError) {
        let file = try TrainingError.file { () throws(FileError) in try InputFile(path) }
        self.file = file
        let start = try TrainingError.file { () throws(FileError) in try file.bytes(at: 0, count: min(32, file.size)) }
        guard start.count >= 8, Array(start.prefix(8)) == Checkpoint.magic else {
            throw .format(path: path, reason: "not a checkpoint: it does not begin with DEIXISCK")
        }
        guard start.count == 32 else {
            throw .format(path: path, reason: "truncated: \(file.size) bytes, the header needs 32")
        }
        func number<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> T {
            start.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
        }
        let version = number(8, UInt32.self)
        guard (1...Checkpoint.version).contains(version) else {
            throw .format(
                path: path,
                reason: "checkpoint version \(version), this program reads versions 1 to \(Checkpoint.version)")
        }
        guard let length = Int(exactly: number(16, UInt64.self)), length <= Checkpoint.headerLimit else {
            throw .format(
                path: path, reason: "the header's length \(number(16, UInt64.self)) is beyond \(Checkpoint.headerLimit)"
            )
        }
        guard 32 + length <= file.size else {
            throw .format(path: path, reason: "truncated: \(file.size) bytes, the header needs \(32 + length)")
        }
        let text = try TrainingError.file { () throws(FileError) in try file.bytes(at: 32, count: length) }
        guard text.withUnsafeBytes({ Self.checksum($0, version) }) == number(24, UInt64.self) else {
            throw .format(path: path, reason: "the header is damaged: its checksum does not match")
        }
        guard let header = try? JSONDecoder().decode(Checkpoint.Header.self, from: Data(text)) else {
            throw .format(path: path, reason: "the header is not the JSON of formats/checkpoint.md")
        }
        self.header = header
        self.version = version
        dataStart = Checkpoint.aligned(32 + length)
    }

    func read<Scalar: Real>(_ entry: Checkpoint.Entry, into tensor: Tensor<Scalar>) throws(TrainingError) {
        guard entry.shape == tensor.shape else {
            throw .shape(path: path, tensor: entry.name, expected: tensor.shape, got: entry.shape)
        }
        let count = tensor.count * MemoryLayout<Scalar>.stride
        guard entry.offset >= 0, entry.offset <= file.size, dataStart + entry.offset + count <= file.size else {
            throw .format(
                path: path, reason: "truncated: \(file.size) bytes, tensor \(entry.name) ends beyond them")
        }
        let place = UnsafeMutableRawBufferPointer(start: tensor.pointer, count: count)
        try TrainingError.file { () throws(FileError) in try file.read(at: dataStart + entry.offset, into: place) }
        guard Checkpoint.hexadecimal(Self.checksum(UnsafeRawBufferPointer(place), version)) == entry.checksum else {
            throw .format(path: path, reason: "tensor \(entry.name) is damaged: its checksum does not match")
        }
    }

    /// Of version 2, or of version 1: words in turn to eight lanes of FNV-1a, which then pass through one more.
    private static func checksum(_ bytes: UnsafeRawBufferPointer, _ version: UInt32) -> UInt64 {
        guard version == 1 else { return deixis_checksum(0, bytes.baseAddress, bytes.count) }
        let prime: UInt64 = 0x100_0000_01B3
        var lanes = SIMD8<UInt64>(repeating: 0xCBF2_9CE4_8422_2325) &+ SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
        for (place, at) in stride(from: 0, to: bytes.count, by: 8).enumerated() {
            var word: UInt64 = 0
            withUnsafeMutableBytes(of: &word) {
                $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[at..<min(at + 8, bytes.count)]))
            }
            lanes[place % 8] = (lanes[place % 8] ^ UInt64(littleEndian: word)) &* prime
        }
        let sum = (0..<8).reduce(UInt64(bytes.count)) { ($0 ^ lanes[$1]) &* prime }
        return sum ^ (sum >> 32)
    }
}
