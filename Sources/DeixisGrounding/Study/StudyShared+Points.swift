import DeixisFiles

extension StudyShared {
    // MARK: The visual encoder

    func pretraining() throws(GroundingError) -> PretrainingRecipe? {
        guard let chosen = file.pretrain else { return nil }
        guard file.pretrainedVisual == nil else {
            throw bad("pretrain", "given beside 'pretrainedVisual'", "one of the two")
        }
        var pretraining = PretrainingRecipe()
        (pretraining.name, pretraining.configuration) = (network, recipe.configuration)
        (pretraining.samples, pretraining.seed) = (chosen.samples, chosen.seed)
        (pretraining.batchSize, pretraining.rate) = (chosen.batchSize, chosen.rate)
        do throws(GroundingError) { try pretraining.validate() } catch {
            var lines = lines
            for (name, key) in [("samples", "samples"), ("batch size", "batchSize"), ("rate", "rate")] {
                lines[name] = lines["pretrain." + key]
            }
            throw error.located(in: path, lines)
        }
        return pretraining
    }

    /// Only what the encoder sees and is decides: a study of losses needs no other encoder.
    var pretrainingSettings: String {
        guard let chosen = file.pretrain else { return "" }
        let c = recipe.configuration
        return studyChecksum(
            chosen.json(indent: ""), c.visual.json(indent: ""), "\(c.imageSide) \(c.imageMean) \(c.imageDeviation)",
            "\(c.padColor) \(c.imageCentered) \(c.imageAntialiased)")
    }

    private func visual(_ own: String?) throws(GroundingError) -> (StudyPoint.Visual, settings: String) {
        if let file = own ?? file.pretrainedVisual {
            let path = beside(file)
            return (.file(path), try studyChecksum(ofFile: path))
        }
        return file.pretrain == nil ? (.random, "random") : (.pretrained, pretrainingSettings)
    }

    // MARK: Points

    /// What is wrong with its text is thrown; what its values come to is the point's own.
    func point(_ choices: [StudyChoice], number: Int) throws(GroundingError) -> StudyPoint {
        var recipe = recipe, lines = lines
        let name = choices.map(\.name).joined(separator: ", ")
        for choice in choices {
            if let text = choice.config {
                let read = try GroundingError.json { () throws(JSONReaderError) in
                    try NetworkConfiguration.parse(
                        text.bytes, path: path, newest: NetworkConfiguration.version,
                        versionless: NetworkConfiguration.version, start: recipe.configuration, whole: false)
                }
                recipe.configuration = read.settings
                lines.merge(read.lines) { $1 }
            }
            if let text = choice.recipe {
                let read = try recipe.adopt(text.bytes, path: path, whole: false)
                lines.merge(try withoutSeed(read)) { $1 }
            }
        }
        recipe.name = name
        let (visual, visualSettings) = try visual(choices.last { $0.pretrainedVisual != nil }?.pretrainedVisual)
        var result = Result<TrainingRecipe, GroundingError>.success(recipe), settings = ""
        do throws(GroundingError) {
            try followScenes(&recipe)
            try recipe.validate()
            recipe.seed = 0
            settings = studyChecksum(recipe.configuration.json, recipe.json, dataSettings, visualSettings)
            result = .success(recipe)
        } catch {
            result = .failure(error.located(in: path, lines))
        }
        let folder = StudyPoint.folder(for: name), differences = choices.map(\.differences).filter { !$0.isEmpty }
        return StudyPoint(
            name: name, folder: folder.isEmpty ? "point-\(number)" : folder,
            differences: differences.joined(separator: ", "), recipe: result, visual: visual, settings: settings)
    }
}
