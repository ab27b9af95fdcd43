/// The processes that compute one run together, each its share of every batch.
///
/// Every call is collective: all ranks make it, in the same order, with as many values.
public protocol Ranks: AnyObject {
    var rank: Int { get }
    var count: Int { get }

    /// values[i] becomes the sum of all ranks' values[i], at the latest when the sum was waited for; until then nobody
    /// else touches them. The order of additions depends on the number of values and of ranks alone.
    func beginSum(_ values: UnsafeMutableBufferPointer<Float>) -> any RankSum
    /// The sum of all ranks' values, element by element.
    func sum(_ values: [Double]) -> [Double]
    /// `bytes` of each rank, in the order of ranks; all of one length.
    func gather(_ bytes: [UInt8]) -> [[UInt8]]
}

/// A sum under way.
public protocol RankSum: AnyObject {
    /// Goes on with it where the library works only when it is called; whether it has ended.
    func hasEnded() -> Bool
    func wait()
}

extension Ranks {
    /// "rank 2 of 4"
    public var name: String { "rank \(rank) of \(count)" }

    func gather(_ value: UInt64) -> [UInt64] {
        gather((0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }).map { bytes in
            bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// The same for bytes of any length.
    func gatherAnyLength(_ bytes: [UInt8]) -> [[UInt8]] {
        let lengths = gather(UInt64(bytes.count)).map { Int($0) }, most = lengths.max() ?? 0
        let padded = bytes + [UInt8](repeating: 0, count: most - bytes.count)
        return zip(gather(padded), lengths).map { Array($0.prefix($1)) }
    }

    /// Whether any rank says so.
    public func any(_ condition: Bool) -> Bool { sum([condition ? 1 : 0])[0] > 0 }
    /// The least of all ranks' values.
    public func least(_ value: Int) -> Int { gather(UInt64(max(value, 0))).min().map { Int($0) } ?? value }

    /// What `body` makes on every rank. Where it fails on one, all fail: the first of them with `FailedTogether`, its
    /// own error within, the others with `otherRankFailed`. `body` itself calls nothing collective.
    public func together<Result>(_ body: () throws -> Result) throws -> Result {
        let made = Swift.Result { try body() }
        var failed = false
        if case .failure = made { failed = true }
        if let first = gather(failed ? 1 : 0).firstIndex(of: 1), first != rank {
            throw GroundingError.otherRankFailed(rank: first)
        }
        do { return try made.get() } catch { throw FailedTogether(error: error) }
    }
}

/// What failed on this rank while all did the same; the others know that it did.
public struct FailedTogether: Error, CustomStringConvertible {
    public let error: any Error
    public var description: String { "\(error)" }
}
