/// The extents of a tensor, checked where they come in: none is negative, and they multiply to a number within bounds,
/// with extents of 0 counted as 1. So whoever holds a `Shape` may multiply any of its extents with each other and with
/// an element's bytes.
public struct Shape: Hashable, Sendable {
    public let extents: [Int]
    public let count: Int

    /// More elements, or bytes, than any tensor may have whatever `Limits` say: index arithmetic stays clear of
    /// overflow below it.
    public static let most = Int.bitWidth == 64 ? 1 << 40 : 1 << 30

    public init(_ extents: [Int], of element: ElementType, limits: Limits = Limits()) throws(ShapeError) {
        for extent in extents where extent < 0 { throw .negative(extent) }
        do throws(LimitExceeded) {
            try LimitExceeded.check(.rank, extents.count, limit: limits.rank)
            var volume = 1, isEmpty = false
            for extent in extents {
                if extent == 0 { isEmpty = true }
                volume = volume.multipliedClamped(by: max(extent, 1))
            }
            try LimitExceeded.check(.elements, volume, limit: min(limits.elements, Shape.most))
            count = isEmpty ? 0 : volume
            try LimitExceeded.check(.bytes, count.multipliedClamped(by: element.byteCount ?? 1), limit: limits.bytes)
            self.extents = extents
        } catch {
            throw .limit(error)
        }
    }
}

/// Why a list of numbers is no shape.
public enum ShapeError: Error, Equatable, Sendable {
    case negative(Int)
    case limit(LimitExceeded)

    /// Follows the name of a tensor: `has the extent -1`.
    public var message: Message {
        switch self {
        case .negative(let extent): "has the extent \(extent)"
        case .limit(let limit): "has \(limit.message)"
        }
    }
}

// Arithmetic on numbers that a file gave and nobody has checked yet: instead of overflowing it stays at the greatest
// (least) Int, which no limit lets pass.
extension Int {
    @inline(never)
    public func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return !overflow ? sum : other < 0 ? .min : .max
    }

    @inline(never)
    public func multipliedClamped(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return !overflow ? product : (self < 0) != (other < 0) ? .min : .max
    }

    /// The whole part of `number`, the nearest Int where it is outside; 0 for what is not a number.
    @inline(never)
    public init(clamping number: Double) {
        let limit = Double(sign: .plus, exponent: Int.bitWidth - 1, significand: 1)
        self = number >= limit ? .max : number <= -limit ? .min : number.isNaN ? 0 : Int(number)
    }
}

extension [Int] {
    /// Of all, `Int.max` where that is more than any.
    @inline(never)
    public func productClamped() -> Int {
        var product = 1
        for factor in self { product = product.multipliedClamped(by: factor) }
        return product
    }
}
