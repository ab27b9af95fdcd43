public import DeixisExport
public import DeixisInput
public import DeixisTraining

/// What can go wrong between a data set, a training run and a model. Messages name the file, the line and the way out.
public enum GroundingError: Error, Sendable, CustomStringConvertible {
    /// A manifest with bad lines; `shown` holds the first of them, `total` counts all.
    case badLines(manifest: String, shown: [BadLine], total: Int)
    case noManifest(directory: String)
    case emptyDataset(manifest: String)
    case datasetExists(manifest: String)
    /// An image of a data set that cannot be decoded.
    case badImage(manifest: String, line: Int, image: String, reason: String)
    case file(path: String, action: String, reason: String)
    case badCheckpoint(path: String, reason: String)
    case unknownConfiguration(name: String, known: [String])
    case badSetting(name: String, value: String, rule: String)
    /// A step whose loss or gradient is no number; `sample` is the number in the run of the one that is to blame, where
    /// one is.
    case notFinite(step: Int, sample: Int?)
    /// A batch was asked for after `BatchQueue.stop`.
    case stopped
    case vocabularyTooLarge(words: Int, room: Int)
    /// Of a checkpoint, of weights or of the computation; names its file.
    case training(TrainingError)
    case network(NetworkError)
    /// Of a vocabulary, a tokenizer or a letterbox.
    case input(InputError)
    /// A model that cannot be written; what lay there before is untouched.
    case writing(ExportError)

    public var description: String {
        switch self {
        case .badLines(let manifest, let shown, let total):
            let head = "\(manifest): \(total) bad \(total == 1 ? "line" : "lines")"
            let rest = total > shown.count ? "\n  ... and \(total - shown.count) more" : ""
            return head + shown.map { "\n  " + $0.description }.joined() + rest
                + "\nMend them, or pass --skip-bad to train on the rest."
        case .noManifest(let directory):
            return "\(directory): no manifest.jsonl in it (formats/dataset.md describes a data set's directory)"
        case .emptyDataset(let manifest): return "\(manifest): no samples"
        case .datasetExists(let manifest): return "\(manifest): exists; choose another directory or pass --overwrite"
        case .badImage(let manifest, let line, let image, let reason): return "\(manifest):\(line): image '\(image)': \(reason)"
        case .file(let path, let action, let reason): return "\(path): cannot \(action): \(reason)"
        case .badCheckpoint(let path, let reason): return "\(path): not a usable checkpoint: \(reason)"
        case .unknownConfiguration(let name, let known):
            return "no configuration '\(name)'; known: \(known.joined(separator: ", "))"
        case .badSetting(let name, let value, let rule): return "\(name) is \(value), but must be \(rule)"
        case .notFinite(let step, let sample):
            let place = "step \(step)" + (sample.map { ", sample \($0) of the run" } ?? "")
            return "\(place): the loss is not finite; nothing of this step is kept, "
                + "and the last checkpoint is from before it"
        case .stopped: return "no batch is made after the queue was stopped"
        case .vocabularyTooLarge(let words, let room):
            return "the sentences hold \(words) words, but the configuration's vocabulary has room for \(room)"
        case .training(let error): return error.description
        case .network(let error): return error.description
        case .input(let error): return error.description
        case .writing(let error): return error.description
        }
    }
}

/// One line of a manifest that cannot be used, and why.
public struct BadLine: Sendable, Equatable, CustomStringConvertible {
    public let file: String
    /// Counted from 1, empty lines included.
    public let line: Int
    public let reason: String
    public var description: String { "\(file):\(line): \(reason)" }
}
