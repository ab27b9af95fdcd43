public import DeixisTraining

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

    /// The recipe's three groups: encoders, sigma (never decays), rest; each in as many parts as `factors` tells apart.
    ///
    /// - Parameter factors: of learning rates, by parameter name; 1 where none stands.
    public func optimizerGroups(
        encoders: Double, sigma: Double, rest: Double, factors: [String: Double] = [:]
    ) -> [AdamW<Scalar>.Group] {
        func kind(_ parameter: Parameter<Scalar>) -> Int {
            let name = parameter.name
            return name == self.sigma.name ? 1 : name.hasPrefix("visual.") || name.hasPrefix("language.") ? 0 : 2
        }
        return [("encoders", encoders), ("sigma", sigma), ("rest", rest)].enumerated().flatMap { index, group in
            let members = parameters.trainable.filter { kind($0) == index }
            let parts = Set(members.map { factors[$0.name] ?? 1 }).union([1]).sorted(by: >)
            return parts.map { factor in
                AdamW<Scalar>.Group(
                    name: factor == 1 ? group.0 : "\(group.0) x \(factor)", learningRate: group.1 * factor,
                    decays: index != 1,
                    members.filter { (factors[$0.name] ?? 1) == factor })
            }
        }
    }
}
