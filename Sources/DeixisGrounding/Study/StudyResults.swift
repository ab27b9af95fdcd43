public import DeixisFiles

/// What a study has found so far: `study.json` in its directory, replaced whole after each run. Tables and the picture
/// are made of it alone.
public struct StudyResults: SettingGroup, Equatable {
    /// Of the format (formats/study.md).
    public static let version = 1

    public var title = ""
    /// The command that ran last, and what the study's file says; for people.
    public var command = ""
    public var network = ""
    public var data = ""
    public var length = ""
    public var pretraining = ""
    public var unseen = ""
    public var seeds: [UInt64] = []
    /// Checksum of the samples that runs are measured on.
    public var unseenSettings = ""
    /// Checksum of what taught the encoder that lies in the directory; empty: none lies there.
    public var taughtSettings = ""
    /// Where latencies were measured, and when; empty: nowhere yet.
    public var processor = ""
    public var measured = ""
    public var points: [Point] = []

    public init() {}

    public struct Point: SettingGroup, BlankSetting, Equatable {
        public var name = ""
        public var folder = ""
        public var differences = ""
        /// Checksum of what its runs train; runs of another one are of older settings.
        public var settings = ""
        /// The study's file has it. Results of a point that the file has no more are kept.
        public var isListed = true
        /// Why there can be no such network or recipe.
        public var problem: String?
        public var parameters: Int?
        public var multiplyAdds: Int?
        public var latencies: [Latency] = []
        public var runs: [Run] = []

        public init() {}

        public static let fields: [SettingField<Point>] = [
            .init("name", \.name), .init("folder", \.folder), .init("differences", \.differences),
            .init("settings", \.settings), .init("listed", \.isListed), .init("problem", \.problem),
            .init("parameters", \.parameters), .init("multiplyAdds", \.multiplyAdds), .init("latencies", \.latencies),
            .init("runs", \.runs),
        ]
    }

    public struct Run: SettingGroup, BlankSetting, Equatable {
        public var seed: UInt64 = 0
        public var settings = ""
        public var unseenSettings = ""
        /// Of training, over all sittings.
        public var seconds = 0.0
        public var accuracy: Double?
        public var meanIoU: Double?
        public var kinds: [Kind] = []
        /// Why there is no accuracy.
        public var problem: String?

        public init() {}

        public static let fields: [SettingField<Run>] = [
            .init("seed", \.seed), .init("settings", \.settings), .init("unseenSettings", \.unseenSettings),
            .init("seconds", \.seconds), .init("accuracy", \.accuracy), .init("meanIoU", \.meanIoU),
            .init("kinds", \.kinds), .init("problem", \.problem),
        ]
    }

    /// Hits among the unseen sentences of a kind.
    public struct Kind: SettingGroup, BlankSetting, Equatable {
        public var name = ""
        public var count = 0
        public var hits = 0

        public init() {}

        public static let fields: [SettingField<Kind>] = [
            .init("name", \.name), .init("count", \.count), .init("hits", \.hits),
        ]
    }

    /// Of one picture and one sentence in memory, in the lean runtime.
    public struct Latency: SettingGroup, BlankSetting, Equatable {
        public var threads = 0
        public var milliseconds = 0.0

        public init() {}
        public init(threads: Int, milliseconds: Double) { (self.threads, self.milliseconds) = (threads, milliseconds) }

        public static let fields: [SettingField<Latency>] = [
            .init("threads", \.threads), .init("milliseconds", \.milliseconds),
        ]
    }

    public static let fields: [SettingField<StudyResults>] = [
        .init("title", \.title), .init("command", \.command), .init("network", \.network), .init("data", \.data),
        .init("length", \.length), .init("pretraining", \.pretraining), .init("unseen", \.unseen),
        .init("seeds", \.seeds), .init("unseenSettings", \.unseenSettings), .init("taughtSettings", \.taughtSettings),
        .init("processor", \.processor), .init("measured", \.measured), .init("points", \.points),
    ]
}

// MARK: - The file

extension StudyResults {
    public init(file path: String) throws(GroundingError) {
        let text = try GroundingError.file { () throws(FileError) in try readFile(path) }
        self = try GroundingError.json { () throws(JSONReaderError) in
            try StudyResults.parse(
                text, path: path, newest: Self.version, versionless: Self.version, start: StudyResults()
            ).settings
        }
    }

    public func write(to path: String) throws(GroundingError) {
        let text = fileText(version: Self.version) + "\n"
        try GroundingError.file { () throws(FileError) in try replaceFile(path, with: Array(text.utf8)) }
    }
}

// MARK: - What belongs to what

extension StudyResults.Point {
    /// What was found of a seed under the present settings.
    public func run(seed: UInt64, unseenSettings: String) -> StudyResults.Run? {
        runs.first { $0.seed == seed && $0.settings == settings && $0.unseenSettings == unseenSettings }
    }

    /// Takes the place of what was found of this seed before.
    public mutating func set(_ run: StudyResults.Run) {
        runs.removeAll { $0.seed == run.seed }
        runs.append(run)
        runs.sort { $0.seed < $1.seed }
    }
}

extension StudyResults {
    public var listed: [Point] { points.filter(\.isListed) }

    /// A point's runs of the study's seeds that count, in the order of seeds.
    public func runs(of point: Point) -> [Run] {
        seeds.compactMap { point.run(seed: $0, unseenSettings: unseenSettings) }
    }

    public var successCount: Int { listed.reduce(0) { $0 + runs(of: $1).count { $0.accuracy != nil } } }

    /// Takes over what a study's file says now: its points in its order. Results stay, also those of points that it has
    /// no more.
    ///
    /// - Throws: `unusable` for results of a study of another title; `path` is theirs, for the message.
    public mutating func adopt(_ study: Study, path: String) throws(GroundingError) {
        guard title.isEmpty || title == study.title else {
            throw .unusable(
                path: path, action: "go on with it",
                reason: "it holds the study '\(title)', and \(study.path) is '\(study.title)'; choose another directory"
            )
        }
        title = study.title
        (network, data, length, seeds) = (study.network, study.data, study.length, study.seeds)
        (unseen, unseenSettings) = (study.unseen.line, study.unseen.settings)
        pretraining = study.pretraining.map { "\($0.samples) scenes of seed \($0.seed)" } ?? ""
        let before = points
        points = study.points.map { point in
            var result = before.first { $0.name == point.name } ?? Point()
            if result.settings != point.settings {
                (result.parameters, result.multiplyAdds, result.latencies) = (nil, nil, [])
            }
            (result.name, result.folder, result.settings) = (point.name, point.folder, point.settings)
            (result.differences, result.isListed, result.problem) = (point.differences, true, nil)
            if case .failure(let error) = point.recipe { result.problem = error.description }
            return result
        }
        points += before.filter { old in !study.points.contains { $0.name == old.name } }.map { old in
            var old = old
            old.isListed = false
            return old
        }
    }
}
