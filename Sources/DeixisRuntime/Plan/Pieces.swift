import CDeixisSystem
import DeixisGraph

/// Memory for packed weights, handed out from a few large pieces, which the system has fewer of to keep than of
/// matrices.
///
/// In pages as they come, not huge ones: threads that pack side by side have the system clear memory side by side,
/// where a huge page lets one of them clear for all. First answer of `paper-r50` in a process of its own: 187 ms
/// against 231.
final class Pieces {
    private final class Piece: @unchecked Sendable {
        // Each byte is written by whom it was handed to, once.
        let base: UnsafeMutableRawPointer

        init(byteCount: Int) throws(RuntimeError) {
            guard let memory = deixis_allocate_pages(byteCount, 4096) else { throw .outOfMemory(bytes: byteCount) }
            base = memory
        }

        deinit { deixis_deallocate(base) }
    }

    private var piece: Piece?
    private var used = 0, size = 0
    /// Each piece is as large as all before it, within these bounds; memory nobody touches costs nothing.
    private let least = 1 << 20, most = 32 << 20
    private var total = 0

    /// 64-byte aligned memory, filled by `initialize`.
    func storage(
        byteCount: Int, initialize: (UnsafeMutableRawBufferPointer) throws(RuntimeError) -> Void
    ) throws(RuntimeError) -> ByteStorage {
        let rounded = (byteCount + 63) / 64 * 64
        let (owner, pointer) = try reserve(rounded)
        let memory = UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
        try initialize(memory)
        return ByteStorage(bytes: UnsafeRawBufferPointer(memory)) { withExtendedLifetime(owner) {} }
    }

    private func reserve(_ byteCount: Int) throws(RuntimeError) -> (Piece, UnsafeMutableRawPointer) {
        if piece == nil || size - used < byteCount {
            let next = max(byteCount, min(max(total, least), most)), new = try Piece(byteCount: next)
            Shared.locked { (piece, used, size, total) = (new, 0, next, total + next) }
        }
        guard let piece else { throw .outOfMemory(bytes: byteCount) }
        Shared.locked { used += byteCount }
        return (piece, piece.base + (used - byteCount))
    }
}
