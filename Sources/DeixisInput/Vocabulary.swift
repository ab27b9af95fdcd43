/// Tokens and their ids, found by their bytes without allocating.
public struct Vocabulary: Sendable {
    /// All tokens' bytes, one after the other; token i is `bytes[starts[i]..<starts[i + 1]]`.
    private var bytes: [UInt8] = []
    private var starts: [UInt32] = [0]
    /// Open addressing: id + 1, or 0 for a free slot. The size is a power of two at least twice the count.
    private var slots: [UInt32] = []
    /// The longest token's byte count: no longer piece is worth looking up.
    public private(set) var longestToken = 0

    /// Throws `emptyVocabulary`, `emptyToken` or `duplicateToken`.
    public init(tokens: [[UInt8]]) throws(InputError) {
        for token in tokens { append(token[...]) }
        try index()
    }

    /// Newline separated tokens, as in a `vocab.txt`: the id is the line number; CR before LF is dropped, as is a last
    /// empty line.
    public init(lines: [UInt8]) throws(InputError) {
        var start = 0
        while start < lines.count {
            var end = start
            while end < lines.count, lines[end] != 0x0A { end += 1 }
            let next = end + 1
            if end > start, lines[end - 1] == 0x0D { end -= 1 }
            append(lines[start..<end])
            start = next
        }
        try index()
    }

    public var count: Int { starts.count - 1 }

    /// The token's bytes.
    /// - Precondition: 0 <= id < count.
    public subscript(id: Int) -> ArraySlice<UInt8> { bytes[Int(starts[id])..<Int(starts[id + 1])] }

    /// The inverse of `init(lines:)`, without a newline at the end.
    public var lines: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + count)
        for id in 0..<count {
            if id > 0 { result.append(0x0A) }
            result.append(contentsOf: self[id])
        }
        return result
    }

    public func id(of token: [UInt8]) -> Int? {
        var hash = TokenHash()
        for byte in token { hash.add(byte) }
        return token.withUnsafeBufferPointer {
            find(
                hash, count: $0.count,
                matches: { [bytes] start in
                    for i in 0..<token.count where bytes[start + i] != token[i] { return false }
                    return true
                })
        }
    }

    /// The id of the token of `count` bytes with this hash for which `matches(offset into bytes)` holds.
    @inline(__always)
    private func find(_ hash: TokenHash, count: Int, matches: (Int) -> Bool) -> Int? {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash.mixed) & mask
        while slots[slot] != 0 {
            let id = Int(slots[slot]) - 1
            let start = Int(starts[id])
            if Int(starts[id + 1]) - start == count, matches(start) { return id }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// The id of (`##` if continued) + `word[range]`, whose hash the caller has at hand.
    func id(_ hash: TokenHash, of word: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, continued: Bool) -> Int? {
        let prefix = continued ? 2 : 0
        return find(hash, count: range.count + prefix) { start in
            if continued, bytes[start] != 0x23 || bytes[start + 1] != 0x23 { return false }
            for i in 0..<range.count where bytes[start + prefix + i] != word[range.lowerBound + i] { return false }
            return true
        }
    }

    private mutating func append(_ token: ArraySlice<UInt8>) {
        bytes.append(contentsOf: token)
        starts.append(UInt32(truncatingIfNeeded: bytes.count))
        longestToken = max(longestToken, token.count)
    }

    private mutating func index() throws(InputError) {
        guard count > 0 else { throw .emptyVocabulary }
        var size = 16
        while size < count * 2 { size *= 2 }
        var table = [UInt32](repeating: 0, count: size)
        let mask = size - 1
        for id in 0..<count {
            let start = Int(starts[id]), end = Int(starts[id + 1])
            guard end > start else { throw .emptyToken(index: id) }
            var hash = TokenHash()
            for i in start..<end { hash.add(bytes[i]) }
            var slot = Int(truncatingIfNeeded: hash.mixed) & mask
            while table[slot] != 0 {
                let other = Int(table[slot]) - 1
                if self[other].elementsEqual(bytes[start..<end]) {
                    throw .duplicateToken(token: Array(self[id]), first: other, second: id)
                }
                slot = (slot + 1) & mask
            }
            table[slot] = UInt32(id + 1)
        }
        slots = table
    }
}

/// FNV-1a of 64 bits, which grows byte by byte: all prefixes of a word are hashed in one walk.
struct TokenHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325
    mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    /// The low bits of FNV know little of the high ones.
    var mixed: UInt64 { state ^ state >> 32 }
}
