public import DeixisInput

/// A sentence that was asked about a picture: what was meant and what was found, in pixels of the picture.
public struct EvaluatedSample: Sendable {
    /// Its place in the data set.
    public var index: Int
    public var sentence: String
    public var kind: String
    public var width: Int, height: Int
    public var truth: PixelBox
    public var found: PixelBox
    /// What the model expects the IoU to be; nil where it says nothing.
    public var score: Double?

    public init(
        index: Int, sentence: String, kind: String, width: Int, height: Int, truth: PixelBox, found: PixelBox,
        score: Double? = nil
    ) {
        (self.index, self.sentence, self.kind) = (index, sentence, kind)
        (self.width, self.height, self.truth, self.found) = (width, height, truth, found)
        self.score = score
    }

    /// 0 for a box that is not a number.
    public var iou: Double { isNumber ? found.intersectionOverUnion(truth) : 0 }
    /// -1 for a box that is not a number.
    public var generalizedIoU: Double { isNumber ? found.generalizedIntersectionOverUnion(truth) : -1 }
    /// Words between spaces.
    public var words: Int { sentence.split(whereSeparator: \.isWhitespace).count }
    /// Of the picture's area that the meant box takes.
    public var share: Double { truth.area / Double(max(width * height, 1)) }

    private var isNumber: Bool { [found.x, found.y, found.width, found.height].allSatisfy(\.isFinite) }
}
