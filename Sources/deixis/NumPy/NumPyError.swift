import DeixisGraph

/// What is wrong with a `.npy` file.
enum NumPyError: Error, Equatable, CustomStringConvertible {
    case notNumPy
    case version(major: Int, minor: Int)
    case truncatedHeader
    case header(String)
    case elementType(String)
    case size(type: ElementType, shape: [Int], expected: Int, got: Int)

    var description: String {
        switch self {
        case .notNumPy: "it is not a NumPy file (the first bytes are not \\x93NUMPY)"
        case .version(let major, let minor): "NumPy format \(major).\(minor) is not supported, only 1.0, 2.0 and 3.0"
        case .truncatedHeader: "the file ends inside its NumPy header"
        case .header(let reason): "malformed NumPy header: \(reason)"
        case .elementType(let descriptor):
            "NumPy type '\(descriptor)' is not supported, only numbers and booleans (f2 f4 f8, i1 to i8, u1 to u8, b1, V2 for bfloat16)"
        case .size(let type, let shape, let expected, let got):
            "\(type.label) \(shape) needs \(expected) bytes after the header, the file has \(got)"
        }
    }
}
