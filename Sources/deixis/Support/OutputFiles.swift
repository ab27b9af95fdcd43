import DeixisCommand
import DeixisFiles
import DeixisGraph
import DeixisONNX

extension Outputs {
    /// Refuses an output that would replace the model, a file that holds its weights, or one of `others`.
    func check(model: String, _ others: [String] = []) throws(CommandError) {
        // A model that cannot be read is named by who needs it.
        let weights = (try? Graph.weightFiles(ofONNXFile: model)) ?? []
        try files { () throws(FileError) in try check(against: [model] + weights + others) }
    }
}
