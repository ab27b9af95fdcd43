import CDeixisSystem
import DeixisGraph

/// Reads messages out of one file's bytes. One method per message type, one file each; they nest as deep as
/// `Limits.depth` lets sub-graphs.
struct Reader {
    /// For messages.
    let file: String
    let storage: ByteStorage
    /// The folder external data may lie in, with a final `/`; nil for bytes in memory.
    let folder: String?
    let limits: Limits
    /// External data files met so far.
    var external: [Name: ByteStorage] = [:]
    /// Of `ai.onnx`, where reading stands: a function may have another than the model.
    var opset = 0
    /// How many sub-graphs it stands in.
    var depth = 0
    /// Of all graphs and functions met so far.
    var nodeCount = 0

    init(file: String, storage: ByteStorage, folder: String?, limits: Limits) {
        self.file = file
        self.storage = storage
        self.folder = folder
        self.limits = limits
    }

    var whole: Range<Int> { 0..<storage.bytes.count }

    func wire(_ range: Range<Int>) -> Wire { Wire(storage.bytes, range) }

    /// The next field of `message`, errors told with file and message.
    func next(_ wire: inout Wire, _ message: StaticString) throws(ONNXError) -> WireField? {
        if deixis_memory_is_short() { throw .outOfMemory(file: file, OutOfMemory(byteCount: 0)) }
        do throws(WireError) { return try wire.next() } catch {
            throw .malformed(file: file, offset: error.offset, field: message, reason: error.reason)
        }
    }

    func malformed(_ field: WireField, _ name: StaticString, _ reason: StaticString) -> ONNXError {
        .malformed(file: file, offset: field.offset, field: name, reason: reason)
    }

    func int(_ field: WireField, _ name: StaticString) throws(ONNXError) -> Int {
        guard case .varint(let value) = field.content else { throw malformed(field, name, "expected an integer") }
        return Int(clamping: Int64(bitPattern: value))
    }

    /// The element type with the standard's number `number`, if there is one.
    func elementType(_ number: Int) -> ElementType? { Int32(exactly: number).flatMap { ElementType(rawValue: $0) } }

    func check(_ kind: LimitExceeded.Kind, _ value: Int, limit: Int, _ what: Message) throws(ONNXError) {
        do throws(LimitExceeded) { try LimitExceeded.check(kind, value, limit: limit) } catch {
            throw .limit(file: file, what: what, error)
        }
    }

    func range(_ field: WireField, _ name: StaticString) throws(ONNXError) -> Range<Int> {
        guard case .bytes(let range) = field.content else { throw malformed(field, name, "expected bytes") }
        return range
    }

    func name(_ field: WireField, _ name: StaticString) throws(ONNXError) -> Name {
        let range = try range(field, name)
        try checkMemory(range.count)
        return Name(bytes: Array(storage.bytes[range]))
    }

    func checkMemory(_ byteCount: Int) throws(ONNXError) {
        do throws(OutOfMemory) { try OutOfMemory.check(byteCount) } catch { throw .outOfMemory(file: file, error) }
    }

    /// Room in `list` for `count` more, or an error.
    private func makeRoom<T>(for count: Int, in list: inout [T]) throws(ONNXError) {
        guard list.count + count > list.capacity else { return }
        let capacity = max(list.count + count, 2 * list.capacity)
        try checkMemory(capacity * MemoryLayout<T>.stride)
        list.reserveCapacity(capacity)
    }

    /// Appends the integers of a repeated field, packed or not.
    func append(_ field: WireField, _ name: StaticString, to list: inout [Int64]) throws(ONNXError) {
        switch field.content {
        case .varint(let value):
            try makeRoom(for: 1, in: &list)
            list.append(Int64(bitPattern: value))
        case .bytes(let range):
            var wire = wire(range)
            // Each number ends with a byte below 128.
            try makeRoom(for: storage.bytes[range].reduce(0) { $1 < 128 ? $0 + 1 : $0 }, in: &list)
            while !wire.isAtEnd {
                do throws(WireError) { list.append(Int64(bitPattern: try wire.varint())) } catch {
                    throw .malformed(file: file, offset: error.offset, field: name, reason: error.reason)
                }
            }
        default: throw malformed(field, name, "expected integers")
        }
    }

    /// Appends the floats of a repeated field, packed or not.
    func append(_ field: WireField, _ name: StaticString, to list: inout [Float]) throws(ONNXError) {
        switch field.content {
        case .fixed32(let value):
            try makeRoom(for: 1, in: &list)
            list.append(Float(bitPattern: value))
        case .bytes(let range):
            guard range.count % 4 == 0 else { throw malformed(field, name, "a list of floats is cut off") }
            try makeRoom(for: range.count / 4, in: &list)
            for at in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
                list.append(storage.bytes.loadUnaligned(fromByteOffset: at, as: Float.self))
            }
        default: throw malformed(field, name, "expected floats")
        }
    }

    /// Appends the doubles of a repeated field, packed or not.
    func append(_ field: WireField, _ name: StaticString, to list: inout [Double]) throws(ONNXError) {
        switch field.content {
        case .fixed64(let value):
            try makeRoom(for: 1, in: &list)
            list.append(Double(bitPattern: value))
        case .bytes(let range):
            guard range.count % 8 == 0 else { throw malformed(field, name, "a list of doubles is cut off") }
            try makeRoom(for: range.count / 8, in: &list)
            for at in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                list.append(storage.bytes.loadUnaligned(fromByteOffset: at, as: Double.self))
            }
        default: throw malformed(field, name, "expected doubles")
        }
    }
}
