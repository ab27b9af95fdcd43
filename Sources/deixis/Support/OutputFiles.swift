import DeixisCommand
import DeixisFiles
import DeixisGraph
import DeixisRuntime

extension Outputs {
    /// Refuses an output that would replace the model, a file that holds its weights, or one of `others`.
    func check(model: String, _ others: [String] = []) throws(CommandError) {
        // A model that cannot be read is named by who needs it.
        let weights = (try? Model.graph(inFile: model))?.weightFiles ?? []
        try files { () throws(FileError) in try check(against: [model] + weights + others) }
    }
}
