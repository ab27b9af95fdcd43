import CDeixisSystem
import DeixisGraph

/// Weights that a compiled file brings ready-packed. Immutable; shared by the sessions of a model.
final class CompiledWeights: Sendable {
    /// Of the packings that kernels of this version make; changed with them.
    static let layout: UInt64 = 1

    struct Key: Hashable, Sendable {
        /// Where the source begins in the model.
        var source: Int
        var kind: Int
    }

    struct Entry: Sendable {
        var key: Key
        var sourceCount: Int
        var packed: Range<Int>
    }

    let instructionSets: UInt32
    /// The model's bytes, whose storage constants are views into.
    let model: ByteStorage
    private let file: ByteStorage
    private let entries: [Key: Entry]

    init(instructionSets: UInt32, model: ByteStorage, file: ByteStorage, entries: [Entry]) {
        self.instructionSets = instructionSets
        self.model = model
        self.file = file
        var index: [Key: Entry] = [:]
        for entry in entries { index[entry.key] = entry }
        self.entries = index
    }

    /// The packing of `constant` as `kind`, if the file has one of `byteCount`.
    func find(_ constant: Constant, kind: Int, byteCount: Int) -> ByteStorage? {
        guard constant.storage === model, let entry = entries[Key(source: constant.range.lowerBound, kind: kind)],
            entry.sourceCount == constant.range.count, entry.packed.count == byteCount
        else { return nil }
        let file = self.file
        return ByteStorage(bytes: UnsafeRawBufferPointer(rebasing: file.bytes[entry.packed]), isMapped: true) {
            withExtendedLifetime(file) {}
        }
    }
}

/// Why a compiled file is refused.
public indirect enum CompiledFileError: Error, Sendable {
    case version(UInt8)
    case layout
    case damaged(StaticString)
    case instructionSet(file: UInt32, here: UInt32)
    case cannotWrite(reason: String)
    /// The model was not read from a file, or is compiled already.
    case notFromFile

    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .version(let found): return "a compiled model of version \(found), this Deixis reads version 2; compile the ONNX file again"
        case .layout: return "compiled by another version of Deixis, whose kernels order weights otherwise; compile the ONNX file again"
        case .damaged(let what): return "a damaged compiled model: \(what); compile the ONNX file again"
        case .instructionSet(let file, let here):
            return "compiled for \(Machine.name(file)), kernels here are of \(Machine.name(here)) (the CPU, or DEIXIS_ISA); compile the ONNX file on this machine"
        case .cannotWrite(let reason): return "cannot be written: \(reason)"
        case .notFromFile: return "only a model read from an ONNX file can be compiled"
        }
    }
}
