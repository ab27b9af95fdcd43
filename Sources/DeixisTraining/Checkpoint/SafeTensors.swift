import DeixisFiles
import FoundationEssentials

/// Named tensors of a safetensors file: u64 header length, JSON {name: {dtype, shape, data_offsets}}, raw row-major
/// data.
public final class SafeTensors {
    struct Entry: Codable {
        // `__metadata__` has none of these.
        var dtype: String?
        var shape: [Int]?
        var data_offsets: [Int]?
    }

    public let path: String
    private let entries: [String: Entry]
    private let file: InputFile
    private let dataStart: Int
    private static let headerLimit = 100 << 20

    public init(_ path: String) throws(TrainingError) {
        self.path = path
        let file = try TrainingError.file { () throws(FileError) in try InputFile(path) }
        self.file = file
        guard file.size >= 8 else { throw .format(path: path, reason: "not a safetensors file: \(file.size) bytes") }
        let length = try TrainingError.file { () throws(FileError) in try file.bytes(at: 0, count: 8) }.reversed()
            .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let count = Int(exactly: length), count <= Self.headerLimit, 8 + count <= file.size else {
            throw .format(
                path: path, reason: "not a safetensors file: its header would take \(length) of \(file.size) bytes")
        }
        let header = try TrainingError.file { () throws(FileError) in try file.bytes(at: 8, count: count) }
        guard let entries = try? JSONDecoder().decode([String: Entry].self, from: Data(header)) else {
            throw .format(path: path, reason: "the header is not the JSON of a safetensors file")
        }
        self.entries = entries.filter { $0.value.dtype != nil }
        dataStart = 8 + count
    }

    public var names: [String] { entries.keys.sorted() }
    public func shape(of name: String) -> [Int]? { entries[name]?.shape }

    /// The elements as floats, from F32, F16, BF16 or F64.
    public func values(of name: String) throws(TrainingError) -> [Float] {
        guard let entry = entries[name], let shape = entry.shape, let offsets = entry.data_offsets,
            let type = entry.dtype
        else {
            throw .missingTensor(path: path, tensor: name)
        }
        let width = ["F32": 4, "F16": 2, "BF16": 2, "F64": 8][type]
        guard let width else {
            throw .format(path: path, reason: "tensor \(name) is \(type); F32, F16, BF16 and F64 are read")
        }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow, product <= file.size else {
                throw .format(path: path, reason: "tensor \(name) of shape \(shape) does not fit into the file")
            }
            count = product
        }
        guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0], offsets[1] <= file.size - dataStart,
            offsets[1] - offsets[0] == count * width
        else {
            throw .format(
                path: path, reason: "tensor \(name) of shape \(shape) does not fit its data_offsets \(offsets)")
        }
        let bytes = try TrainingError.file { () throws(FileError) in
            try file.bytes(at: dataStart + offsets[0], count: count * width)
        }
        return bytes.withUnsafeBytes { raw in
            (0..<count).map { index in
                switch type {
                case "F32":
                    Float(
                        bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
                case "F16":
                    halfToFloat(UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))
                case "BF16":
                    Float(
                        bitPattern: UInt32(
                            UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))) << 16)
                default:
                    Float(
                        Double(
                            bitPattern: UInt64(
                                littleEndian: raw.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))))
                }
            }
        }
    }
}

/// IEEE binary16 to binary32, exact.
func halfToFloat(_ bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F), fraction = Float(bits & 0x3FF)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction / 1024) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
}
