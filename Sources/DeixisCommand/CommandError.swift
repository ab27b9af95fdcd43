public import DeixisFiles

/// A failure a person reads as `deixis: MESSAGE` and a script as an exit code (BSD sysexits).
public struct CommandError: Error {
    public enum Code: Int32, Sendable {
        /// Wrong arguments.
        case usage = 64
        /// The model, picture, data set or array is not what it should be.
        case data = 65
        /// A file cannot be opened or read.
        case noInput = 66
        /// Something of the system that is needed is not there.
        case unavailable = 69
        /// A fault of this program.
        case internalFault = 70
        /// Memory that the system did not give.
        case memory = 71
        /// An output file cannot be made.
        case cannotCreate = 73
        /// Writing failed on the way, e.g. a full disk.
        case output = 74
        /// A deadline passed; another time it may not.
        case late = 75
    }

    public let code: Code
    public let message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public init(_ exitCode: Int32, _ message: String) {
        self.init(code: Code(rawValue: exitCode) ?? .internalFault, message: message)
    }

    public init(_ error: FileError) { self.init(error.exitCode, error.description) }

    public static func usage(_ message: String) -> CommandError { CommandError(code: .usage, message: message) }
    public static func data(_ message: String) -> CommandError { CommandError(code: .data, message: message) }
}

/// What `body` does with files, its failure as the command's.
public func files<Result>(_ body: () throws(FileError) -> Result) throws(CommandError) -> Result {
    do throws(FileError) { return try body() } catch { throw CommandError(error) }
}
