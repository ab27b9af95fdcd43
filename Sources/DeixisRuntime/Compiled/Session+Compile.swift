import DeixisGraph

extension Session {
    /// Writes what this session has prepared, and still keeps (`SessionOptions.plannedShapes`), to `path`: the graphs at those input shapes,
    /// after all passes, and their weights packed.
    ///
    /// The file loads as the ONNX file does (`Model.load`), without passes, packing or copying, on machines whose kernels use the same
    /// instruction set, and runs at the prepared shapes alone. Written to a temporary name and renamed.
    public func compile(to path: String) throws(RuntimeError) {
        do throws(CompiledFileError) {
            guard model.compiled == nil else { throw .compiledAlready }
            let plans = compilablePlans
            guard !plans.isEmpty else { throw .nothingPrepared }
            let compilation = Compilation(plans, weights, interface: model.graph, proofs: paddingProofs.filter { $0.holds })
            try CompiledFile.write(path, instructionSets: instructionSets, index: compilation.index, compilation.data)
        } catch {
            throw .compiled(file: path, error)
        }
    }
}
