/// A failure a person reads as `deixis: MESSAGE` and a script as an exit code (BSD sysexits).
struct CommandError: Error {
    enum Code: Int32 {
        /// Wrong arguments.
        case usage = 64
        /// The model, picture or array is not what it should be.
        case data = 65
        /// A file cannot be opened or read.
        case noInput = 66
        /// A fault of this program or a lack of memory.
        case internalFault = 70
        /// An output file cannot be made.
        case cannotCreate = 73
        /// Writing failed on the way, e.g. a full disk.
        case output = 74
        /// A deadline passed; another time it may not.
        case late = 75
    }

    let code: Code
    let message: String

    static func usage(_ message: String) -> CommandError { CommandError(code: .usage, message: message) }
    static func data(_ message: String) -> CommandError { CommandError(code: .data, message: message) }
}
