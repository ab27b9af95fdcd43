public import DeixisTraining

extension GroundingNetwork {
    public enum Encoder: String, Sendable, CaseIterable {
        /// A ResNet as torchvision or DETR names it.
        case visual
        /// BERT as its authors or Hugging Face name it.
        case language
    }

    /// Sets one encoder from a file of safetensors or of PyTorch: every parameter of it, or an error that names one.
    ///
    /// Prefixes (`visual.`, as `pretrain` writes, `backbone.0.body.`, `module.`, `bert.`) are dropped, `gamma` and
    /// `beta` of old files read as `weight` and `bias`. The position table may have more rows than the network uses,
    /// BERT more layers.
    @discardableResult
    public func loadPretrained(_ encoder: Encoder, from path: String) throws(TrainingError) -> PretrainedReport {
        let file = try WeightsFile(path)
        var sources: [String: String] = [:]
        var report = PretrainedReport()
        report.part = file.part
        for name in file.names {
            let target = "\(encoder.rawValue).\(Self.canonical(name))"
            guard parameters[target] != nil else {
                report.ignored.append(.init(name: name, shape: file.shape(of: name) ?? []))
                continue
            }
            if let other = sources.updateValue(name, forKey: target) {
                throw .format(path: path, reason: "tensors \(other) and \(name) both are \(target) of the network")
            }
        }
        for parameter in parameters.all where parameter.name.hasPrefix("\(encoder.rawValue).") {
            guard let source = sources[parameter.name] else { throw .missingTensor(path: path, tensor: parameter.name) }
            let shape = file.shape(of: source) ?? []
            let isPositions = parameter.name.hasSuffix("position_embeddings.weight")
            let fits =
                shape == parameter.shape
                || isPositions && shape.count == 2 && shape[1] == parameter.shape[1] && shape[0] >= parameter.shape[0]
            guard fits else { throw .shape(path: path, tensor: source, expected: parameter.shape, got: shape) }
            let values = try file.values(of: source)
            parameter.value.withUnsafeMutableBufferPointer { target in
                for index in target.indices { target[index] = Scalar(values[index]) }
            }
            report.loaded.append(.init(name: parameter.name, shape: parameter.shape))
        }
        return report
    }

    static func canonical(_ name: String) -> String {
        var name = name
        for prefix in ["visual.", "module.", "model.", "backbone.0.body.", "backbone.body.", "bert."]
        where name.hasPrefix(prefix) {
            name = String(name.dropFirst(prefix.count))
        }
        if name.hasSuffix("LayerNorm.gamma") { return name.dropLast(5) + "weight" }
        if name.hasSuffix("LayerNorm.beta") { return name.dropLast(4) + "bias" }
        return name
    }
}
