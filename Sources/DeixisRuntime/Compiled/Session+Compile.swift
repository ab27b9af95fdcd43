import DeixisGraph

extension Session {
    /// Writes the model with the weights that this session has packed so far to `path`: prepare the shapes that matter first.
    ///
    /// The file loads as the ONNX file does (`Model.load`), without packing or copying, on machines whose kernels use the same instruction
    /// set. Written to a temporary name and renamed.
    public func compile(to path: String) throws(RuntimeError) {
        guard let source = model.source, model.compiled == nil else { throw .compiled(file: path, .notFromFile) }
        let packings = weights.packings(of: source)
        do throws(CompiledFileError) {
            try CompiledFile.write(path, instructionSets: instructionSets, model: source.bytes, packings)
        } catch {
            throw .compiled(file: path, error)
        }
    }
}
