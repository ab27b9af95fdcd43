public import DeixisFiles
public import DeixisPickle

/// Why annotations were not turned into a data set. Nothing is written then.
public enum ImportError: Error, Equatable, Sendable, CustomStringConvertible {
    case file(FileError)
    case pickle(PickleError)
    case json(JSONReaderError)
    /// A record that lacks something, counted from 0.
    case record(path: String, record: String, expected: String, found: String)
    /// None of the pictures is where they should be.
    case noPictures(folder: String, tried: String, count: Int)
    case missingPictures(folder: String, first: [String], count: Int, of: Int)
    /// Most boxes do not fit their pictures as they are read.
    case boxForm(path: String, count: Int, of: Int, read: String, fits: String)
    case badReferences(shown: [String], count: Int, of: Int)
    case empty(path: String, what: String)
    case exists(file: String)
    case tooLarge(path: String, what: String, limit: Int)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .pickle(let error): error.description
        case .json(let error): error.description
        case .record(let path, let record, let expected, let found):
            "\(path): \(record): expected \(expected), found \(found)"
        case .noPictures(let folder, let tried, let count):
            "\(folder): none of the \(count) pictures is there; the first is '\(tried)'. Name the folder that holds them with --images"
        case .missingPictures(let folder, let first, let count, let all):
            "\(folder): \(count) of \(all) pictures are missing: \(first.joined(separator: ", "))\(count > first.count ? ", ..." : "")."
                + "\nAdd them, or pass --skip-bad to go on without."
        case .boxForm(let path, let count, let all, let read, let fits):
            "\(path): \(count) of \(all) boxes reach beyond their pictures when read as \(read), and none as \(fits): "
                + "pass --boxes \(fits)"
        case .badReferences(let shown, let count, let all):
            "\(count) of \(all) references cannot be used:\n  " + shown.joined(separator: "\n  ")
                + (count > shown.count ? "\n  ... and \(count - shown.count) more" : "")
                + "\nPass --skip-bad to leave them out."
        case .empty(let path, let what): "\(path): no \(what)"
        case .exists(let file): "\(file): exists; choose another folder or pass --overwrite"
        case .tooLarge(let path, let what, let limit): "\(path): \(what); at most \(limit) are read"
        }
    }

    public var exitCode: Int32 {
        switch self {
        case .file(let error), .json(.file(let error)): error.exitCode
        case .pickle(let error): error.exitCode
        case .noPictures, .missingPictures: 66
        case .exists: 73
        default: 65
        }
    }

    static func file<Result>(_ body: () throws(FileError) -> Result) throws(ImportError) -> Result {
        do throws(FileError) { return try body() } catch { throw .file(error) }
    }

    static func json<Result>(_ body: () throws(JSONReaderError) -> Result) throws(ImportError) -> Result {
        do throws(JSONReaderError) { return try body() } catch { throw .json(error) }
    }

    static func pickle<Result>(_ body: () throws(PickleError) -> Result) throws(ImportError) -> Result {
        do throws(PickleError) { return try body() } catch { throw .pickle(error) }
    }
}
