public import DeixisFiles

/// What can go wrong between a picture and its file. `name` is the path, or what the caller called the bytes.
public enum ImageError: Error, Sendable, Equatable {
    case file(FileError)
    case empty(name: String)
    /// Neither JPEG nor PNG by its first bytes; `kind` is what it looks like, if that is known.
    case notAnImage(name: String, firstBytes: [UInt8], kind: String?)
    case truncated(name: String, format: String)
    case corrupt(name: String, format: String, reason: String)
    /// More pixels than `ImageLimits` allows.
    case tooManyPixels(name: String, width: Int, height: Int, limit: Int)
    case fileTooLarge(name: String, byteCount: Int, limit: Int)
    case cannotEncode(format: String, reason: String)
    case unknownExtension(path: String)
}

extension ImageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(.system(.write, let path, let code)):
            return "\(path): cannot be written: \(FileError.system(.write, path: path, code: code).reason)"
        case .file(let error): return "\(error.path): cannot be read: \(error.reason)"
        case .empty(let name): return "\(name): the file is empty; expected a JPEG or PNG picture"
        case .notAnImage(let name, let firstBytes, let kind):
            if let kind { return "\(name): this is \(kind); expected a JPEG or PNG picture" }
            let hex = firstBytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(
                separator: " ")
            return "\(name): not a picture; expected a JPEG (FF D8 FF ...) or PNG (89 50 4E 47 ...), found \(hex)"
        case .truncated(let name, let format): return "\(name): the \(format) ends too early; the file is incomplete"
        case .corrupt(let name, let format, let reason): return "\(name): the \(format) is damaged: \(reason)"
        case .tooManyPixels(let name, let width, let height, let limit):
            return "\(name): the picture is \(width) x \(height); expected at most \(limit) pixels"
        case .fileTooLarge(let name, let byteCount, let limit):
            return "\(name): the file has \(byteCount) bytes; expected at most \(limit)"
        case .cannotEncode(let format, let reason): return "cannot encode as \(format): \(reason)"
        case .unknownExtension(let path): return "\(path): expected a name ending in .png, .jpg or .jpeg"
        }
    }

    /// What scripts are told: a file's own code (`FileError.exitCode`), 64 for a wrong name, 65 for a bad picture.
    public var exitCode: Int32 {
        switch self {
        case .file(let error): error.exitCode
        case .unknownExtension: 64
        default: 65
        }
    }
}

/// How large a picture may be: a small file can claim to hold an enormous one.
public struct ImageLimits: Sendable {
    /// width * height.
    public var pixels = 120_000_000
    public var fileBytes = 1 << 29
    public init() {}
}
