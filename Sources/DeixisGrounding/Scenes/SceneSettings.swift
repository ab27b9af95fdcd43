public import DeixisFiles

/// How often what is drawn and said. Shares need not add up to 1.
public struct SceneSettings: Sendable, Equatable {
    public struct CountShare: Sendable, Equatable {
        public var count: Int
        public var share: Double
        public init(_ count: Int, _ share: Double) { (self.count, self.share) = (count, share) }
    }
    public struct KindShare: Sendable, Equatable {
        public var kind: SceneExpressionKind
        public var share: Double
        public init(_ kind: SceneExpressionKind, _ share: Double) { (self.kind, self.share) = (kind, share) }
    }
    public struct ImageShare: Sendable, Equatable {
        public var width, height: Int
        public var share: Double
        public init(_ width: Int, _ height: Int, _ share: Double) {
            (self.width, self.height, self.share) = (width, height, share)
        }
    }

    /// The mix of expression kinds, in scenes of two and more objects.
    public var kinds = [
        KindShare(.attribute, 0.40), KindShare(.superlative, 0.20), KindShare(.relation, 0.20), KindShare(.side, 0.10),
        KindShare(.between, 0.05), KindShare(.nearest, 0.05),
    ]
    /// Share of scenes with that many objects: 1 to 9. One object is always meant by its attributes; "between" and
    /// "closest to" draw at least three.
    public var objectCounts = [
        CountShare(2, 0.10), CountShare(3, 0.25), CountShare(4, 0.30), CountShare(5, 0.20), CountShare(6, 0.15),
    ]
    public var images = [
        ImageShare(256, 256, 0.30), ImageShare(320, 240, 0.25), ImageShare(240, 320, 0.15), ImageShare(288, 256, 0.10),
        ImageShare(320, 200, 0.10), ImageShare(256, 288, 0.10),
    ]
    /// Share of scenes whose objects take their colors and shapes from only two or three of each: distractors share
    /// them.
    public var smallPalette = 0.75
    /// Chance that an object repeats an earlier one's color and shape.
    public var twins = 0.30
    /// Share of scenes in which objects may overlap.
    public var overlapping = 0.35
    /// Share of position, relation and superlative expressions whose noun phrase alone fits several objects, so that
    /// the rest of the sentence decides.
    public var ambiguousNoun = 0.90

    public init() {}

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

/// Easier scenes first: stage by stage, each up to a sample's number. After the last stage come the plain settings, the
/// ones that held-out and evaluation scenes follow.
public struct SceneCurriculum: Sendable, Equatable {
    public struct Stage: Sendable, Equatable {
        /// The stage holds for samples before this number.
        public var until: Int
        public var settings: SceneSettings
        public init(until: Int, _ settings: SceneSettings) { (self.until, self.settings) = (until, settings) }
    }
    public var stages: [Stage]
    /// What held-out scenes follow; nil: the plain settings, so that accuracies of different runs compare.
    public var heldOut: SceneSettings?

    public init(_ stages: [Stage] = [], heldOut: SceneSettings? = nil) {
        (self.stages, self.heldOut) = (stages, heldOut)
    }

    public static let none = SceneCurriculum()

