import CDeixisTensor

/// A dense row-major array. A value: operators make new tensors; only code that knows it is the sole owner writes in
/// place.
public struct Tensor<Scalar: Real> {
    public internal(set) var shape: [Int]
    var storage: Storage<Scalar>

    /// Contents undefined.
    public init(uninitialized shape: [Int]) {
        self.shape = shape
        storage = Storage(count: shape.reduce(1, *))
    }

    public init(zeros shape: [Int]) { self.init(repeating: 0, shape) }

    public init(repeating value: Scalar, _ shape: [Int]) {
        self.init(uninitialized: shape)
        let (pointer, value) = (self.pointer, Double(value))
        parallel(count, grain: 1 << 16) { Scalar.kernels.pointee.fill(pointer + $0.lowerBound, value, $0.count) }
    }

    /// - Precondition: as many values as `shape` holds.
    public init(_ shape: [Int], _ values: [Scalar]) {
        self.init(uninitialized: shape)
        precondition(values.count == count, "\(values.count) values for shape \(shape)")
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
        }
    }

    public var count: Int { shape.reduce(1, *) }
    /// The last extent: the width of a row.
    var columns: Int { shape.last ?? 1 }
    var rows: Int { columns == 0 ? 0 : count / columns }
    var pointer: UnsafeMutablePointer<Scalar> { storage.pointer }

    /// A copy of the elements, row by row.
    public var values: [Scalar] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// The elements in place; `body` must not let the pointer escape.
    public func withUnsafeBufferPointer<R>(_ body: (UnsafeBufferPointer<Scalar>) throws -> R) rethrows -> R {
        try withExtendedLifetime(storage) { try body(UnsafeBufferPointer(start: storage.pointer, count: count)) }
    }

    /// The elements in place, writable: every tensor that shares them sees the change.
    public func withUnsafeMutableBufferPointer<R>(_ body: (UnsafeMutableBufferPointer<Scalar>) throws -> R) rethrows
        -> R
    {
        try withExtendedLifetime(storage) { try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count)) }
    }

    /// The same elements under another shape of the same count.
    public func reshaped(_ shape: [Int]) -> Tensor {
        precondition(shape.reduce(1, *) == count, "\(self.shape) reshaped to \(shape)")
        var result = self
        result.shape = shape
        return result
    }

    /// Elements of its own.
    public func copy() -> Tensor {
        let result = Tensor(uninitialized: shape)
        let (source, target) = (pointer, result.pointer)
        parallel(count, grain: 1 << 16) {
            (target + $0.lowerBound).update(from: source + $0.lowerBound, count: $0.count)
        }
        return result
    }

    /// True when no other tensor shares the elements, so that they may be overwritten.
    mutating func isUnique() -> Bool { isKnownUniquelyReferenced(&storage) }
}
