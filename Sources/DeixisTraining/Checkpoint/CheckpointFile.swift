import CDeixisTensor
import DeixisFiles
import FoundationEssentials

/// A checkpoint opened for reading, its header checked.
struct CheckpointFile {
    let header: Checkpoint.Header
    private let file: InputFile
    private let dataStart: Int
    private var path: String { file.path }

    init(_ path: String) throws(TrainingError) {
        let file = try TrainingError.file { () throws(FileError) in try InputFile(path) }
        self.file = file
        let start = try TrainingError.file { () throws(FileError) in try file.bytes(at: 0, count: min(32, file.size)) }
        guard start.count >= 8, Array(start.prefix(8)) == Checkpoint.magic else {
            throw .format(path: path, reason: "not a checkpoint: it does not begin with DEIXISCK")
        }
        guard start.count == 32 else { throw .format(path: path, reason: "truncated: \(file.size) bytes, the header needs 32") }
        func number<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> T {
            start.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
        }
        let version = number(8, UInt32.self)
        guard version == Checkpoint.version else {
            throw .format(path: path, reason: "checkpoint version \(version), this program reads version \(Checkpoint.version)")
        }
        guard let length = Int(exactly: number(16, UInt64.self)), length <= Checkpoint.headerLimit else {
            throw .format(path: path, reason: "the header's length \(number(16, UInt64.self)) is beyond \(Checkpoint.headerLimit)")
        }
        guard 32 + length <= file.size else {
            throw .format(path: path, reason: "truncated: \(file.size) bytes, the header needs \(32 + length)")
        }
        let text = try TrainingError.file { () throws(FileError) in try file.bytes(at: 32, count: length) }
        let checksum = text.withUnsafeBytes { $0.baseAddress.map { dxt_checksum($0, length) } ?? 0 }
        guard checksum == number(24, UInt64.self) else {
            throw .format(path: path, reason: "the header is damaged: its checksum does not match")
        }
        guard let header = try? JSONDecoder().decode(Checkpoint.Header.self, from: Data(text)) else {
            throw .format(path: path, reason: "the header is not the JSON of formats/checkpoint.md")
        }
        self.header = header
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
        guard Checkpoint.hexadecimal(dxt_checksum(tensor.pointer, count)) == entry.checksum else {
            throw .format(path: path, reason: "tensor \(entry.name) is damaged: its checksum does not match")
        }
    }
}
