public import ArgumentParser
import CDeixisCommand
import DeixisFiles
import Glibc

/// The running program: its arguments, where it lies, and what becomes of its failures. None of it needs /proc.
public enum Program {
    /// What the person typed, without the program's name.
    public static let arguments: [String] = {
        var count: Int32 = 0
        guard let words = deixis_arguments(&count), count > 1 else { return [] }
        return (1..<Int(count)).compactMap { index in words[index].map { String(cString: $0) } }
    }()

    /// The folder that holds the program, links followed, with its final `/`; empty where the system does not tell.
    public static let folder: String = {
        guard let name = deixis_executable(), let path = realpath(name, nil) else { return "" }
        defer { free(path) }
        let text = String(cString: path)
        return text.lastIndex(of: "/").map { String(text[...$0]) } ?? ""
    }()

    /// The most memory that this process has had in RAM so far.
    public static var peakResidentBytes: Int { deixis_peak_resident() * 1024 }

    /// Parses the arguments, runs the command, and turns whatever went wrong into one line on standard error and an
    /// exit code.
    ///
    /// - Parameter failure: what an error of the command's own targets is to a person; nil: a fault of the program.
    public static func run(
        _ root: (some ParsableCommand).Type, as name: String, failure: (any Error) -> CommandError? = { _ in nil }
    ) -> Int32 {
        // A file that may not grow is an error of writing, which names it, and what was written of it goes.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try root.parseAsRoot(arguments)
            try command.run()
            return 0
        } catch let error as CommandError {
            return say(error, name)
        } catch let error as FileError {
            return say(CommandError(error), name)
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            if let known = failure(error) { return say(known, name) }
            let code = root.exitCode(for: error)
            if code.isSuccess {
                // --help and --version.
                do { try Console.out(root.fullMessage(for: error)) } catch { return say(error, name) }
                return 0
            }
            guard code == .validationFailure else {
                return say(CommandError(code: .internalFault, message: "\(error)"), name)
            }
            return say(.usage("\(root.message(for: error))\nSee `\(name) --help`."), name)
        }
    }

    private static func say(_ error: CommandError, _ name: String) -> Int32 {
        Console.note("\(name): \(error.message)")
        return error.code.rawValue
    }
}
