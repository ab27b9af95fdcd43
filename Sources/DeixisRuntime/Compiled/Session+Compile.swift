import DeixisGraph

extension Session {
    /// Writes what this session has prepared, and still keeps (`SessionOptions.plannedShapes`), to `path`: the graphs
    /// at those input shapes, after all passes, and their weights packed.
    ///
    /// The file loads as the ONNX file does (`Model.load`), without passes, packing or copying, on machines whose
    /// kernels use the same instruction set, and runs at the prepared shapes alone. Written to a temporary name and
    /// renamed.
    public func compile(to path: String) throws(RuntimeError) {
        do throws(CompiledFileError) {
            guard model.compiled == nil else { throw .compiledAlready }
            let ready = plans.compilable
            guard !ready.isEmpty else { throw .nothingPrepared }
            // Nobody packs weights meanwhile.
            try preparation.planning.take { () throws(CompiledFileError) in
                let compilation = Compilation(
                    ready, preparation.weights, interface: model.graph, proofs: plans.provenProofs)
                try CompiledFile.write(
                    path, instructionSets: instructionSets, index: compilation.index, compilation.data)
            }
        } catch {
            throw RuntimeError(path, error)
        }
    }
}