    /// One object, so that the network learns where a box comes from; then few objects that differ, mostly meant by
    /// their attributes, so that the words for colors and shapes decide; then more, alike. Positions and superlatives
    /// come by themselves, attributes only where they get most to do. Every stage keeps some of the one before: what is
    /// not met any more is forgotten.
    public static let objects: SceneCurriculum = {
        var one = SceneSettings(), few = SceneSettings(), several = SceneSettings(), many = SceneSettings()
        one.objectCounts = [.init(1, 1)]
        (one.smallPalette, one.twins, one.overlapping) = (0, 0, 0)
        few.kinds = [.init(.attribute, 0.60), .init(.superlative, 0.15), .init(.side, 0.15), .init(.relation, 0.10)]
        few.objectCounts = [.init(1, 0.20), .init(2, 0.45), .init(3, 0.35)]
        (few.smallPalette, few.twins, few.overlapping) = (0, 0, 0)
        several.kinds = [
            .init(.attribute, 0.65), .init(.superlative, 0.12), .init(.relation, 0.13), .init(.side, 0.10),
        ]
        several.objectCounts = [.init(2, 0.35), .init(3, 0.35), .init(4, 0.30)]
        (several.smallPalette, several.twins, several.overlapping) = (0.1, 0.05, 0.1)
        many.kinds = [
            .init(.attribute, 0.45), .init(.superlative, 0.17), .init(.relation, 0.20), .init(.side, 0.08),
            .init(.between, 0.05), .init(.nearest, 0.05),
        ]
        many.objectCounts = [.init(2, 0.20), .init(3, 0.25), .init(4, 0.25), .init(5, 0.15), .init(6, 0.15)]
        (many.smallPalette, many.twins, many.overlapping) = (0.5, 0.15, 0.2)
        return SceneCurriculum([
            .init(until: 6_000, one), .init(until: 80_000, few), .init(until: 160_000, several),
            .init(until: 260_000, many),
        ])
    }()

    func settings(of sample: Int) -> SceneSettings? { stages.first { sample < $0.until }?.settings }
}

// MARK: - As JSON, formats/settings.md

extension SceneSettings: SettingGroup, BlankSetting {
    public static let fields: [SettingField<SceneSettings>] = [
        .init("kinds", \.kinds, since: 1), .init("objectCounts", \.objectCounts, since: 1),
        .init("images", \.images, since: 1),
        .init("smallPalette", \.smallPalette, since: 1), .init("twins", \.twins, since: 1),
        .init("overlapping", \.overlapping, since: 1),
        .init("ambiguousNoun", \.ambiguousNoun, since: 1),
    ]
}

extension SceneSettings.CountShare: SettingGroup, BlankSetting {
    public init() { self.init(1, 1) }
    public static let fields: [SettingField<Self>] = [
        .init("count", \.count, role: .required), .init("share", \.share, role: .required),
    ]
}

extension SceneSettings.KindShare: SettingGroup, BlankSetting {
    public init() { self.init(.attribute, 1) }
    public static let fields: [SettingField<Self>] = [
        .init("kind", \.kind, role: .required), .init("share", \.share, role: .required),
    ]
}

extension SceneSettings.ImageShare: SettingGroup, BlankSetting {
    public init() { self.init(256, 256, 1) }
    public static let fields: [SettingField<Self>] = [
        .init("width", \.width, role: .required), .init("height", \.height, role: .required),
        .init("share", \.share, role: .required),
    ]
}

extension SceneCurriculum.Stage: SettingGroup, BlankSetting {
    public init() { self.init(until: 0, SceneSettings()) }
    public static let fields: [SettingField<Self>] = [
        .init("until", \.until, role: .required), .init("settings", \.settings, role: .required),
    ]
}

extension SceneCurriculum: SettingGroup {
    public static let fields: [SettingField<SceneCurriculum>] = [
        .init("stages", \.stages, role: .required), .init("heldOut", \.heldOut, since: 1),
    ]
    public static let presets = [(name: "none", value: SceneCurriculum.none), (name: "objects", value: .objects)]

    /// `none`, `objects`, or a file of stages.
    public init(named name: String) throws(GroundingError) {
        if let preset = Self.presets.first(where: { $0.name == name }) {
            self = preset.value
        } else {
            guard exists(name) else {
                throw .badSetting(
                    name: "curriculum", value: "'\(name)'",
                    rule: "none, objects or a JSON file; there is no file '\(name)'")
            }
            let text = try GroundingError.file { () throws(FileError) in try readFile(name) }
            self = try GroundingError.json { () throws(JSONReaderError) in
                var (curriculum, reader, pass) = (SceneCurriculum(), JSONReader(text, path: name), SettingsPass())
                try curriculum.read(&reader, as: "", &pass)
                try reader.end()
                return curriculum
            }
        }
    }
}
