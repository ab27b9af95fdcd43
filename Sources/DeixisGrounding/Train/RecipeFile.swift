public import DeixisFiles

// Recipes as JSON: in a file of `--recipe`, and, whole, in every checkpoint. formats/settings.md names all keys.

extension TrainingRecipe: SettingGroup {
    /// Of the format, one with the configuration's.
    public static let version = NetworkConfiguration.version

    /// As a checkpoint keeps it.
    public static let fields: [SettingField<TrainingRecipe>] =
        [
            .init("name", \.name), .init("base", \.base, since: 1), .init("command", \.command),
            .init("configuration", \.configuration), .init("data", \.data),
        ] + settings

    /// What a file of `--recipe` can say.
    static let settings: [SettingField<TrainingRecipe>] = [
        .init("seed", \.seed), .init("epochs", \.epochs, since: 1), .init("samples", \.samples),
        .init("epochSamples", \.epochSamples),
        .init("batchSize", \.batchSize), .init("microBatch", \.microBatch, since: 1),
        .init("recomputes", \.recomputes, since: 1), .init("int8Samples", \.int8Samples, since: 1),
        .init("curriculum", \.curriculum),
        .init("augmentation", \.augmentation), .init("strayWord", \.strayWord), .init("encoderRate", \.encoderRate),
        .init("sigmaRate", \.sigmaRate), .init("rate", \.rate), .init("freeze", \.freeze, since: 1),
        .init("rates", \.rates, since: 1),
        .init("weightDecay", \.weightDecay), .init("beta1", \.beta1, since: 1), .init("beta2", \.beta2),
        .init("epsilon", \.epsilon, since: 1), .init("decaysVectors", \.decaysVectors, since: 1),
        .init("schedule", \.schedule),
        .init("warmUpSteps", \.warmUpSteps), .init("maximumGradientNorm", \.maximumGradientNorm),
        .init("averageDecay", \.averageDecay),
        .init("heldOut", \.heldOut), .init("evaluateEvery", \.evaluateEvery),
    ]

    /// As a file that can be fed back.
    public var json: String { RecipeFile(recipe: self).fileText(version: Self.version) }

    /// Takes over a recipe by name or from a file; configuration and data stay.
    ///
    /// - Parameter choice: one of `Known`, or a file's path.
    /// - Throws: `json` and `fileSetting` for a file, `badSetting` where there is none.
    public mutating func adopt(_ choice: String) throws(GroundingError) {
        if let known = Known(rawValue: choice) { return adopt(known) }
        let names = Known.allCases.map(\.rawValue)
        guard choice.hasSuffix(".json") || exists(choice) else {
            throw .badSetting(
                name: "recipe", value: "'\(choice)'", rule: "\(names.joined(separator: ", ")) or a JSON file")
        }
        let text = try GroundingError.file { () throws(FileError) in try readFile(choice) }
        let lines = try adopt(text, path: choice)
        do throws(GroundingError) { try validate() } catch { throw error.located(in: choice, lines) }
    }

    /// Takes over what a recipe's text says; whether the values can be, `validate` tells.
    ///
    /// - Parameter whole: keys that it lacks come from the base that it names; false: it names none, and they stay.
    /// - Returns: the line of every key met.
    mutating func adopt(_ text: [UInt8], path: String, whole: Bool = true) throws(GroundingError) -> [String: Int] {
        let names = Known.allCases.map(\.rawValue), start = RecipeFile(recipe: self)
        let read = try GroundingError.json { () throws(JSONReaderError) in
            try RecipeFile.parse(
                text, path: path, newest: Self.version, versionless: Self.version, start: start, whole: whole,
                bases: whole ? names : []
            ) { name in
                Known(rawValue: name).map { known in
                    var base = start
                    base.recipe.adopt(known)
                    return base
                }
            }
        }
        self = read.settings.recipe
        // A file that gives a number of samples does not mean its base's epochs.
        if read.lines["samples"] != nil, read.lines["epochs"] == nil { epochs = nil }
        settle(samples: nil)
        return read.lines
    }
}

/// What a file of `--recipe` holds: a recipe's settings, and the loss, which is the configuration's, under its own key.
private struct RecipeFile: SettingGroup {
    var recipe: TrainingRecipe

    static let fields: [SettingField<RecipeFile>] =
        TrainingRecipe.settings.map { .init($0, in: \.recipe) } + [
            .init("loss", \.recipe.configuration.loss, role: .guest)
        ]
}

