import CDeixisSystem
import DeixisFiles

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

/// Freed buffers by size. A training step asks for the same sizes as the one before, so from the second step on nothing
/// is allocated and no page is touched for the first time.
public enum BufferPool {
    private struct State {
        var free: [Int: [UInt]] = [:]
        /// Bytes of tensors that live, the most there were, and bytes of buffers that wait.
        var inUse = 0, mostInUse = 0, waiting = 0
        /// The most of both together since `measuringPeak` began.
        var peak = 0
        var isTight = false

        mutating func take(_ bytes: Int) -> UInt? {
            inUse += bytes
            mostInUse = max(mostInUse, inUse)
            let found = free[bytes]?.popLast()
            if found != nil { waiting -= bytes }
            return found
        }

        /// Buffers that must go before `inUse` may grow beyond what waits, largest first.
        mutating func surplus() -> [UInt] {
            guard isTight else { return [] }
            var gone: [UInt] = []
            for bytes in free.keys.sorted(by: >) {
                while inUse + waiting > mostInUse, let address = free[bytes]?.popLast() {
                    waiting -= bytes
                    gone.append(address)
                }
            }
            return gone
        }
    }
    private static let state = Locked(State())

    /// Runs `body`; returns also how many more bytes, of tensors and of buffers that wait, were held at once than
    /// before it.
    public static func measuringPeak<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> (result: R, bytes: Int) {
        let before = state.withLock { state in
            state.peak = state.inUse + state.waiting
            return state.peak
        }
        let result = try body()
        return (result, state.withLock { $0.peak } - before)
    }

    /// Gives buffers of other sizes back to the system whenever a new one would take more than all tensors ever did
    /// at once: less memory where passes need different sizes by turns, more time to touch pages again.
    public static func keepTight() { state.withLock { $0.isTight = true } }

    /// Bytes of tensors that live and of buffers that wait for the next.
    public static var heldBytes: Int { state.withLock { $0.inUse + $0.waiting } }

    /// Up to 1/8 is lost to rounding, so that sizes which vary a little (expression lengths) share buffers.
    static func roundedSize(_ bytes: Int) -> Int {
        guard bytes > 512 else { return (bytes + 63) & ~63 }
        let step = 1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount - 3)
        return (bytes + step - 1) & ~(step - 1)
    }

    /// What to do when the system refuses memory for a tensor. No step can go on without it, so this never returns: a
    /// command says so and exits; what is on disk is whole, for files are replaced and not rewritten.
    public static func onExhaustion(_ handler: @escaping @Sendable (TrainingError) -> Never) {
        exhausted.withLock { $0 = handler }
    }
    private static let exhausted = Locked<@Sendable (TrainingError) -> Never>({ fatalError($0.description) })

    static func take(_ bytes: Int) -> UnsafeMutableRawPointer {
        let (pooled, surplus) = state.withLock { state in
            let found = state.take(bytes)
            let surplus = found == nil ? state.surplus() : []
            state.peak = max(state.peak, state.inUse + state.waiting)
            return (found, surplus)
        }
        for address in surplus { deixis_deallocate(UnsafeMutableRawPointer(bitPattern: address)) }
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
            state.waiting += bytes
            state.free[bytes, default: []].append(UInt(bitPattern: memory))
        }
    }

    /// Returns unused buffers to the system: after a phase with other shapes.
    public static func trim() {
        let buffers = state.withLock { state in
            defer { (state.free, state.waiting) = ([:], 0) }
            return state.free
        }
        for addresses in buffers.values {
            for address in addresses { deixis_deallocate(UnsafeMutableRawPointer(bitPattern: address)) }
        }
    }
}
