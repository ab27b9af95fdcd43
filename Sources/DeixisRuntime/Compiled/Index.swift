import CDeixisSystem
import DeixisGraph

/// Little-endian numbers one after another.
struct IndexWriter {
    var bytes: [UInt8] = []

    mutating func put(_ number: Int) { for i in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * i))) } }
    mutating func put(long number: Int) {
        for i in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * i))) }
    }

    mutating func put(_ name: Name) {
        put(name.bytes.count)
        bytes += name.bytes
    }

    mutating func put(_ numbers: [Int]) {
        put(numbers.count)
        for number in numbers { put(long: number) }
    }

    mutating func put(_ shapes: [[Int]]) {
        put(shapes.count)
        for shape in shapes { put(shape) }
    }
}

/// Reads what `IndexWriter` wrote; whatever does not fit is damage.
struct IndexReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var at: Int
    private let end: Int

    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        at = range.lowerBound
        end = range.upperBound
    }

    @inline(never)
    private mutating func take(_ count: Int) throws(CompiledFileError) -> Int {
        if deixis_memory_is_short() { throw .outOfMemory(OutOfMemory(byteCount: 0)) }
        guard count >= 0, count <= end - at else { throw IndexReader.damage }
        defer { at += count }
        return at
    }

    static var damage: CompiledFileError { .damaged("its index makes no sense") }

    @inline(never)
    mutating func number() throws(CompiledFileError) -> Int {
        guard let number = Int(exactly: bytes.loadUnaligned(fromByteOffset: try take(4), as: UInt32.self)) else {
            throw IndexReader.damage
        }
        return number
    }
    @inline(never)
    mutating func long() throws(CompiledFileError) -> Int {
        guard let number = Int(exactly: bytes.loadUnaligned(fromByteOffset: try take(8), as: Int64.self)) else {
            throw IndexReader.damage
        }
        return number
    }

    /// Of things of at least `size` bytes each: never more than there is room for.
    @inline(never)
    mutating func count(of size: Int = 4) throws(CompiledFileError) -> Int {
        let count = try number()
        guard count <= (end - at) / size else { throw IndexReader.damage }
        return count
    }

    @inline(never)
    mutating func index(below limit: Int) throws(CompiledFileError) -> Int {
        let index = try number()
        guard index < limit else { throw IndexReader.damage }
        return index
    }

    @inline(never)
    mutating func name() throws(CompiledFileError) -> Name {
        let count = try number(), begin = try take(count)
        return Name(bytes: Array(bytes[begin..<begin + count]))
    }

    @inline(never)
    mutating func longs() throws(CompiledFileError) -> [Int] {
        var result: [Int] = []
        for _ in 0..<(try count(of: 8)) { result.append(try long()) }
        return result
    }

    @inline(never)
    mutating func shapes() throws(CompiledFileError) -> [[Int]] {
        var result: [[Int]] = []
        for _ in 0..<(try count()) { result.append(try longs()) }
        return result
    }

    /// A part to be read later.
    @inline(never)
    mutating func skip() throws(CompiledFileError) -> Range<Int> {
        let count = try long()
        guard count >= 0 else { throw IndexReader.damage }
        let begin = try take(count)
        return begin..<begin + count
    }
}
