import ArgumentParser
import DeixisCommand
import Glibc

/// Hands over to `deixis-quantize`, which lies beside this program: it writes ONNX through protobuf and reads data
/// sets, which the lean command does without.
struct Quantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes an int8 model of a float one, without training (deixis quantize --help).",
        helpNames: [])

    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    func run() throws {
        let program = Program.folder + "deixis-quantize"
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        execv(program, words)
        throw CommandError(
            code: .noInput,
            message:
                "cannot start \(program): \(String(cString: strerror(errno))); build it with: swift build -c release --product deixis-quantize"
        )
    }
}
