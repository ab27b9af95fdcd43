import DeixisFiles
import Glibc

/// What goes to the terminal: results to standard output, everything else to standard error.
public enum Console {
    /// A result. One that does not arrive is an error too, e.g. `deixis inspect ... > /dev/full`.
    public static func out(_ text: String) throws(CommandError) {
        do throws(FileError) {
            try writeAll(Array((text + "\n").utf8), to: STDOUT_FILENO, path: "standard output")
        } catch {
            throw CommandError(code: .output, message: "cannot write to standard output: \(error.reason)")
        }
    }

    /// What is good to know beside the result; nothing can be done if it does not arrive.
    public static func note(_ text: String) { draw(text + "\n") }

    /// The same without an end of line, for a line that is drawn over.
    public static func draw(_ text: String) {
        do throws(FileError) { try writeAll(Array(text.utf8), to: STDERR_FILENO, path: "standard error") } catch {}
    }
}
