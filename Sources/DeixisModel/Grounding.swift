public import DeixisInput

/// What a sentence points at in a picture.
public struct Grounding: Sendable {
    /// In pixels of the picture as given, inside it.
    public var box: PixelBox
    /// As the network said it.
    public var normalizedBox: NormalizedBox
    /// The IoU with what was meant that is to be expected, 0...1, as far as the model can tell; nil where the model
    /// gives none. Ask again, or show nothing, where it is low: `deixis-train evaluate` says what a limit keeps.
    public var score: Float?
    /// Tokens the network read, [CLS] and [SEP] included.
    public var tokenCount: Int
    /// Word pieces that were cut off because the sentence was too long.
    public var droppedTokenCount: Int
    /// Words among the tokens that the vocabulary lacks: the network reads each as [UNK] and cannot tell one from
    /// another.
    public var unknownTokenCount: Int
    /// Letterbox and tokenizer, in milliseconds.
    public var inputMilliseconds: Double
    /// The network, in milliseconds. The first sentence of a length pays for its plan.
    public var networkMilliseconds: Double
}
