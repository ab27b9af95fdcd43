import ArgumentParser
import Glibc

/// Hands over to `deixis-quantize`, which lies beside this program: it writes ONNX through protobuf and reads data sets, which the lean command
/// does without.
struct Quantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes an int8 model of a float one, without training (deixis quantize --help).",
        helpNames: [])

    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    func run() throws {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = length > 0 ? String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) : CommandLine.arguments[0]
        let folder = own.lastIndex(of: "/").map { String(own[...$0]) } ?? ""
        let program = folder + "deixis-quantize"
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        execv(program, words)
        throw CommandError(
            code: .noInput, message: "cannot start \(program): \(Files.errorText(errno)); build it with: swift build -c release --product deixis-quantize")
    }
}
