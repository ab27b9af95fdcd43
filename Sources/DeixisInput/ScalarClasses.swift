/// Questions BERT's normalizer asks about one scalar, answered from `UnicodeTables` by bisection.
enum ScalarClasses {
    static func isRemoved(_ scalar: UInt32) -> Bool {
        if scalar < 0x7F { return scalar < 0x20 && scalar != 0x09 && scalar != 0x0A && scalar != 0x0D }
        return contains(UnicodeTables.removed, scalar)
    }

    static func isSpace(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return scalar == 0x20 || scalar == 0x09 || scalar == 0x0A || scalar == 0x0D }
        return contains(UnicodeTables.spaces, scalar)
    }

    static func isPunctuation(_ scalar: UInt32) -> Bool { contains(UnicodeTables.punctuation, scalar) }

    static func isIdeograph(_ scalar: UInt32) -> Bool {
        scalar >= 0x3400 && contains(UnicodeTables.ideographs, scalar)
    }

    /// How a scalar takes part in decomposition with its nonspacing marks removed.
    enum Accent: Equatable {
        case starter
        /// Kept, and ordered among its like by combining class.
        case combining(UInt32)
        case removed
        /// Removed, but nothing is reordered across it.
        case removedBarrier
    }

    static func accent(_ scalar: UInt32) -> Accent {
        if scalar < 0x300 { return .starter }
        if contains(UnicodeTables.marks, scalar) { return .removed }
        if contains(UnicodeTables.barrierMarks, scalar) { return .removedBarrier }
        let table = UnicodeTables.keptCombining
        let at = lastRow(table, width: 3, notAbove: scalar)
        if at >= 0, scalar <= table[at + 1] { return .combining(table[at + 2]) }
        return .starter
    }

    /// The simple lower case. U+0130 alone becomes two scalars and is left to the caller.
    static func lowercase(_ scalar: UInt32) -> UInt32 {
        if scalar < 0x80 { return scalar >= 0x41 && scalar <= 0x5A ? scalar + 32 : scalar }
        let table = UnicodeTables.lowercase
        let at = lastRow(table, width: 4, notAbove: scalar)
        guard at >= 0, scalar <= table[at + 1], (scalar - table[at]) % table[at + 2] == 0 else { return scalar }
        return scalar &+ table[at + 3]
    }

    /// What the scalar becomes when decomposed canonically and freed of nonspacing marks; nil: itself.
    static func decomposition(_ scalar: UInt32) -> Decomposition? {
        if scalar < 0xC0 { return nil }
        if scalar >= 0xAC00 && scalar < 0xD7A4 { return .hangul(scalar - 0xAC00) }
        let keys = UnicodeTables.decomposable
        let at = lastRow(keys, width: 1, notAbove: scalar)
        guard at >= 0, keys[at] == scalar else { return nil }
        let value = UnicodeTables.decomposition[at]
        if value & 0x8000_0000 == 0 { return .one(value) }
        let offset = Int((value & 0x7FFF_FFFF) >> 4)
        return .several(offset..<(offset + Int(value & 15)))
    }

    enum Decomposition {
        case one(UInt32)
        /// Indices into `UnicodeTables.decompositionPool`.
        case several(Range<Int>)
        /// L, V and perhaps T of the syllable with this index (Unicode 15, section 3.12).
        case hangul(UInt32)
    }

    private static func contains(_ ranges: [UInt32], _ scalar: UInt32) -> Bool {
        let at = lastRow(ranges, width: 2, notAbove: scalar)
        return at >= 0 && scalar <= ranges[at + 1]
    }

    /// Offset of the last row whose first column is at most `scalar`; -1 if there is none. Rows are sorted.
    private static func lastRow(_ table: [UInt32], width: Int, notAbove scalar: UInt32) -> Int {
        var low = 0, high = table.count / width
        while low < high {
            let middle = (low + high) / 2
            if table[middle * width] <= scalar { low = middle + 1 } else { high = middle }
        }
        return low * width - width
    }
}
