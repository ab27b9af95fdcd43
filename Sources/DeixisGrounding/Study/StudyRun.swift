import DeixisFiles
import DeixisTraining

/// A point trained from one seed: the folder `POINT/seed-S` of the study's, with the run's checkpoint and log, and the
/// model that it exports.
public struct StudyRun: Sendable {
    public let point: StudyPoint
    public let seed: UInt64
    public let directory: String
    /// What its checkpoint and its model say that they come from; another text, and they are of other settings.
    public let command: String

    public init(_ study: Study, _ point: StudyPoint, seed: UInt64, in directory: String) {
        (self.point, self.seed) = (point, seed)
        self.directory = "\(directory)/\(point.folder)/seed-\(seed)"
        command = "study '\(study.title)', point '\(point.name)', seed \(seed), settings \(point.settings)"
    }

    public var model: String { directory + "/model.onnx" }
    private var checkpoint: String { TrainingRun(directory: directory).checkpoint }

    /// The run as its checkpoint left it, or a fresh one where there is none, or one of other settings.
    ///
    /// - Parameters:
    ///   - taught: the file of what the study taught the visual encoder.
    ///   - note: hears why an old checkpoint is not gone on with.
    public func trainer(taught: String, note: (String) -> Void) throws(GroundingError) -> Trainer {
        if exists(checkpoint) {
            do throws(GroundingError) {
                if try RunHeader.read(checkpoint).recipe.command == command {
                    return try .resuming(checkpoint, data: point.recipe.get().data)
                }
                note("\(checkpoint) is of other settings: the run begins anew")
            } catch {
                switch error {
                case .badCheckpoint, .training: note("\(error); the run begins anew")
                default: throw error
                }
            }
        }
        return try fresh(taught)
    }

    private func fresh(_ taught: String) throws(GroundingError) -> Trainer {
        var recipe = try point.recipe.get()
        (recipe.seed, recipe.command) = (seed, command)
        let trainer = try Trainer(recipe, data: TrainingData(recipe))
        switch point.visual {
        case .random: break
        case .file(let path): _ = try trainer.loadPretrained(.visual, from: path)
        case .pretrained: _ = try trainer.loadPretrained(.visual, from: taught)
        }
        if recipe.microBatch == nil { trainer.chooseMicroBatch(available: Backend.availableMemory) }
        return trainer
    }

    /// Writes the model of the run's checkpoint.
    ///
    /// - Returns: what the exported network holds and computes for one picture and the longest sentence.
    public func export(date: String) throws(GroundingError) -> (parameters: Int, multiplyAdds: Int) {
        let trained = try TrainedNetwork(checkpoint: checkpoint)
        try ModelExport.write(
            trained.network, tokenizer: trained.tokenizer, letterbox: trained.letterbox,
            provenance: trained.provenance(date: date), to: model)
        return trained.network.size
    }
}

extension StudyPoint {
    /// The size of its network before there are data: the vocabulary is the configuration's.
    /// - Throws: why there can be no such network.
    public func size() throws(GroundingError) -> (parameters: Int, multiplyAdds: Int) {
        let configuration = try recipe.get().configuration
        do throws(NetworkError) { return try GroundingNetwork<Float>(configuration, seed: 1).size } catch {
            throw .network(error)
        }
    }
}

extension GroundingNetwork {
    /// Of what it takes to get a box: numbers of its parameters, and multiply-adds for one picture and the longest
    /// sentence.
    var size: (parameters: Int, multiplyAdds: Int) {
        let rows = summary()
        // A row is an operator: a projection that groups share stands in several.
        let most = parameters.all.reduce(0) { $0 + $1.count }
        return (min(most, rows.reduce(0) { $0 + $1.parameters }), rows.reduce(0) { $0 + $1.macs })
    }
}
