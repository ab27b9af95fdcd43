/// BERT's normalization of a sentence: controls dropped, whitespace made U+0020, ideographs set apart, accents
/// stripped, letters lowered, in this order.
///
/// Equal to `tokenizers.normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True)`.
struct Normalizer: Sendable {
    let lowercases: Bool
    let stripsAccents: Bool

    func normalize(_ sentence: UnsafeBufferPointer<UInt8>) -> [UInt32] {
        var decoder = UTF8Decoder(sentence)
        var output = Output(lowercases: lowercases)
        output.scalars.reserveCapacity(sentence.count)
        while let scalar = decoder.next() {
            if ScalarClasses.isSpace(scalar) {
                output.append(0x20)
            } else if ScalarClasses.isRemoved(scalar) {
                continue
            } else if ScalarClasses.isIdeograph(scalar) {
                output.append(0x20)
                append(scalar, to: &output)
                output.append(0x20)
            } else {
                append(scalar, to: &output)
            }
        }
        output.flush()
        return output.scalars
    }

    private func append(_ scalar: UInt32, to output: inout Output) {
        guard stripsAccents, scalar >= 0xC0 else { return output.append(scalar) }
        switch ScalarClasses.decomposition(scalar) {
        case .one(let base): output.append(base)
        case .several(let range): for i in range { output.appendOrdered(UnicodeTables.decompositionPool[i]) }
        case .hangul(let index):
            output.append(0x1100 + index / 588)
            output.append(0x1161 + index % 588 / 28)
            if index % 28 != 0 { output.append(0x11A7 + index % 28) }
        case nil: output.appendOrdered(scalar)
        }
    }
}

/// Scalars so far; the combining ones since the last starter wait to be put into canonical order.
private struct Output {
    let lowercases: Bool
    var scalars: [UInt32] = []
    /// Combining class << 55 | arrival << 24 | scalar: sorting these is the stable canonical ordering.
    private var waiting: [Int] = []

    init(lowercases: Bool) { self.lowercases = lowercases }

    mutating func append(_ scalar: UInt32) {
        flush()
        guard lowercases else { return scalars.append(scalar) }
        if scalar == 0x130 {
            scalars.append(0x69)
            scalars.append(0x307)
        } else {
            scalars.append(ScalarClasses.lowercase(scalar))
        }
    }

    mutating func appendOrdered(_ scalar: UInt32) {
        switch ScalarClasses.accent(scalar) {
        case .starter: append(scalar)
        case .combining(let order):
            waiting.append(Int(order) << 55 | (waiting.count & 0x7FFF_FFFF) << 24 | Int(scalar))
        case .removed: break
        case .removedBarrier: flush()
        }
    }

    mutating func flush() {
        if waiting.isEmpty { return }
        waiting = waiting.sorted { $0 < $1 }
        for packed in waiting { scalars.append(UInt32(truncatingIfNeeded: packed & 0xFF_FFFF)) }
        waiting.removeAll(keepingCapacity: true)
    }
}
