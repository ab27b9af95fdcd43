/// What an exported model says beside its graph: all that is needed to turn a sentence and a picture into its inputs
/// and its output into a box. Stored as ONNX `metadata_props`; `formats/metadata.md` is the specification.
public struct GroundingMetadata: Sendable {
    public static let formatVersion = 1
    /// The rules of `deixis.image.letterbox`: without and with antialiasing, in the corner and centered.
    private static let letterboxRules: [StaticText] = [
        "long-side-corner-bilinear", "long-side-corner-bilinear-antialiased", "long-side-centered-bilinear",
        "long-side-centered-bilinear-antialiased",
    ]

    public var vocabulary: Vocabulary
    public var settings: TokenizerSettings
    public var letterbox: Letterbox
    /// Subtracted from and divided into channels in 0...1, R G B. The exported graph does it; kept for whoever asks.
    public var mean: ChannelValues = .imageNetMean
    public var standardDeviation: ChannelValues = .imageNetStandardDeviation
    /// Where the model comes from: free text under `deixis.training.<key>`, in order.
    public var training: [(key: [UInt8], value: [UInt8])] = []

    public init(vocabulary: Vocabulary, settings: TokenizerSettings, letterbox: Letterbox) {
        self.vocabulary = vocabulary
        self.settings = settings
        self.letterbox = letterbox
    }

    /// The tokenizer described. Throws as `Tokenizer.init` does.
    public func makeTokenizer() throws(InputError) -> Tokenizer {
        try Tokenizer(vocabulary: vocabulary, settings: settings)
    }
}

/// One number per channel.
public struct ChannelValues: Sendable, Equatable {
    public var red, green, blue: Float
    public init(_ red: Float, _ green: Float, _ blue: Float) {
        self.red = red
        self.green = green
        self.blue = blue
    }
    public static let imageNetMean = ChannelValues(0.485, 0.456, 0.406)
    public static let imageNetStandardDeviation = ChannelValues(0.229, 0.224, 0.225)
}

// MARK: - To and from pairs

extension GroundingMetadata {
    /// The pairs to store, in the order of the specification's table.
    public var pairs: [(key: [UInt8], value: [UInt8])] {
        var result: [(key: [UInt8], value: [UInt8])] = []
        func add(_ key: MetadataKey, _ value: [UInt8]) { result.append((key.bytes, value)) }
        add(.format, MetadataText.integer(GroundingMetadata.formatVersion))
        add(.vocabulary, vocabulary.lines)
        add(.lowercase, MetadataText.boolean(settings.lowercases))
        add(.stripAccents, MetadataText.boolean(settings.stripsAccents))
        add(.maxLength, MetadataText.integer(settings.maxLength))
        add(.imageSize, MetadataText.integer(letterbox.side))
        let rule = (letterbox.isCentered ? 2 : 0) + (letterbox.antialiases ? 1 : 0)
        add(.letterbox, GroundingMetadata.letterboxRules[rule].bytes)
        let pad = letterbox.padColor
        add(.padColor, MetadataText.list([pad.red, pad.green, pad.blue].map { MetadataText.integer(Int($0)) }))
        add(.mean, MetadataText.list([mean.red, mean.green, mean.blue].map(MetadataText.decimal)))
        let std = standardDeviation
        add(.standardDeviation, MetadataText.list([std.red, std.green, std.blue].map(MetadataText.decimal)))
        for entry in training { result.append((MetadataKey.training.bytes + entry.key, entry.value)) }
        return result
    }

    /// Reads the pairs of a file. Keys that are not ours are passed over. Throws `missingKey`, `malformedKey` or
    /// `duplicateKey`, and what `Vocabulary.init` and `Tokenizer.init` find wrong.
    public init(pairs: [(key: [UInt8], value: [UInt8])]) throws(InputError) {
        let reader = try MetadataReader(pairs)
        let version = try reader.value(.format)
        guard version == MetadataText.integer(GroundingMetadata.formatVersion) else {
            throw .malformedKey(
                key: MetadataKey.format.bytes, expected: "1, the version this library reads", got: version)
        }
        let vocabulary = try Vocabulary(lines: try reader.value(.vocabulary))
        let settings = TokenizerSettings(
            lowercases: try reader.boolean(.lowercase), stripsAccents: try reader.boolean(.stripAccents),
            maxLength: try reader.integer(.maxLength, 2...1_000_000, "a whole number from 2 to 1000000"))
        let rule = try reader.value(.letterbox)
        guard let known = GroundingMetadata.letterboxRules.firstIndex(where: { $0.bytes == rule }) else {
            throw .malformedKey(
                key: MetadataKey.letterbox.bytes, expected: "long-side-{centered|corner}-bilinear[-antialiased]",
                got: rule)
        }
        let side = try reader.integer(.imageSize, 1...Letterbox.maximumSide, "a whole number from 1 to 16384")
        self.init(
            vocabulary: vocabulary, settings: settings,
            letterbox: try Letterbox(
                side: side, padColor: try reader.color(.padColor), isCentered: known >= 2, antialiases: known % 2 == 1))
        mean = try reader.channels(.mean)
        standardDeviation = try reader.channels(.standardDeviation)
        training = reader.training
        _ = try makeTokenizer()
    }
}
