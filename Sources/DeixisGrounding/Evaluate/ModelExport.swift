internal import DeixisExport
internal import DeixisGraph
public import DeixisInput
public import DeixisTraining

/// A trained network -> a standard ONNX file that says everything needed to ask it.
public enum ModelExport {
    /// - Parameter provenance: where the model comes from, in order: `deixis.training.<key>` in the file.
    /// - Throws: `training`, `writing`; an old file at `path` stays unless the new one is whole.
    public static func write(
        _ network: GroundingNetwork<Float>, tokenizer: Tokenizer, letterbox: Letterbox,
        provenance: [(key: String, value: String)], to path: String
    ) throws(GroundingError) {
        var graph: Graph
        do throws(TrainingError) {
            graph = try network.graph()
        } catch {
            throw .training(error)
        }
        var metadata = GroundingMetadata(
            vocabulary: tokenizer.vocabulary, settings: tokenizer.settings, letterbox: letterbox)
        let configuration = network.configuration
        let (mean, deviation) = (
            configuration.imageMean.map { Float($0) }, configuration.imageDeviation.map { Float($0) }
        )
        metadata.mean = ChannelValues(mean[0], mean[1], mean[2])
        metadata.standardDeviation = ChannelValues(deviation[0], deviation[1], deviation[2])
        metadata.training = provenance.map { (Array($0.key.utf8), Array($0.value.utf8)) }
        graph.metadata = metadata.pairs.map { (Name(bytes: $0.key), Name(bytes: $0.value)) }
        graph.name = "grounding"
        do throws(ExportError) {
            try ONNXFile.write(graph, to: path)
        } catch {
            if case .file(let error) = error { throw .file(error) }
            throw .writing(error)
        }
    }
}
