import DeixisGraph

/// Memory for packed weights, handed out from a few large pieces, which the system has fewer of to keep than of matrices.
///
/// In pages as they come, not huge ones: threads that pack side by side have the system clear memory side by side, where a huge page lets one of
/// them clear for all. First answer of `paper-r50` in a process of its own: 187 ms against 231.
final class Pieces {
    private final class Piece: @unchecked Sendable {
        // Each byte is written by whom it was handed to, once.
        let base: UnsafeMutableRawPointer

        init(byteCount: Int) { base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4096) }

        deinit { base.deallocate() }
    }

    private var piece: Piece?
    private var used = 0, size = 0
    /// Each piece is as large as all before it, within these bounds; memory nobody touches costs nothing.
    private let least = 1 << 20, most = 32 << 20
    private var total = 0

    /// 64-byte aligned memory, filled by `initialize`.
    func storage(byteCount: Int, initialize: (UnsafeMutableRawBufferPointer) -> Void) -> ByteStorage {
        let rounded = (byteCount + 63) / 64 * 64
        let (owner, pointer) = Shared.locked { reserve(rounded) }
        let memory = UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
        initialize(memory)
        return ByteStorage(bytes: UnsafeRawBufferPointer(memory)) { withExtendedLifetime(owner) {} }
    }

    private func reserve(_ byteCount: Int) -> (Piece, UnsafeMutableRawPointer) {
        if let piece, size - used >= byteCount {
            used += byteCount
            return (piece, piece.base + (used - byteCount))
        }
        let next = max(byteCount, min(max(total, least), most)), new = Piece(byteCount: next)
        (piece, used, size, total) = (new, byteCount, next, total + next)
        return (new, new.base)
    }
}