/// Factors of learning rates by patterns of names; those of all patterns that match multiply.
public struct RateFactors: Sendable, Equatable, Setting {
    public struct Entry: Sendable, Equatable {
        public var pattern: String
        public var factor: Double
    }
    public var entries: [Entry] = []

    public init() {}
    public mutating func add(_ pattern: String, _ factor: Double) {
        entries.append(Entry(pattern: pattern, factor: factor))
    }

    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        var read: [Entry] = []
        try reader.object("an object of factors for '\(key)'") { reader, pattern throws(JSONReaderError) in
            let line = reader.line
            read.append(Entry(pattern: pattern, factor: try reader.number("a number for '\(key)[\"\(pattern)\"]'")))
            pass.note(line, for: "\(key)['\(pattern)']")
        }
        entries = read
    }

    public func json(indent: String) -> String {
        "{" + entries.map { quotedJSON($0.pattern) + ": " + $0.factor.json(indent: "") }.joined(separator: ", ") + "}"
    }
}

extension TrainingRecipe.DataChoice: Setting {
    /// `{"scenes": {}}`, or `{"directories": [...], "validation": ...}`; `{"directory": {"_0": ..., "validation":
    /// ...}}` before versions.
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        var paths: [String] = [], validation: String?, isScenes = false
        func one(_ reader: inout JSONReader, _ name: String) throws(JSONReaderError) {
            switch name {
            case "_0": paths = [try reader.string("a string for '\(key)'")]
            case "validation": try validation.read(&reader, as: key + ".validation", &pass)
            default:
                throw .unknownKey(
                    path: reader.path, line: reader.line, key: "\(key).\(name)", nearest: nil,
                    known: ["scenes", "directories", "validation"])
            }
        }
        try reader.object("an object for '\(key)'") { reader, name throws(JSONReaderError) in
            switch name {
            case "scenes":
                try reader.skip()
                isScenes = true
            case "directories": try paths.read(&reader, as: key + ".directories", &pass)
            case "directory": try reader.object { reader, name throws(JSONReaderError) in try one(&reader, name) }
            default: try one(&reader, name)
            }
        }
        guard isScenes != !paths.isEmpty else {
            throw reader.malformed("'scenes' or 'directories' for '\(key)'", "neither or both")
        }
        self = isScenes ? .scenes : .directories(paths, validation: validation)
    }

    public func json(indent: String) -> String {
        switch self {
        case .scenes: "{\"scenes\": {}}"
        case .directories(let paths, let validation):
            "{\"directories\": \(paths.json(indent: "")), \"validation\": \(validation.json(indent: ""))}"
        }
    }
}

extension TrainingRecipe.ScheduleChoice: Setting {
    private struct Cosine: SettingGroup {
        var hold = 0.0, final = 0.0
        static let fields: [SettingField<Cosine>] = [
            .init("hold", \.hold, role: .required), .init("final", \.final, role: .required),
        ]
    }
    private struct Milestones: SettingGroup {
        var epochs: [Int] = [], factor = 1.0
        static let fields: [SettingField<Milestones>] = [
            .init("epochs", \.epochs, role: .required), .init("factor", \.factor, role: .required),
        ]
    }

    /// `{"cosine": {"hold": 0.6, "final": 0.01}}` or `{"milestones": {"epochs": [10, 80], "factor": 0.1}}`.
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        var found: [Self] = []
        try reader.object("an object for '\(key)'") { reader, name throws(JSONReaderError) in
            switch name {
            case "cosine":
                var cosine = Cosine()
                try cosine.read(&reader, as: key + ".cosine", &pass)
                found.append(.cosine(hold: cosine.hold, final: cosine.final))
            case "milestones":
                var milestones = Milestones()
                try milestones.read(&reader, as: key + ".milestones", &pass)
                found.append(.milestones(epochs: milestones.epochs, factor: milestones.factor))
            default:
                throw .unknownKey(
                    path: reader.path, line: reader.line, key: "\(key).\(name)", nearest: nil,
                    known: ["cosine", "milestones"])
            }
        }
        guard found.count == 1 else {
            throw reader.malformed("one of cosine, milestones for '\(key)'", "\(found.count)")
        }
        self = found[0]
    }

    public func json(indent: String) -> String {
        switch self {
        case .cosine(let hold, let final):
            "{\"cosine\": {\"hold\": \(hold.json(indent: "")), \"final\": \(final.json(indent: ""))}}"
        case .milestones(let epochs, let factor):
            "{\"milestones\": {\"epochs\": \(epochs.json(indent: "")), \"factor\": \(factor.json(indent: ""))}}"
        }
    }
}
