import Glibc

/// Why a file was not read or written, for people to read. What lay under a name before is as it was in every case.
public enum FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A call to the system failed; `code` is its errno.
    case system(Action, path: String, code: Int32)
    /// More bytes than the caller takes.
    case tooLarge(path: String, byteCount: Int, limit: Int)
    /// The file became shorter while it was read.
    case truncated(path: String)
    /// `option` gave a name that no file should have: none, or `-`.
    case badName(option: String, path: String)
    /// Writing `path` would replace what the command reads.
    case outputIsInput(option: String, path: String, input: String)
    /// Two outputs are one file.
    case outputTwice(option: String, path: String, other: String)

    public enum Action: String, Sendable {
        case read, write
        case makeFolder = "make the folder"
    }

    public var description: String {
        switch self {
        case .system(let action, let path, _): "cannot \(action.rawValue) \(path): \(reason)"
        case .tooLarge(let path, _, _), .truncated(let path): "cannot read \(path): \(reason)"
        case .badName(let option, let path):
            path.isEmpty
                ? "\(option): the name of the file is empty"
                : "\(option) \(path): expected the name of a file; a file of that name is ./\(path), "
                    + "standard output /dev/stdout"
        case .outputIsInput(let option, let path, let input):
            "\(option) \(path) would replace \(path == input ? "what is read" : input + ", which is read"); "
                + "name another file"
        case .outputTwice(let option, let path, let other):
            "\(option) \(path) is the file that \(other) writes; name another file"
        }
    }

    public var path: String {
        switch self {
        case .system(_, let path, _), .tooLarge(let path, _, _), .truncated(let path), .badName(_, let path),
            .outputIsInput(_, let path, _), .outputTwice(_, let path, _):
            path
        }
    }

    /// Without the file's name.
    public var reason: String {
        switch self {
        case .system(_, _, EISDIR): "it is a folder"
        case .system(.makeFolder, _, ENOTDIR): "something else has that name"
        case .system(_, _, EINVAL): "it is not a regular file"
        case .system(_, _, let code): String(cString: strerror(code))
        case .tooLarge(_, let byteCount, let limit): "it has \(byteCount) bytes; expected at most \(limit)"
        case .truncated: "it ended while it was read"
        default: description
        }
    }

    /// What scripts are told, after BSD's sysexits: 64 wrong arguments, 66 cannot be read, 73 cannot be made, 74 broke
    /// off while it was written.
    public var exitCode: Int32 {
        switch self {
        case .system(.read, _, _), .tooLarge, .truncated: 66
        case .system(_, _, let code): [ENOSPC, EDQUOT, EFBIG, EIO].contains(code) ? 74 : 73
        case .badName, .outputIsInput, .outputTwice: 64
        }
    }
}
