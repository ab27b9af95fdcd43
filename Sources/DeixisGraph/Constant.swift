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
    public init(byteCount: Int, initialize: (UnsafeMutableRawBufferPointer) -> Void) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
        initialize(UnsafeMutableRawBufferPointer(rebasing: memory[0..<byteCount]))
        bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[0..<byteCount])
        isMapped = false
        let base = UInt(bitPattern: memory.baseAddress)
        release = { UnsafeMutableRawPointer(bitPattern: base)?.deallocate() }
    }

    deinit { release() }
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
    /// A constant that owns a copy of `values`.
    public init<T: BitwiseCopyable>(_ type: ElementType, _ shape: [Int], _ values: [T]) {
        let byteCount = values.count * MemoryLayout<T>.stride
        let storage = ByteStorage(byteCount: byteCount) { target in
            values.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[0..<byteCount])) }
        }
        self.init(type: type, shape: shape, storage: storage, range: 0..<byteCount)
    }
}
