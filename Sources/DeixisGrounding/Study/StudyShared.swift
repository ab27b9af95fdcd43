import DeixisFiles

/// What all points of a study begin with, and how one is made of what it changes.
struct StudyShared {
    let file: StudyFile
    let path: String
    /// Where the file says what, by key; configuration and recipe without their places in the file.
    private(set) var lines: [String: Int]
    private(set) var recipe: TrainingRecipe
    private(set) var network = "small"
    /// Checksums of the data's manifests: they mean the same wherever the data lie.
    private(set) var dataSettings = "generated scenes"
    private(set) var manifests: [String] = []

    init(_ file: StudyFile, path: String, lines: [String: Int]) throws(GroundingError) {
        (self.file, self.path, self.lines) = (file, path, lines)
        var chosen = (configuration: NetworkConfiguration.small, base: String?.some("small"))
        if let text = file.config { chosen = try Self.configuration(text, path, &network, &self.lines) }
        recipe = TrainingRecipe(chosen.configuration, name: network, base: chosen.base)
        try chooseData()
        if let text = file.recipe { try adopt(text) }
        if let samples = file.samples {
            (recipe.samples, recipe.epochs) = (samples, nil)
            self.lines["samples"] = lines["samples"]
        }
        var followed = recipe
        try followScenes(&followed)
        recipe = followed
    }

    func bad(_ key: String, _ value: String, _ rule: String) -> GroundingError {
        .fileSetting(path: path, line: lines[key], name: key, value: value, rule: rule)
    }

    /// Names are beside the study's file.
    func beside(_ name: String) -> String {
        name.hasPrefix("/") ? name : path.lastIndex(of: "/").map { path[...$0] + name } ?? name
    }

    var dataLine: String {
        switch recipe.data {
        case .scenes: "generated scenes" + (file.data.scenes == nil ? "" : " of the study's own settings")
        case .directories(let paths, _): paths.joined(separator: ", ")
        }
    }

    var length: String { recipe.epochs.map { "\($0) epochs" } ?? "\(recipe.samples) samples" }

    // MARK: Configuration and recipe

    /// The name in place of an object; nil where there is one.
    private static func name(
        _ text: StudyText, _ path: String, of known: [String], for key: String
    ) throws(GroundingError) -> String? {
        try GroundingError.json { () throws(JSONReaderError) in
            var reader = JSONReader(text.bytes, path: path)
            guard try reader.kind() != .object else { return nil }
            let expected = "one of \(known.joined(separator: ", ")), or an object, for '\(key)'"
            let name = try reader.string(expected)
            guard known.contains(name) else { throw reader.malformed(expected, "'\(name)'") }
            return name
        }
    }

    private static func configuration(
        _ text: StudyText, _ path: String, _ network: inout String, _ lines: inout [String: Int]
    ) throws(GroundingError) -> (NetworkConfiguration, base: String?) {
        if let name = try name(text, path, of: NetworkConfiguration.names, for: "config"),
            let known = NetworkConfiguration.known(name)
        {
            network = name
            return (known, name)
        }
        let read = try GroundingError.json { () throws(JSONReaderError) in
            try NetworkConfiguration.parse(
                text.bytes, path: path, newest: NetworkConfiguration.version, versionless: NetworkConfiguration.version,
                start: .init(), bases: NetworkConfiguration.names, base: NetworkConfiguration.known)
        }
        network = text.line
        lines.merge(read.lines) { $1 }
        return (read.settings, read.base)
    }

    private mutating func adopt(_ text: StudyText) throws(GroundingError) {
        let known = TrainingRecipe.Known.allCases
        if let name = try Self.name(text, path, of: known.map(\.rawValue), for: "recipe"),
            let named = TrainingRecipe.Known(rawValue: name)
        {
            return recipe.adopt(named)
        }
        let read = try recipe.adopt(text.bytes, path: path)
        lines.merge(try withoutSeed(read)) { $1 }
    }

    func withoutSeed(_ read: [String: Int]) throws(GroundingError) -> [String: Int] {
        guard let line = read["seed"] else { return read }
        throw .fileSetting(path: path, line: line, name: "a recipe's seed", value: "given", rule: "left to 'seeds'")
    }

    // MARK: Data

    private mutating func chooseData() throws(GroundingError) {
        let data = file.data
        guard let directories = data.directories else {
            guard data.validation == nil else { throw bad("data.validation", "given", "with 'directories' only") }
            return
        }
        guard data.scenes == nil else { throw bad("data", "scenes and directories", "one of the two") }
        guard !directories.isEmpty else { throw bad("data.directories", "empty", "a list of data sets") }
        recipe.data = .directories(directories.map(beside), validation: data.validation.map(beside))
        // Photographs, most likely.
        if recipe.augmentation == .scenes { recipe.augmentation = .paper }
        dataSettings = "data sets"
        for (index, path) in (directories + (data.validation.map { [$0] } ?? [])).map(beside).enumerated() {
            if index == directories.count { dataSettings += " validation" }
            guard exists(path + "/manifest.jsonl") else { throw .noManifest(directory: path) }
            manifests.append(path + "/manifest.jsonl")
            dataSettings += " " + (try studyChecksum(ofFile: path + "/manifest.jsonl"))
        }
    }

    /// Where the study says what its scenes are, they are so after a curriculum's stages, and held-out ones always.
    func followScenes(_ recipe: inout TrainingRecipe) throws(GroundingError) {
        guard let scenes = file.data.scenes else { return }
        do throws(GroundingError) { try scenes.validate() } catch {
            throw error.located(
                in: path,
                ["kinds", "objectCounts", "images"].reduce(into: [:]) { lines, key in
                    lines[key] = self.lines["data.scenes." + key]
                })
        }
        guard recipe.curriculum.heldOut == nil || recipe.curriculum.heldOut == scenes else {
            throw bad("curriculum", "given with held-out scenes", "stages alone where 'data' says what scenes are")
        }
        if recipe.curriculum.stages.last?.until != Self.end {
            recipe.curriculum.stages.append(.init(until: Self.end, scenes))
        }
        recipe.curriculum.heldOut = scenes
    }
    /// More than any run's samples.
    private static let end = 1 << 48

    func unseen() throws(GroundingError) -> UnseenSamples {
        let expected = "the directory of a data set, as 'data' are data sets"
        switch (file.unseen, recipe.data) {
        case (.directory(let path), _): return try UnseenSamples(directory: beside(path))
        case (nil, .directories(_, let validation?)): return try UnseenSamples(directory: validation)
        case (nil, .directories): throw bad("unseen", "missing", expected + " without 'validation'")
        case (.scenes, .directories): throw bad("unseen", "a number", expected)
        case (let choice, .scenes):
            var count = 2000
            if case .scenes(let given) = choice { count = given }
            guard (1...10_000_000).contains(count) else { throw bad("unseen", "\(count)", "1 to 10000000") }
            return UnseenSamples(scenes: count, recipe.curriculum.heldOut ?? SceneSettings())
        }
    }
}
