public import DeixisExport
public import DeixisFiles
public import DeixisInput
public import DeixisTraining

/// What can go wrong between a data set, a training run and a model. Messages name the file, the line and the way out.
public enum GroundingError: Error, Sendable, CustomStringConvertible {
    /// A manifest with bad lines; `shown` holds the first of them, `total` counts all.
    case badLines(manifest: String, shown: [BadLine], total: Int)
    case noManifest(directory: String)
    case emptyDataset(manifest: String)
    case datasetExists(file: String)
    /// An image of a data set that cannot be decoded.
    case badImage(manifest: String, line: Int, image: String, reason: String)
    /// `--skip-bad` left nothing to train on.
    case noGoodPictures(manifest: String)
    /// A file cannot be read or written.
    case file(FileError)
    /// A file can be read, but not be used for what it was given for.
    case unusable(path: String, action: String, reason: String)
    case badCheckpoint(path: String, reason: String)
    case unknownConfiguration(name: String, known: [String])
    case badSetting(name: String, value: String, rule: String)
    /// Text that is not the JSON of what it was given for.
    case json(JSONReaderError)
    /// A value of a settings file that cannot be; `line` is where the file says it, nil where it comes from the
    /// file's base.
    case fileSetting(path: String, line: Int?, name: String, value: String, rule: String)
    /// A pattern of parameter names, given to `option`, that names nothing to do it to.
    case pattern(option: String, pattern: String, reason: String)
    /// A step whose loss or gradient is no number; `sample` is the number in the run of the one that is to blame, where
    /// one is.
    case notFinite(step: Int, sample: Int?)
    /// A batch was asked for after `BatchQueue.stop`.
    case stopped
    case vocabularyTooLarge(words: Int, room: Int)
    /// Of a checkpoint, of weights or of the computation; the message names the file.
    case training(TrainingError)
    case network(NetworkError)
    /// Of a vocabulary, a tokenizer or a letterbox.
    case input(InputError)
    /// A model that cannot be written; what lay there before is untouched.
    case writing(ExportError)
    /// Training for int8 cannot begin.
    case quantization(String)
    /// `--resume` with another option than the run was begun with.
    case settled(option: String, checkpoint: String)
    /// The ranks that a launcher started cannot work together.
    case ranks(String)
    /// What all ranks do together failed on that one, which tells why.
    case otherRankFailed(rank: Int)

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
        case .datasetExists(let file): return "\(file): exists; choose another directory or pass --overwrite"
        case .badImage(let manifest, let line, let image, let reason):
            return "\(manifest):\(line): image '\(image)': \(reason)"
        case .noGoodPictures(let manifest): return "\(manifest): none of its pictures can be decoded"
        case .file(.system(.read, let path, let code)):
            return "\(path): cannot read it: \(FileError.system(.read, path: path, code: code).reason)"
        case .file(let error): return error.description
        case .unusable(let path, let action, let reason): return "\(path): cannot \(action): \(reason)"
        case .badCheckpoint(let path, let reason): return "\(path): not a usable checkpoint: \(reason)"
        case .unknownConfiguration(let name, let known):
            return "no configuration '\(name)'; known: \(known.joined(separator: ", "))"
        case .badSetting(let name, let value, let rule): return "\(name) is \(value), but must be \(rule)"
        case .json(let error): return error.description
        case .fileSetting(let path, let line, let name, let value, let rule):
            return "\(path)\(line.map { ":\($0)" } ?? ""): \(name) is \(value), but must be \(rule)"
        case .pattern(let option, let pattern, let reason): return "\(option) '\(pattern)' \(reason)"
        case .notFinite(let step, let sample):
            let place = "step \(step)" + (sample.map { ", sample \($0) of the run" } ?? "")
            return
                "\(place): the loss is not finite; nothing of this step is kept; a checkpoint, if one was written, is from before it"
        case .stopped: return "no batch is made after the queue was stopped"
        case .vocabularyTooLarge(let words, let room):
            return "the sentences hold \(words) words, but the configuration's vocabulary has room for \(room)"
        case .training(let error): return error.description
        case .network(let error): return error.description
        case .input(let error): return error.description
        case .writing(let error): return error.description
        case .ranks(let reason): return reason
        case .quantization(let reason): return "training for int8: \(reason)"
        case .otherRankFailed(let rank): return "rank \(rank) has failed"
        case .settled(let option, let checkpoint):
            return "\(option) is settled by \(checkpoint); --resume goes on with the run as it was begun"
        }
    }

    /// What scripts are told: a file's own code (`FileError.exitCode`), 64 for a wrong option, 65 for what a file
    /// holds.
    public var exitCode: Int32 {
        switch self {
        case .file(let error), .training(.file(let error)): error.exitCode
        case .json(let error): error.exitCode
        case .settled, .pattern: 64
        // EX_UNAVAILABLE
        case .ranks, .otherRankFailed: 69
        default: 65
        }
    }

    /// Another rank tells what is wrong.
    public var isOfAnotherRank: Bool { if case .otherRankFailed = self { true } else { false } }

    /// The same, with the file and the line that says it, where it is about a value of a setting.
    func located(in path: String, _ lines: [String: Int]) -> GroundingError {
        switch self {
        case .badSetting(let name, let value, let rule), .network(.invalid(let name, let value, let rule)):
            .fileSetting(path: path, line: lines[name], name: name, value: value, rule: rule)
        default: self
        }
    }

    /// What `body` does with files, its failure as this target's.
    static func file<Result>(_ body: () throws(FileError) -> Result) throws(GroundingError) -> Result {
        do throws(FileError) { return try body() } catch { throw .file(error) }
    }

    static func json<Result>(_ body: () throws(JSONReaderError) -> Result) throws(GroundingError) -> Result {
        do throws(JSONReaderError) { return try body() } catch { throw .json(error) }
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
