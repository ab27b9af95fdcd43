/// How often what is drawn and said. Shares need not add up to 1.
public struct SceneSettings: Sendable, Codable, Equatable {
    public struct CountShare: Sendable, Codable, Equatable {
        public var count: Int
        public var share: Double
        public init(_ count: Int, _ share: Double) { (self.count, self.share) = (count, share) }
    }
    public struct KindShare: Sendable, Codable, Equatable {
        public var kind: SceneExpressionKind
        public var share: Double
        public init(_ kind: SceneExpressionKind, _ share: Double) { (self.kind, self.share) = (kind, share) }
    }
    public struct ImageShare: Sendable, Codable, Equatable {
        public var width, height: Int
        public var share: Double
        public init(_ width: Int, _ height: Int, _ share: Double) { (self.width, self.height, self.share) = (width, height, share) }
    }

    /// The mix of expression kinds, in scenes of two and more objects.
    public var kinds = [
        KindShare(.attribute, 0.40), KindShare(.superlative, 0.20), KindShare(.relation, 0.20), KindShare(.side, 0.10),
        KindShare(.between, 0.05), KindShare(.nearest, 0.05),
    ]
    /// Share of scenes with that many objects: 1 to 9. One object is always meant by its attributes; "between" and "closest to"
    /// draw at least three.
    public var objectCounts = [
        CountShare(2, 0.10), CountShare(3, 0.25), CountShare(4, 0.30), CountShare(5, 0.20), CountShare(6, 0.15),
    ]
    public var images = [
        ImageShare(256, 256, 0.30), ImageShare(320, 240, 0.25), ImageShare(240, 320, 0.15), ImageShare(288, 256, 0.10),
        ImageShare(320, 200, 0.10), ImageShare(256, 288, 0.10),
    ]
    /// Share of scenes whose objects take their colors and shapes from only two or three of each: distractors share them.
    public var smallPalette = 0.75
    /// Chance that an object repeats an earlier one's color and shape.
    public var twins = 0.30
    /// Share of scenes in which objects may overlap.
    public var overlapping = 0.35
    /// Share of position, relation and superlative expressions whose noun phrase alone fits several objects, so that the
    /// rest of the sentence decides.
    public var ambiguousNoun = 0.90

    public init() {}

    /// Fields that are left out keep their defaults, so that a curriculum's file says only what differs.
    public init(from decoder: any Decoder) throws {
        try FieldName.requireKnown(
            ["kinds", "objectCounts", "images", "smallPalette", "twins", "overlapping", "ambiguousNoun"], in: decoder, of: "settings")
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        kinds = try fields.decodeIfPresent([KindShare].self, forKey: .kinds) ?? kinds
        objectCounts = try fields.decodeIfPresent([CountShare].self, forKey: .objectCounts) ?? objectCounts
        images = try fields.decodeIfPresent([ImageShare].self, forKey: .images) ?? images
        smallPalette = try fields.decodeIfPresent(Double.self, forKey: .smallPalette) ?? smallPalette
        twins = try fields.decodeIfPresent(Double.self, forKey: .twins) ?? twins
        overlapping = try fields.decodeIfPresent(Double.self, forKey: .overlapping) ?? overlapping
        ambiguousNoun = try fields.decodeIfPresent(Double.self, forKey: .ambiguousNoun) ?? ambiguousNoun
    }

    public func validate() throws(GroundingError) {
        func shares(_ name: String, _ shares: [Double]) throws(GroundingError) {
            guard shares.allSatisfy({ $0.isFinite && $0 >= 0 }), shares.contains(where: { $0 > 0 }) else {
                throw .badSetting(name: name, value: "\(shares)", rule: "shares that are not negative and not all zero")
            }
        }
        try shares("kinds", kinds.map(\.share))
        try shares("objectCounts", objectCounts.map(\.share))
        try shares("images", images.map(\.share))
        for count in objectCounts where !(1...9).contains(count.count) {
            throw .badSetting(name: "objectCounts", value: "\(count.count)", rule: "1 to 9 objects")
        }
        for image in images where !(64...2048).contains(image.width) || !(64...2048).contains(image.height) {
            throw .badSetting(name: "images", value: "\(image.width)x\(image.height)", rule: "64 to 2048 pixels a side")
        }
    }
}

