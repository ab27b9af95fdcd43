import DeixisFiles

/// A table of ablations that is to be made: points, each a network and its recipe, that are trained from several seeds
/// and measured on the same unseen samples.
public struct Study: Sendable {
    /// Its file.
    public let path: String
    public let title: String
    /// Its name, or what the file says of it; for people.
    public let network: String
    /// "generated scenes", or the data sets.
    public let data: String
    /// "60000 samples", or epochs: of a run, where a point does not say otherwise.
    public let length: String
    public let seeds: [UInt64]
    public let points: [StudyPoint]
    public let unseen: UnseenSamples
    /// What teaches the visual encoder first; nil: nothing.
    public let pretraining: PretrainingRecipe?
    /// A checksum of what decides it.
    public let pretrainingSettings: String

    /// Files that are read, its own apart.
    public let inputs: [String]

    /// Reads a study and everything that can be wrong with it.
    ///
    /// A point whose network or recipe cannot be is no error here; it keeps what is wrong.
    /// - Throws: `json`, `fileSetting`; what data sets and files of weights find wrong.
    public init(file path: String) throws(GroundingError) {
        let text = try GroundingError.file { () throws(FileError) in try readFile(path) }
        let read = try GroundingError.json { () throws(JSONReaderError) in
            try StudyFile.parse(
                text, path: path, newest: StudyFile.version, versionless: StudyFile.version, start: StudyFile(),
                whole: false)
        }
        let file = read.settings
        let shared = try StudyShared(file, path: path, lines: read.lines)
        self.path = path
        let name = path.split(separator: "/").last.map(String.init) ?? path
        title = file.title ?? (name.hasSuffix(".json") ? String(name.dropLast(5)) : name)
        guard !title.isEmpty else { throw shared.bad("title", "empty", "a few words") }
        (network, data, length) = (shared.network, shared.dataLine, shared.length)
        seeds = file.seeds
        guard !seeds.isEmpty else { throw shared.bad("seeds", "empty", "a list of one seed or more") }
        guard Set(seeds).count == seeds.count else {
            throw shared.bad("seeds", seeds.json(indent: ""), "numbers of which none comes twice")
        }
        unseen = try shared.unseen()
        if unseen.files.isEmpty, seeds.contains(UnseenSamples.seed) {
            throw shared.bad("seeds", "\(UnseenSamples.seed)", "another: the unseen scenes are of that seed")
        }
        pretraining = try shared.pretraining()
        pretrainingSettings = shared.pretrainingSettings
        points = try Self.points(file, shared)
        let weights = points.compactMap { point in if case .file(let path) = point.visual { path } else { nil } }
        inputs = unseen.files + shared.manifests + weights
    }

    /// Points of a study; its picture has a row for each.
    private static let most = 500

    private static func points(_ file: StudyFile, _ shared: StudyShared) throws(GroundingError) -> [StudyPoint] {
        for axis in file.grid.axes where axis.choices.isEmpty {
            throw shared.bad("grid.\(axis.name)", "empty", "a list of one choice or more")
        }
        let (count, overflows) = file.grid.axes.reduce((file.grid.axes.isEmpty ? 0 : 1, false)) { product, axis in
            let (next, overflow) = product.0.multipliedReportingOverflow(by: axis.choices.count)
            return (next, product.1 || overflow)
        }
        guard !overflows, count <= Self.most, file.points.count <= Self.most - count else {
            throw shared.bad(
                "points and grid", overflows ? "beyond counting" : "\(file.points.count + count) points",
                "at most \(Self.most)")
        }
        let listed = file.points.enumerated().map { ("points[\($0)].name", [$1]) }
        let crossed = file.grid.combinations.map { ("grid", $0) }
        guard !listed.isEmpty || !crossed.isEmpty else {
            throw shared.bad("points", "empty", "a list of one point or more, unless there is a grid")
        }
        var points: [StudyPoint] = [], places: [String: String] = [:]
        for (key, choices) in listed + crossed {
            let point = try shared.point(choices, number: points.count + 1)
            if choices.contains(where: \.name.isEmpty) { throw shared.bad(key, "empty", "the point's name") }
            if let other = places.updateValue(point.name, forKey: point.folder) {
                throw shared.bad(
                    key, "'\(point.name)'",
                    other == point.name
                        ? "another name than another point's"
                        : "a name that differs more from '\(other)': both would be in the folder \(point.folder)")
            }
            points.append(point)
        }
        return points
    }
}
