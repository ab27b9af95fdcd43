import CDeixisSystem

/// Bytes that live as long as this object: a view into a mapped file, or memory of its own.
public final class ByteStorage: @unchecked Sendable {
    // Immutable after init; `release` runs once, in deinit. Hence safe to share.
    public let bytes: UnsafeRawBufferPointer
    /// The bytes are pages of a file mapped read-only: the system can drop and read them again.
    public let isMapped: Bool
    private let release: @Sendable () -> Void

    /// Borrows `bytes`; `release` ends their life (unmap, free, or drop an owner it captured).
    public init(bytes: UnsafeRawBufferPointer, isMapped: Bool = false, release: @escaping @Sendable () -> Void) {
        self.bytes = bytes
        self.isMapped = isMapped
        self.release = release
    }

    /// Owns 64-byte aligned memory of `byteCount`, filled by `initialize`.
    public init(byteCount: Int, initialize: (UnsafeMutableRawBufferPointer) -> Void) throws(OutOfMemory) {
        guard let memory = deixis_allocate_pages(max(byteCount, 1), 64) else { throw OutOfMemory(byteCount: byteCount) }
        initialize(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
        bytes = UnsafeRawBufferPointer(start: memory, count: byteCount)
        isMapped = false
        let base = UInt(bitPattern: memory)
        release = { deixis_deallocate(UnsafeMutableRawPointer(bitPattern: base)) }
    }

    deinit { release() }
}

/// Memory that the system did not give.
public struct OutOfMemory: Error, Equatable, Sendable {
    public var byteCount: Int
    public init(byteCount: Int) { self.byteCount = byteCount }

    public var message: Message {
        // 0: many small things (CDeixisSystem/reserve.c).
        byteCount == 0 ? "out of memory" : "out of memory: \(byteCount) bytes could not be had"
    }

    /// Throws where there are no `byteCount` bytes now: asked before an array becomes as large as a file says, for an
    /// array that finds no memory ends the process.
    public static func check(_ byteCount: Int) throws(OutOfMemory) {
        guard byteCount > 1 << 16 else { return }
        guard let block = deixis_allocate_pages(byteCount, 64) else { throw OutOfMemory(byteCount: byteCount) }
        deixis_deallocate(block)
    }
}

/// A tensor known when the graph is read: weights, shapes, scalars. Row-major, little-endian.
public struct Constant: Sendable {
    public let type: ElementType
    public let shape: [Int]
    public let storage: ByteStorage
    /// Where the elements lie in `storage.bytes`. No alignment is promised for views into a file.
    public let range: Range<Int>

    /// - Precondition: `range` holds exactly the elements of `shape`.
    public init(type: ElementType, shape: [Int], storage: ByteStorage, range: Range<Int>) {
        self.type = type
        self.shape = shape
        self.storage = storage
        self.range = range
    }

    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage.bytes[range]) }
    public var count: Int { shape.reduce(1, *) }
}

extension Constant {
    /// A constant that owns `values`.
    public init<T: BitwiseCopyable>(_ type: ElementType, _ shape: [Int], _ values: [T]) {
        let memory = UnsafeMutableBufferPointer<T>.allocate(capacity: max(values.count, 1))
        _ = memory.initialize(from: values)
        let base = UInt(bitPattern: memory.baseAddress), byteCount = values.count * MemoryLayout<T>.stride
        let storage = ByteStorage(bytes: UnsafeRawBufferPointer(start: memory.baseAddress, count: byteCount)) {
            UnsafeMutableRawPointer(bitPattern: base)?.deallocate()
        }
        self.init(type: type, shape: shape, storage: storage, range: 0..<byteCount)
    }

    /// The same where there may be many values: memory that cannot be had is an error.
    public init<T: BitwiseCopyable>(_ type: ElementType, _ shape: [Int], copying values: [T]) throws(OutOfMemory) {
        let byteCount = values.count * MemoryLayout<T>.stride
        let storage = try ByteStorage(byteCount: byteCount) { target in
            values.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        self.init(type: type, shape: shape, storage: storage, range: 0..<byteCount)
    }
}