/// Easier scenes first: stage by stage, each up to a sample's number. After the last stage come the plain settings, the ones
/// that held-out and evaluation scenes follow.
public struct SceneCurriculum: Sendable, Codable, Equatable {
    public struct Stage: Sendable, Codable, Equatable {
        /// The stage holds for samples before this number.
        public var until: Int
        public var settings: SceneSettings
        public init(until: Int, _ settings: SceneSettings) { (self.until, self.settings) = (until, settings) }

        public init(from decoder: any Decoder) throws {
            try FieldName.requireKnown(["until", "settings"], in: decoder, of: "stage")
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            until = try fields.decode(Int.self, forKey: .until)
            settings = try fields.decode(SceneSettings.self, forKey: .settings)
        }
    }
    public var stages: [Stage]
    /// What held-out scenes follow; nil: the plain settings, so that accuracies of different runs compare.
    public var heldOut: SceneSettings?

    public init(_ stages: [Stage] = [], heldOut: SceneSettings? = nil) {
        (self.stages, self.heldOut) = (stages, heldOut)
    }

    public static let none = SceneCurriculum()

    /// One object, so that the network learns where a box comes from; then few objects that differ, mostly meant by their attributes, so that
    /// the words for colors and shapes decide; then more, alike. Positions and superlatives come by themselves, attributes only where
    /// they get most to do. Every stage keeps some of the one before: what is not met any more is forgotten.
    public static let objects: SceneCurriculum = {
        var one = SceneSettings(), few = SceneSettings(), several = SceneSettings(), many = SceneSettings()
        one.objectCounts = [.init(1, 1)]
        (one.smallPalette, one.twins, one.overlapping) = (0, 0, 0)
        few.kinds = [.init(.attribute, 0.60), .init(.superlative, 0.15), .init(.side, 0.15), .init(.relation, 0.10)]
        few.objectCounts = [.init(1, 0.20), .init(2, 0.45), .init(3, 0.35)]
        (few.smallPalette, few.twins, few.overlapping) = (0, 0, 0)
        several.kinds = [.init(.attribute, 0.65), .init(.superlative, 0.12), .init(.relation, 0.13), .init(.side, 0.10)]
        several.objectCounts = [.init(2, 0.35), .init(3, 0.35), .init(4, 0.30)]
        (several.smallPalette, several.twins, several.overlapping) = (0.1, 0.05, 0.1)
        many.kinds = [
            .init(.attribute, 0.45), .init(.superlative, 0.17), .init(.relation, 0.20), .init(.side, 0.08), .init(.between, 0.05), .init(.nearest, 0.05),
        ]
        many.objectCounts = [.init(2, 0.20), .init(3, 0.25), .init(4, 0.25), .init(5, 0.15), .init(6, 0.15)]
        (many.smallPalette, many.twins, many.overlapping) = (0.5, 0.15, 0.2)
        return SceneCurriculum([
            .init(until: 6_000, one), .init(until: 80_000, few), .init(until: 160_000, several), .init(until: 260_000, many),
        ])
    }()

    func settings(of sample: Int) -> SceneSettings? { stages.first { sample < $0.until }?.settings }
}

/// Any key of a JSON object, so that one which means nothing can be named.
private struct FieldName: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    static func requireKnown(_ known: [String], in decoder: any Decoder, of what: String) throws {
        let fields = try decoder.container(keyedBy: FieldName.self)
        guard let stranger = fields.allKeys.map(\.stringValue).sorted().first(where: { !known.contains($0) }) else { return }
        throw GroundingError.badSetting(name: "\(what).\(stranger)", value: "unknown", rule: "one of \(known.joined(separator: ", "))")
    }
}
