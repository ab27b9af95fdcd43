public import DeixisTraining
import FoundationEssentials

extension NetworkConfiguration {
    /// As the checkpoint's metadata keeps it: JSON with sorted keys.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        // Only a number that is not finite cannot be encoded; `validate` refuses those.
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// - Throws: `invalid` when the text is not a whole configuration.
    public init(json: String) throws(NetworkError) {
        do {
            self = try JSONDecoder().decode(NetworkConfiguration.self, from: Data(json.utf8))
        } catch {
            throw .invalid(field: "configuration", got: String(json.prefix(60)), expected: "the JSON of a whole configuration")
        }
        try validate()
    }
}

extension GroundingNetwork {
    /// Writes a checkpoint with the configuration in its metadata.
    public func save(
        to path: String, optimizer: AdamW<Scalar>? = nil, metadata: [String: String] = [:]
    ) throws(TrainingError) {
        var metadata = metadata
        metadata["configuration"] = configuration.json
        try Checkpoint.save(parameters, optimizer: optimizer, metadata: metadata, to: path)
    }

    /// The configuration a checkpoint was written with.
    public static func configuration(of path: String) throws(TrainingError) -> NetworkConfiguration {
        let metadata = try Checkpoint.metadata(of: path)
        guard let json = metadata["configuration"] else {
            throw .format(path: path, reason: "the metadata has no 'configuration'")
        }
        do {
            return try NetworkConfiguration(json: json)
        } catch {
            throw .format(path: path, reason: error.description)
        }
    }

    /// A network with the configuration and weights of a checkpoint, without the optimizer's state.
    ///
    /// - Parameter averaged: the averaged weights, where the file has them.
    public static func load(
        _ path: String, averaged: Bool = false
    ) throws(TrainingError) -> (network: GroundingNetwork, metadata: [String: String]) {
        let network: GroundingNetwork
        do {
            network = try GroundingNetwork(try configuration(of: path), seed: 0)
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .format(path: path, reason: "\(error)")
        }
        let metadata = try Checkpoint.load(path, into: network.parameters, averaged: averaged)
        return (network, metadata)
    }

    /// The recipe's three groups: encoders, sigma (never decays), rest.
    public func optimizerGroups(encoders: Double, sigma: Double, rest: Double) -> [AdamW<Scalar>.Group] {
        let trainable = parameters.trainable
        func isEncoder(_ name: String) -> Bool { name.hasPrefix("visual.") || name.hasPrefix("language.") }
        return [
            .init(name: "encoders", learningRate: encoders, trainable.filter { isEncoder($0.name) }),
            .init(name: "sigma", learningRate: sigma, decays: false, trainable.filter { $0.name == self.sigma.name }),
            .init(name: "rest", learningRate: rest, trainable.filter { !isEncoder($0.name) && $0.name != self.sigma.name }),
        ]
    }
}
