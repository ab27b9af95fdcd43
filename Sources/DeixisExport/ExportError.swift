public import DeixisFiles

/// Why a file was not written. The file that was there before, if any, is untouched in every case.
public enum ExportError: Error, Equatable, CustomStringConvertible {
    case file(FileError)
    /// A protobuf message, hence an ONNX file, ends at 2^31 - 1 bytes.
    case tooLarge(path: String, byteCount: Int)
    /// The graph says something that an ONNX file cannot say.
    case graph(String)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .tooLarge(let path, let byteCount):
            "cannot write \(path): the model needs \(byteCount) bytes, an ONNX file ends at \(ONNXFile.byteLimit)"
        case .graph(let reason):
            "cannot export the graph: \(reason)"
        }
    }
}
