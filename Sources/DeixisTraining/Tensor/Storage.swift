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
    private struct State {
        var free: [Int: [UInt]] = [:]
        /// Bytes of tensors that live, and the most since `measuringPeak` began.
        var inUse = 0, peak = 0

        mutating func took(_ bytes: Int) {
            inUse += bytes
            peak = max(peak, inUse)
        }
    }
    private static let state = Mutex(State())

    /// Runs `body`; returns also how many more bytes its tensors took at once than lived before it.
    public static func measuringPeak<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> (result: R, bytes: Int) {
        let before = state.withLock { state in
            state.peak = state.inUse
            return state.inUse
        }
        let result = try body()
        return (result, state.withLock { $0.peak } - before)
    }

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
        let pooled = state.withLock { state in
            state.took(bytes)
            return state.free[bytes]?.popLast()
        }
        if let pooled, let memory = UnsafeMutableRawPointer(bitPattern: pooled) { return memory }
        if let memory = deixis_allocate(bytes, 64) { return memory }
        // Buffers of other sizes lie unused in the pool.
        trim()
        if let memory = deixis_allocate(bytes, 64) { return memory }
        let handler = exhausted.withLock { $0 }
        handler(.outOfMemory(bytes: bytes))
    }

    static func give(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
        state.withLock { state in
            state.inUse -= bytes
            state.free[bytes, default: []].append(UInt(bitPattern: memory))
        }
    }

    /// Bytes of tensors that live and of buffers that wait for the next.
    public static var heldBytes: Int { state.withLock { $0.inUse + $0.free.reduce(0) { $0 + $1.key * $1.value.count } } }

    /// Returns unused buffers to the system: after a phase with other shapes.
    public static func trim() {
        let buffers = state.withLock { state in
            defer { state.free = [:] }
            return state.free
        }
        for addresses in buffers.values {
            for address in addresses { deixis_deallocate(UnsafeMutableRawPointer(bitPattern: address)) }
        }
    }
}
