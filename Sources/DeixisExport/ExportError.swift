import DeixisGraph
import Glibc

/// Why a file was not written. The file that was there before, if any, is untouched in every case.
public enum ExportError: Error, Equatable, CustomStringConvertible {
    /// A call to the system failed; `code` is its errno.
    case file(path: String, action: Action, code: Int32)
    /// A folder, a device or a pipe lies where the file should go.
    case notARegularFile(path: String)
    /// A protobuf message, hence an ONNX file, ends at 2^31 - 1 bytes.
    case tooLarge(path: String, byteCount: Int)
    /// The graph says something that an ONNX file cannot say.
    case graph(String)

    public enum Action: String, Sendable {
        case create, write, finish
    }

    public var description: String {
        switch self {
        case .file(let path, let action, let code):
            "cannot \(action.rawValue) \(path): \(String(cString: strerror(code))) (errno \(code))"
        case .notARegularFile(let path):
            "cannot write \(path): something that is not a regular file lies there"
        case .tooLarge(let path, let byteCount):
            "cannot write \(path): the model needs \(byteCount) bytes, an ONNX file ends at \(ONNXFile.byteLimit)"
        case .graph(let reason):
            "cannot export the graph: \(reason)"
        }
    }
}
