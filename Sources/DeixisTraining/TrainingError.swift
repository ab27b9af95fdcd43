import CDeixisSystem
public import DeixisFiles
import Glibc

/// What can go wrong in this target, for people to read.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
    case openBLASMissing
    case openBLASUnusable
    /// More threads than the most, fewer than one, or more than the system gives; `code` is an errno value.
    case threads(Int, code: Int32)
    /// A file could not be read or written; what lay under its name before is untouched.
    case file(FileError)
    /// A file is not what its format says.
    case format(path: String, reason: String)
    /// A tensor of the file does not fit the network.
    case shape(path: String, tensor: String, expected: [Int], got: [Int])
    case missingTensor(path: String, tensor: String)
    case unknownTensor(path: String, tensor: String)
    /// A tape without emission was asked for a graph.
    case notTraced
    /// The system refused memory for a tensor, unused buffers given back.
    case outOfMemory(bytes: Int)

    public var description: String {
        switch self {
        case .openBLASMissing:
            "OpenBLAS (libopenblas.so.0) was not found. Install it with: sudo apt-get install libopenblas0-pthread"
        case .openBLASUnusable:
            "libopenblas.so.0 was found but has no usable cblas_sgemm, or its products are wrong on this CPU"
        case .threads(let count, EINVAL):
            "\(count) threads: expected 1 to \(deixis_pool_most_threads)"
        case .threads(let count, let code):
            "\(count) threads cannot be started: \(String(cString: strerror(code)))"
        case .file(.system(.read, let path, let code)):
            "\(path): cannot read: \(FileError.system(.read, path: path, code: code).reason)"
        case .file(let error):
            error.description
        case .format(let path, let reason):
            "\(path): \(reason)"
        case .shape(let path, let tensor, let expected, let got):
            "\(path): tensor \(tensor) has shape \(got), the network expects \(expected)"
        case .missingTensor(let path, let tensor):
            "\(path): tensor \(tensor) is missing"
        case .unknownTensor(let path, let tensor):
            "\(path): tensor \(tensor) is not part of the network"
        case .notTraced:
            "the tape recorded no emission; run the network on a tape in mode .tracing"
        case .outOfMemory(let bytes):
            "out of memory: the system refused \((bytes + (1 << 20) - 1) >> 20) MiB for a tensor. A smaller --micro-batch, --batch or --config needs less; "
                + "a run's checkpoint, if one was written, is whole, and --resume goes on from it"
        }
    }

    /// What `body` does with a file, its failure as this target's.
    static func file<Result>(_ body: () throws(FileError) -> Result) throws(TrainingError) -> Result {
        do throws(FileError) { return try body() } catch { throw .file(error) }
    }
}
