import DeixisFiles

/// A study as its file says it (formats/study.md), before anything is looked up or put together.
struct StudyFile: SettingGroup {
    /// Of the format.
    static let version = 1

    var title: String?
    var config: StudyText?
    var recipe: StudyText?
    var data = StudyData()
    var samples: Int?
    var seeds: [UInt64] = [1]
    var pretrain: StudyPretraining?
    var pretrainedVisual: String?
    var unseen: StudyUnseen?
    var points: [StudyChoice] = []
    var grid = StudyGrid()

    static let fields: [SettingField<StudyFile>] = [
        .init("title", \.title), .init("config", \.config), .init("recipe", \.recipe), .init("data", \.data),
        .init("samples", \.samples), .init("seeds", \.seeds), .init("pretrain", \.pretrain),
        .init("pretrainedVisual", \.pretrainedVisual), .init("unseen", \.unseen), .init("points", \.points),
        .init("grid", \.grid),
    ]
}

/// A point, or a choice along an axis of a grid: a name, and what differs from the study.
struct StudyChoice: SettingGroup, BlankSetting {
    var name = ""
    var config: StudyText?
    var recipe: StudyText?
    var pretrainedVisual: String?

    static let fields: [SettingField<StudyChoice>] = [
        .init("name", \.name, role: .required), .init("config", \.config), .init("recipe", \.recipe),
        .init("pretrainedVisual", \.pretrainedVisual),
    ]

    /// On one line, for tables.
    var differences: String {
        let parts =
            [("config", config), ("recipe", recipe)].compactMap { key, text in text.map { "\(key) \($0.line)" } }
            + (pretrainedVisual.map { ["visual encoder from \($0)"] } ?? [])
        return parts.joined(separator: ", ")
    }
}

/// A value that is read later, over what other parts of the file say.
struct StudyText: BlankSetting {
    /// As `JSONReader.text` gives it: readers of it count the file's lines.
    var bytes: [UInt8] = []

    mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass) throws(JSONReaderError) {
        bytes = try reader.text()
    }
    func json(indent: String) -> String { line }

    /// Strings of JSON hold no line ends, so none is lost.
    var line: String {
        String(decoding: bytes, as: UTF8.self).split { $0.isNewline }
            .map { String($0.drop { $0 == " " || $0 == "\t" }) }.joined(separator: " ")
    }
}

/// Generated scenes, all of the same settings, or data sets.
struct StudyData: SettingGroup {
    var scenes: SceneSettings?
    var directories: [String]?
    var validation: String?

    static let fields: [SettingField<StudyData>] = [
        .init("scenes", \.scenes), .init("directories", \.directories), .init("validation", \.validation),
    ]
}

/// How the visual encoder is taught before the points begin.
struct StudyPretraining: SettingGroup, BlankSetting {
    var samples = 60_000
    var seed: UInt64 = 1
    var batchSize = 32
    var rate = 1e-3

    static let fields: [SettingField<StudyPretraining>] = [
        .init("samples", \.samples), .init("seed", \.seed), .init("batchSize", \.batchSize), .init("rate", \.rate),
    ]
}

/// What the exported models are asked about: so many generated scenes, or a data set.
enum StudyUnseen: BlankSetting {
    case scenes(Int), directory(String)

    init() { self = .scenes(2000) }

    mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass) throws(JSONReaderError) {
        if try reader.kind() == .string {
            self = .directory(try reader.string())
        } else {
            self = .scenes(try reader.integer("a number of scenes, or a data set's directory, for '\(key)'"))
        }
    }

    func json(indent: String) -> String {
        switch self {
        case .scenes(let count): count.json(indent: indent)
        case .directory(let path): path.json(indent: indent)
        }
    }
}

/// Axes by name, each with its choices; every combination is a point.
struct StudyGrid: Setting {
    var axes: [(name: String, choices: [StudyChoice])] = []

    mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass) throws(JSONReaderError) {
        var read: [(name: String, choices: [StudyChoice])] = []
        try reader.object("an object of axes for '\(key)'") { reader, name throws(JSONReaderError) in
            let place = "\(key).\(name)"
            guard !read.contains(where: { $0.name == name }) else {
                throw reader.malformed("every key once", "'\(place)' twice")
            }
            pass.note(reader.line, for: place)
            var choices: [StudyChoice] = []
            try choices.read(&reader, as: place, &pass)
            read.append((name, choices))
        }
        axes = read
    }

    func json(indent: String) -> String {
        "{" + axes.map { quotedJSON($0.name) + ": " + $0.choices.json(indent: indent) }.joined(separator: ", ") + "}"
    }

    /// The first axis changes slowest.
    var combinations: [[StudyChoice]] {
        guard !axes.isEmpty else { return [] }
        return axes.reduce([[]]) { before, axis in
            before.flatMap { chosen in axis.choices.map { chosen + [$0] } }
        }
    }
}
