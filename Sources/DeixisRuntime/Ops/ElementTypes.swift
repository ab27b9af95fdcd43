import DeixisGraph

// Element types that operators claim, as data.
extension [ElementType] {
    static var float: [ElementType] { [.float32] }
    static var floats: [ElementType] { [.float32, .float64] }
    static var signed: [ElementType] { [.float32, .float64, .int8, .int16, .int32, .int64] }
    static var numeric: [ElementType] { signed + [.uint8, .uint16, .uint32, .uint64] }
    /// Whatever has a fixed size: operators that only move bytes.
    static var movable: [ElementType] { numeric + [.bool, .float16, .bfloat16] }
}

/// Numbers an arithmetic reference loop can be written for once; integers wrap, as C and numpy do.
protocol Number: BitwiseCopyable, Comparable, SendableMetatype {
    static func plus(_ a: Self, _ b: Self) -> Self
    static func minus(_ a: Self, _ b: Self) -> Self
    static func times(_ a: Self, _ b: Self) -> Self
    /// Integers: truncated towards zero; by zero gives 0, for a file must not be able to stop the program.
    static func over(_ a: Self, _ b: Self) -> Self
}

extension Number where Self: FixedWidthInteger {
    static func plus(_ a: Self, _ b: Self) -> Self { a &+ b }
    static func minus(_ a: Self, _ b: Self) -> Self { a &- b }
    static func times(_ a: Self, _ b: Self) -> Self { a &* b }
    static func over(_ a: Self, _ b: Self) -> Self { b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue }
}

extension Number where Self: BinaryFloatingPoint {
    static func plus(_ a: Self, _ b: Self) -> Self { a + b }
    static func minus(_ a: Self, _ b: Self) -> Self { a - b }
    static func times(_ a: Self, _ b: Self) -> Self { a * b }
    static func over(_ a: Self, _ b: Self) -> Self { a / b }
}

extension Float: Number {}
extension Double: Number {}
extension Int8: Number {}
extension Int16: Number {}
extension Int32: Number {}
extension Int64: Number {}
extension UInt8: Number {}
extension UInt16: Number {}
extension UInt32: Number {}
extension UInt64: Number {}
