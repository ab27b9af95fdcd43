public import DeixisInput

/// What one training step reads.
public struct GroundingBatch: Sendable, Equatable {
    public let count: Int
    public let side: Int
    /// Tokens per sentence, padding included.
    public let length: Int
    /// [count, side, side, 3] letterboxed RGB.
    public var images: [UInt8]
    /// [count, length]
    public var tokenIDs: [Int64]
    /// [count, length]: 1 real, 0 padding.
    public var mask: [Int64]
    /// [count, 4]: center x, center y, width, height in 0...1 of the square.
    public var boxes: [Float]
    public var kinds: [String]

    public init(
        count: Int, side: Int, length: Int, images: [UInt8], tokenIDs: [Int64], mask: [Int64], boxes: [Float],
        kinds: [String]
    ) {
        (self.count, self.side, self.length) = (count, side, length)
        (self.images, self.tokenIDs, self.mask, self.boxes) = (images, tokenIDs, mask, boxes)
        self.kinds = kinds
    }

    /// Samples `range` alone, padded as they are.
    func part(_ range: Range<Int>) -> GroundingBatch {
        guard range != 0..<count else { return self }
        func rows<Element>(_ values: [Element], _ width: Int) -> [Element] {
            Array(values[range.lowerBound * width..<range.upperBound * width])
        }
        return GroundingBatch(
            count: range.count, side: side, length: length, images: rows(images, side * side * 3),
            tokenIDs: rows(tokenIDs, length),
            mask: rows(mask, length), boxes: rows(boxes, 4), kinds: rows(kinds, 1))
    }
}

/// Makes batch number t: a pure function of (source, seed, t), so that a resumed run sees what an uninterrupted one
/// would.
///
/// An endless source is read in order. A finite one is read in epochs, each a shuffle of its own; a batch may span two.
public struct BatchMaker: Sendable {
    public let source: any SampleSource
    public let tokenizer: Tokenizer
    public let letterbox: Letterbox
    public let augmentation: Augmentation
    public let seed: UInt64
    public let batchSize: Int
    /// Chance that a stray unknown word stands somewhere in a sentence: teaches the network to read past it.
    public let strayWord: Double
    /// Where samples with broken pictures are noted and left out; nil: they are errors.
    public let leftOut: LeftOut?

    public init(
        source: any SampleSource, tokenizer: Tokenizer, letterbox: Letterbox, augmentation: Augmentation, seed: UInt64,
        batchSize: Int, strayWord: Double = 0, leftOut: LeftOut? = nil
    ) {
        self.source = source
        self.tokenizer = tokenizer
        self.letterbox = letterbox
        self.augmentation = augmentation
        self.seed = seed
        self.batchSize = batchSize
        self.strayWord = strayWord
        self.leftOut = leftOut
    }

    /// Batch `number` of training: samples number * batchSize ..< (number + 1) * batchSize of the endless sequence.
    ///
    /// - Parameter part: which of the batch's samples; nil: all. Each is the same, whatever others are made with it.
    public func batch(_ number: Int, part: Range<Int>? = nil) throws(GroundingError) -> GroundingBatch {
        let part = part ?? 0..<batchSize
        let positions = number * batchSize + part.lowerBound..<number * batchSize + part.upperBound
        guard let count = source.count else { return try assemble(Array(positions), positions: positions) }
        var order: [Int] = [], epoch = -1
        var indices: [Int] = []
        for position in positions {
            if position / count != epoch {
                epoch = position / count
                order = Array(0..<count)
                var random = CounterRandom(seed: seed ^ 0x5348_5546, stream: UInt64(epoch))
                random.shuffle(&order)
            }
            indices.append(order[position % count])
        }
        return try assemble(indices, positions: positions)
    }

    /// Samples as they are, without augmentation: for evaluation. Those that are left out are missing: the batch may be
    /// smaller, or empty.
    public func plain(_ indices: Range<Int>) throws(GroundingError) -> GroundingBatch {
        try assemble(Array(indices), positions: nil)
    }

    private func assemble(_ indices: [Int], positions: Range<Int>?) throws(GroundingError) -> GroundingBatch {
        let side = letterbox.side
        var images: [UInt8] = [], boxes: [Float] = [], kinds: [String] = []
        images.reserveCapacity(indices.count * side * side * 3)
        var sentences: [[Int64]] = []
        for (place, index) in indices.enumerated() {
            guard let sample = try sample(index, insteadTheNext: positions != nil) else { continue }
            var square = fit(sample)
            var random = CounterRandom(seed: seed ^ 0x4155_474D, stream: UInt64((positions?.lowerBound ?? 0) + place))
            if positions != nil { square = augmentation.apply(to: square, &random) }
            images += square.image.pixels
            let s = Float(side), box = square.box
            boxes += [
                Float(box.x + box.width / 2) / s, Float(box.y + box.height / 2) / s, Float(box.width) / s,
                Float(box.height) / s,
            ]
            kinds.append(sample.kind)
            var ids = tokenizer.encode(square.sentence).ids
            if positions != nil, ids.count < tokenizer.settings.maxLength, random.chance(strayWord) {
                ids.insert(tokenizer.unknownID, at: 1 + random.int(ids.count - 1))
            }
            sentences.append(ids)
        }
        // A multiple of four tokens: few different shapes, little padding.
        let longest = sentences.map(\.count).max() ?? 2
        let length = min(tokenizer.settings.maxLength, (longest + 3) / 4 * 4)
        var tokenIDs: [Int64] = [], mask: [Int64] = []
        for ids in sentences {
            let row = GroundingInput.row(ids, padID: tokenizer.padID, length: length)
            tokenIDs += row.ids
            mask += row.mask
        }
        return GroundingBatch(
            count: kinds.count, side: side, length: length, images: images, tokenIDs: tokenIDs, mask: mask,
            boxes: boxes,
            kinds: kinds)
    }

    /// In training the next good sample takes a broken one's place, so that all batches have one size.
    private func sample(_ index: Int, insteadTheNext: Bool) throws(GroundingError) -> GroundingSample? {
        guard let leftOut, let count = source.count else { return try source.sample(index) }
        for step in 0..<(insteadTheNext ? count : 1) {
            if let sample = try leftOut.sample((index + step) % count, of: source) { return sample }
        }
        guard insteadTheNext else { return nil }
        throw .noGoodPictures(manifest: source.manifest)
    }

    /// The sample on the network's square, its box in the square's pixels.
    private func fit(_ sample: GroundingSample) -> GroundingSample {
        let corners = letterbox.normalized(sample.box, width: sample.image.width, height: sample.image.height).corners
        let s = Double(letterbox.side)
        return GroundingSample(
            image: letterbox.apply(to: sample.image), sentence: sample.sentence,
            box: PixelBox(x: corners.x * s, y: corners.y * s, width: corners.width * s, height: corners.height * s),
            kind: sample.kind)
    }
}
