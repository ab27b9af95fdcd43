internal import DeixisGraph
public import DeixisInput
internal import DeixisRuntime
internal import DeixisTraining

/// An ONNX file that `export` wrote, as the start of a run: its weights, which have the network's names there, and its
/// words. What it cannot give are the configuration, which the run names, and sigma, which belongs to training.
public struct ExportedModel {
    public let path: String
    public var vocabulary: Vocabulary { metadata.vocabulary }
    private let metadata: GroundingMetadata
    private let graph: Graph

    /// - Throws: `unusable` for a file that is no model, or none that grounds.
    public init(_ path: String) throws(GroundingError) {
        self.path = path
        func unusable(_ reason: String) -> GroundingError { Self.unusable(path, reason) }
        do throws(RuntimeError) { graph = try Model.load(path).graph } catch { throw unusable(error.description) }
        do throws(InputError) {
            metadata = try GroundingMetadata(pairs: graph.metadata.map { ($0.key.bytes, $0.value.bytes) })
        } catch { throw unusable(error.description) }
    }

    private static func unusable(_ path: String, _ reason: String) -> GroundingError {
        .unusable(path: path, action: "begin with its weights", reason: reason)
    }
    private func unusable(_ reason: String) -> GroundingError { Self.unusable(path, reason) }

    /// Puts the weights into a network of the same configuration.
    /// - Throws: `unusable` or `training`, naming the tensor that is missing or has another shape, or what pictures are
    ///   made into; nothing is changed then.
    func load(into network: GroundingNetwork<Float>) throws(GroundingError) {
        let configuration = network.configuration
        let (mean, deviation) = (
            configuration.imageMean.map { Float($0) }, configuration.imageDeviation.map { Float($0) }
        )
        guard metadata.mean == ChannelValues(mean[0], mean[1], mean[2]),
            metadata.standardDeviation == ChannelValues(deviation[0], deviation[1], deviation[2]),
            metadata.letterbox == (try configuration.letterbox())
        else { throw unusable("its pictures are letterboxed or normalized in another way than --config says") }
        var constants: [String: Constant] = [:]
        for (id, constant) in graph.constants { constants[graph[id].name.description] = constant }
        var found: [(parameter: Parameter<Float>, constant: Constant)] = []
        for parameter in network.parameters.all where parameter.name != network.sigma.name {
            guard let constant = constants[parameter.name], constant.type == .float32 else {
                throw unusable(
                    "tensor \(parameter.name) is missing: it takes the float model of a whole network, not an int8 or "
                        + "compiled one, nor one whose stages or blocks do not all take part")
            }
            guard constant.shape == parameter.shape else {
                throw .training(
                    .shape(path: path, tensor: parameter.name, expected: parameter.shape, got: constant.shape))
            }
            found.append((parameter, constant))
        }
        for (parameter, constant) in found {
            parameter.value.withUnsafeMutableBufferPointer { target in
                withExtendedLifetime(constant) {
                    let bytes = constant.bytes
                    for i in target.indices { target[i] = bytes.loadUnaligned(fromByteOffset: i * 4, as: Float.self) }
                }
            }
        }
    }
}
