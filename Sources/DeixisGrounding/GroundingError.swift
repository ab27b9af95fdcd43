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
    case notFinite(step: Int)
    case vocabularyTooLarge(words: Int, room: Int)
    /// A message of the checkpoint's or the network's own, which names its file.
    case checkpoint(String)
    case network(String)

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
        case .notFinite(let step): return "step \(step): the loss is not finite; the last checkpoint is from before it"
        case .vocabularyTooLarge(let words, let room):
            return "the sentences hold \(words) words, but the configuration's vocabulary has room for \(room)"
        case .checkpoint(let message), .network(let message): return message
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
