public import DeixisFiles

/// Why a pickle or a file of `torch.save` was not read.
public enum PickleError: Error, Equatable, Sendable, CustomStringConvertible {
    case file(FileError)
    /// The bytes at `offset` are not what the format asks for.
    case malformed(path: String, offset: Int, expected: String, found: String)
    /// A text pickle (protocol 0) whose line ends were turned from LF to CR LF, as by a transfer in text mode.
    case lineEnds(path: String, offset: Int)
    /// The pickle names a class or function that data does not need; nothing is ever called.
    case refusedGlobal(path: String, offset: Int, name: String)
    case tooMany(path: String, what: String, limit: Int)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .malformed(let path, _, _, _), .lineEnds(let path, _), .refusedGlobal(let path, _, _),
            .tooMany(let path, _, _):
            "\(path): \(reason)"
        }
    }

    /// Without the file's name.
    public var reason: String {
        switch self {
        case .file(let error): error.reason
        case .malformed(_, let offset, let expected, let found): "byte \(offset): expected \(expected), found \(found)"
        case .lineEnds(_, let offset):
            "byte \(offset): the file was damaged by line-end conversion (LF became CR LF); copy the original again, in binary mode"
        case .refusedGlobal(_, let offset, let name):
            "byte \(offset): the pickle asks for \(name), which data does not need; it is not read "
                + "(nothing of a pickle is ever called)"
        case .tooMany(_, let what, let limit): "more than \(limit) \(what)"
        }
    }

    public var exitCode: Int32 { if case .file(let error) = self { error.exitCode } else { 65 } }

    static func file<Result>(_ body: () throws(FileError) -> Result) throws(PickleError) -> Result {
        do throws(FileError) { return try body() } catch { throw .file(error) }
    }
}
