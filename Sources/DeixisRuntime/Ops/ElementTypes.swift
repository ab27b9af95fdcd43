import DeixisGraph

// Element types that operators claim, as data.
extension [ElementType] {
    static var float: [ElementType] { [.float32] }
    static var floats: [ElementType] { [.float32, .float64] }
    static var reals: [ElementType] { [.float32, .float64, .float16, .bfloat16] }
    static var signedIntegers: [ElementType] { [.int8, .int16, .int32, .int64] }
    static var unsignedIntegers: [ElementType] { [.uint8, .uint16, .uint32, .uint64] }
    static var integers: [ElementType] { signedIntegers + unsignedIntegers }
    static var indices: [ElementType] { [.int32, .int64] }
    static var signed: [ElementType] { reals + signedIntegers }
    static var numeric: [ElementType] { reals + integers }
    /// Whatever has a fixed size: operators that only move bytes.
    static var movable: [ElementType] { numeric + [.bool] }
}

/// Numbers an arithmetic reference loop can be written for once; integers wrap, as C and numpy do.
protocol Number: BitwiseCopyable, Comparable, SendableMetatype {
    static func plus(_ a: Self, _ b: Self) -> Self
    static func times(_ a: Self, _ b: Self) -> Self
}

extension Number where Self: FixedWidthInteger {
    static func plus(_ a: Self, _ b: Self) -> Self { a &+ b }
    static func times(_ a: Self, _ b: Self) -> Self { a &* b }
}

extension Number where Self: BinaryFloatingPoint {
    static func plus(_ a: Self, _ b: Self) -> Self { a + b }
    static func times(_ a: Self, _ b: Self) -> Self { a * b }
}

extension Float: Number {}
extension Double: Number {}
extension Int32: Number {}
extension Int64: Number {}
extension UInt32: Number {}
extension UInt64: Number {}
