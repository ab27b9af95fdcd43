internal import DeixisGraph
internal import DeixisGrounding
internal import DeixisInput
internal import DeixisRuntime

/// A labeled sample as a grounding model's inputs.
struct Sample {
    var inputs: [(name: Name, tensor: Constant)]
    /// In the letterboxed square.
    var truth: NormalizedBox
}

/// Reads samples of a data set the way the model that is quantized will be asked.
struct SampleReader {
    let source: DatasetSource
    let metadata: GroundingMetadata
    let tokenizer: Tokenizer
    /// Extent of the tokens where the file fixes it.
    let fixedLength: Int?

    init(_ dataset: Dataset, graph: Graph) throws {
        source = DatasetSource(dataset)
        metadata = try GroundingMetadata(pairs: graph.metadata.map { ($0.key.bytes, $0.value.bytes) })
        tokenizer = try metadata.makeTokenizer()
        let tokens = graph.inputs.first { graph[$0].name.matches(GroundingInput.tokens) }
        guard let shape = tokens.flatMap({ graph[$0].type?.shape }), shape.count == 2,
            case .fixed(let length) = shape[1]
        else {
            fixedLength = nil
            return
        }
        fixedLength = length
    }

    func sample(_ index: Int) throws -> Sample {
        let sample = try source.sample(index), side = metadata.letterbox.side
        let pixels = metadata.letterbox.apply(to: sample.image).pixels
        let row = GroundingInput.row(
            tokenizer.encode(sample.sentence).ids, padID: tokenizer.padID, length: fixedLength ?? 0)
        let length = row.ids.count
        let inputs: [(name: Name, tensor: Constant)] = [
            (Name(stringLiteral: GroundingInput.image), Constant(.uint8, [1, side, side, 3], pixels)),
            (Name(stringLiteral: GroundingInput.tokens), Constant(.int64, [1, length], row.ids)),
            (Name(stringLiteral: GroundingInput.mask), Constant(.int64, [1, length], row.mask)),
        ]
        return Sample(
            inputs: inputs,
            truth: metadata.letterbox.normalized(sample.box, width: sample.image.width, height: sample.image.height))
    }
}

/// The boxes of a graph on samples.
struct Boxes {
    private let session: Session

    init(_ graph: Graph, _ options: SessionOptions) throws(RuntimeError) {
        session = try Session(try Model(graph: graph), options: options)
    }

    func box(_ sample: Sample) throws(RuntimeError) -> NormalizedBox {
        let outputs = try session.run(sample.inputs)
        guard let box = outputs.first(where: { $0.name.matches(GroundingInput.box) })?.tensor, box.bytes.count == 16
        else {
            throw .invalidGraph(reason: "it has no output 'box' of four numbers")
        }
        func number(_ i: Int) -> Float {
            withExtendedLifetime(box) { box.bytes.loadUnaligned(fromByteOffset: i * 4, as: Float.self) }
        }
        return NormalizedBox(centerX: number(0), centerY: number(1), width: number(2), height: number(3))
    }
}

extension NormalizedBox {
    /// The largest change of a coordinate.
    func shift(from other: NormalizedBox) -> Double {
        Double(
            [
                abs(centerX - other.centerX), abs(centerY - other.centerY), abs(width - other.width),
                abs(height - other.height),
            ].max() ?? 0)
    }
}
