/// What a grounding network is given and what it answers: names and layout, for the model, the quantizer and the
/// trainer alike.
///
///     image uint8 [batch, S, S, 3], token_ids int64 [batch, length], attention_mask int64 [batch, length] -> box float32 [batch, 4]
///     and, of some, score float32 [batch, 1]
///
/// The picture is letterboxed; a sentence shorter than `length` is followed by padding, which the mask says is none of
/// it.
public enum GroundingInput {
    public static let image: StaticString = "image"
    public static let tokens: StaticString = "token_ids"
    public static let mask: StaticString = "attention_mask"
    public static let box: StaticString = "box"
    public static let score: StaticString = "score"

    /// One sentence into its row: ids, then padding; 1 for each id, then 0.
    ///
    /// - Precondition: `ids` and `mask` are of one length, no shorter than the sentence.
    public static func write(
        _ sentence: [Int64], padID: Int64, ids: UnsafeMutableBufferPointer<Int64>,
        mask: UnsafeMutableBufferPointer<Int64>
    ) {
        for i in ids.indices {
            let isReal = i < sentence.count
            ids[i] = isReal ? sentence[i] : padID
            mask[i] = isReal ? 1 : 0
        }
    }

    /// The same as arrays of `length`, or of the sentence's where that is longer.
    public static func row(_ sentence: [Int64], padID: Int64, length: Int) -> (ids: [Int64], mask: [Int64]) {
        var ids = [Int64](repeating: padID, count: max(length, sentence.count)),
            mask = [Int64](repeating: 0, count: ids.count)
        ids.withUnsafeMutableBufferPointer { ids in
            mask.withUnsafeMutableBufferPointer { write(sentence, padID: padID, ids: ids, mask: $0) }
        }
        return (ids, mask)
    }
}
