import DeixisGraph

/// Elements as integers in the same order, so that one loop ranks every element type; both zeros are one, NaN is as
/// large as `nan`.
struct SortKey: Sendable {
    let load: @Sendable (UnsafeRawPointer, Int) -> Int64

    init(_ element: ElementType, nan: Int64) {
        if element.isReal {
            let real = RealElements(element).load
            load = { pointer, i in
                let x = real(pointer, i)
                if x.isNaN { return nan }
                let bits = Int64(bitPattern: x.bitPattern)
                return bits >= 0 ? bits : -(bits & .max)
            }
        } else if element == .uint64 {
            load = { Int64(bitPattern: $0.assumingMemoryBound(to: UInt64.self)[$1] ^ (1 << 63)) }
        } else {
            load = IntegerElements(element).load
        }
    }
}
