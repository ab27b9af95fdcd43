import DeixisGraph

// Reference loops are written once per kind of number, not once per element type: elements pass through Double or
// Int64. A Double holds every float32 and every sum, product and quotient of two of them exactly enough that rounding
// it again gives the float32 result.

/// Element i of a tensor as a Double, and back; rounded to nearest, integers truncated towards zero and kept in range,
/// NaN to 0.
struct RealElements: Sendable {
    let load: @Sendable (UnsafeRawPointer, Int) -> Double
    let store: @Sendable (UnsafeMutableRawPointer, Int, Double) -> Void

    init(_ type: ElementType) {
        switch type {
        case .float32:
            load = { Double($0.assumingMemoryBound(to: Float.self)[$1]) }
            store = { $0.assumingMemoryBound(to: Float.self)[$1] = Float($2) }
        case .float64:
            load = { $0.assumingMemoryBound(to: Double.self)[$1] }
            store = { $0.assumingMemoryBound(to: Double.self)[$1] = $2 }
        case .float16:
            load = { SmallFloat.float16.decode($0.assumingMemoryBound(to: UInt16.self)[$1]) }
            store = { $0.assumingMemoryBound(to: UInt16.self)[$1] = SmallFloat.float16.encode($2) }
        case .bfloat16:
            load = { SmallFloat.bfloat16.decode($0.assumingMemoryBound(to: UInt16.self)[$1]) }
            store = { $0.assumingMemoryBound(to: UInt16.self)[$1] = SmallFloat.bfloat16.encode($2) }
        case .bool:
            load = { Double($0.assumingMemoryBound(to: UInt8.self)[$1]) }
            store = { $0.assumingMemoryBound(to: UInt8.self)[$1] = $2 == 0 ? 0 : 1 }
        case .uint64:
            load = { Double($0.assumingMemoryBound(to: UInt64.self)[$1]) }
            store = { $0.assumingMemoryBound(to: UInt64.self)[$1] = $2 >= 0x1p64 ? .max : $2 > 0 ? UInt64($2) : 0 }
        default:
            let integers = IntegerElements(type), range = type.integerRange
            let (least, greatest) = (Double(range.lowerBound), Double(range.upperBound))
            load = { Double(integers.load($0, $1)) }
            store = { pointer, i, x in
                let kept: Int64 =
                    x >= greatest ? range.upperBound : x <= least ? range.lowerBound : x.isNaN ? 0 : Int64(x)
                integers.store(pointer, i, kept)
            }
        }
    }
}

/// Element i of an integer or bool tensor as an Int64, and back, keeping the low bits. uint64 keeps its bit pattern.
struct IntegerElements: Sendable {
    let load: @Sendable (UnsafeRawPointer, Int) -> Int64
    let store: @Sendable (UnsafeMutableRawPointer, Int, Int64) -> Void

    init(_ type: ElementType) {
        switch type {
        case .int8: self = .of(Int8.self)
        case .uint8: self = .of(UInt8.self)
        case .int16: self = .of(Int16.self)
        case .uint16: self = .of(UInt16.self)
        case .int32: self = .of(Int32.self)
        case .uint32: self = .of(UInt32.self)
        case .bool:
            load = { $0.assumingMemoryBound(to: UInt8.self)[$1] == 0 ? 0 : 1 }
            store = { $0.assumingMemoryBound(to: UInt8.self)[$1] = $2 == 0 ? 0 : 1 }
        default: self = .of(Int64.self)
        }
    }

    private init(
        load: @escaping @Sendable (UnsafeRawPointer, Int) -> Int64,
        store: @escaping @Sendable (UnsafeMutableRawPointer, Int, Int64) -> Void
    ) {
        self.load = load
        self.store = store
    }

    private static func of<T: FixedWidthInteger & SendableMetatype>(_: T.Type) -> IntegerElements {
        IntegerElements(
            load: { Int64(truncatingIfNeeded: $0.assumingMemoryBound(to: T.self)[$1]) },
            store: { $0.assumingMemoryBound(to: T.self)[$1] = T(truncatingIfNeeded: $2) })
    }
}

extension ElementType {
    var isReal: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }

    /// What an integer type holds; of uint64 only what an Int64 holds too.
    var integerRange: ClosedRange<Int64> {
        switch self {
        case .bool: 0...1
        case .int8: -128...127
        case .uint8: 0...255
        case .int16: -0x8000...0x7FFF
        case .uint16: 0...0xFFFF
        case .int32: Int64(Int32.min)...Int64(Int32.max)
        case .uint32: 0...Int64(UInt32.max)
        case .uint64: 0...Int64.max
        default: Int64.min...Int64.max
        }
    }
}
