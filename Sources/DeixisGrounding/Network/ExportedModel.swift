internal import DeixisGraph
public import DeixisInput
internal import DeixisRuntime
internal import DeixisTraining

/// An ONNX file that `export` wrote, as the start of a run: its weights, which have the network's names there, and its
/// words. What it cannot give are the configuration, which the run names, and sigma, which belongs to training.
public struct ExportedModel {
    public let path: String
    public let vocabulary: Vocabulary
    private let graph: Graph

    /// - Throws: `unusable` for a file that is no model, or none that grounds.
    public init(_ path: String) throws(GroundingError) {
        func unusable(_ reason: String) -> GroundingError {
            .unusable(path: path, action: "begin with its weights", reason: reason)
        }
        self.path = path
        do throws(RuntimeError) { graph = try Model.load(path).graph } catch { throw unusable(error.description) }
        do throws(InputError) {
            vocabulary = try GroundingMetadata(pairs: graph.metadata.map { ($0.key.bytes, $0.value.bytes) }).vocabulary
        } catch { throw unusable(error.description) }
    }

    /// Puts the weights into a network of the same configuration.
    /// - Throws: `training`, naming the tensor that is missing or has another shape; nothing is changed then.
    func load(into network: GroundingNetwork<Float>) throws(GroundingError) {
        var constants: [String: Constant] = [:]
        for (id, constant) in graph.constants { constants[graph[id].name.description] = constant }
        var found: [(parameter: Parameter<Float>, constant: Constant)] = []
        for parameter in network.parameters.all where parameter.name != network.sigma.name {
            guard let constant = constants[parameter.name], constant.type == .float32 else {
                throw .training(.missingTensor(path: path, tensor: parameter.name))
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
