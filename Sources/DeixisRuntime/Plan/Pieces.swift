import CDeixisSystem
import DeixisGraph

/// Memory that lives as long as a session, handed out from a few large pieces: matrices too small for huge pages of their own share them,
/// which saves the system from clearing 4 KiB at a time.
final class Pieces {
    private final class Piece: @unchecked Sendable {
        // Each byte is written by whom it was handed to, once.
        let base: UnsafeMutableRawPointer

        init?(byteCount: Int) {
            guard let base = deixis_allocate(byteCount, 64) else { return nil }
            self.base = base
        }

        deinit { deixis_deallocate(base) }
    }

    private var piece: Piece?
    private var used = 0, size = 0
    /// Each piece is as large as all before it, within these bounds; memory nobody touches costs nothing.
    private let least = 1 << 20, most = 32 << 20
    private var total = 0

    /// 64-byte aligned memory, filled by `initialize`.
    func storage(byteCount: Int, initialize: (UnsafeMutableRawBufferPointer) -> Void) -> ByteStorage {
        let rounded = (byteCount + 63) / 64 * 64
        if piece == nil || size - used < rounded {
            let next = max(rounded, min(max(total, least), most))
            guard let made = Piece(byteCount: next) else { return ByteStorage(byteCount: byteCount, initialize: initialize) }
            (piece, used, size, total) = (made, 0, next, total + next)
        }
        guard let piece else { return ByteStorage(byteCount: byteCount, initialize: initialize) }
        let memory = UnsafeMutableRawBufferPointer(start: piece.base + used, count: byteCount)
        used += rounded
        initialize(memory)
        return ByteStorage(bytes: UnsafeRawBufferPointer(memory)) { withExtendedLifetime(piece) {} }
    }
}
