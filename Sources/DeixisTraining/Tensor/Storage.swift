import CDeixisSystem
import Synchronization

/// Memory of one or more tensors; goes back to the pool with its last owner.
final class Storage<Scalar: Real> {
    let pointer: UnsafeMutablePointer<Scalar>
    private let byteCount: Int

    init(count: Int) {
        byteCount = BufferPool.roundedSize(max(count, 1) * MemoryLayout<Scalar>.stride)
        pointer = BufferPool.take(byteCount).assumingMemoryBound(to: Scalar.self)
    }

    deinit { BufferPool.give(pointer, byteCount) }
}

/// Freed buffers by size. A training step asks for the same sizes as the one before, so from the second step on nothing is
/// allocated and no page is touched for the first time.
public enum BufferPool {
    private static let free = Mutex<[Int: [UInt]]>([:])

    /// Up to 1/8 is lost to rounding, so that sizes which vary a little (expression lengths) share buffers.
    static func roundedSize(_ bytes: Int) -> Int {
        guard bytes > 512 else { return (bytes + 63) & ~63 }
        let step = 1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount - 3)
        return (bytes + step - 1) & ~(step - 1)
    }

    /// What to do when the system refuses memory for a tensor. No step can go on without it, so this never returns: a command says so and
    /// exits; what is on disk is whole, for files are replaced and not rewritten.
    public static func onExhaustion(_ handler: @escaping @Sendable (TrainingError) -> Never) { exhausted.withLock { $0 = handler } }
    private static let exhausted = Mutex<@Sendable (TrainingError) -> Never>({ fatalError($0.description) })

    static func take(_ bytes: Int) -> UnsafeMutableRawPointer {
        if let address = free.withLock({ $0[bytes]?.popLast() }), let memory = UnsafeMutableRawPointer(bitPattern: address) {
            return memory
        }
        if let memory = deixis_allocate(bytes, 64) { return memory }
        // Buffers of other sizes lie unused in the pool.
        trim()
        if let memory = deixis_allocate(bytes, 64) { return memory }
        let handler = exhausted.withLock { $0 }
        handler(.outOfMemory(bytes: bytes))
    }

    static func give(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
        free.withLock { $0[bytes, default: []].append(UInt(bitPattern: memory)) }
    }

    /// Returns unused buffers to the system: after a phase with other shapes.
    public static func trim() {
        let buffers = free.withLock { pool in
            defer { pool = [:] }
            return pool
        }
        for addresses in buffers.values {
            for address in addresses { deixis_deallocate(UnsafeMutableRawPointer(bitPattern: address)) }
        }
    }
}
