import DeixisFiles
import DeixisImage
import Glibc

/// The pixel sizes of a data set's images as the decoder will give them, from their headers, each file looked at once.
struct ImageSizes {
    let directory: String
    private var known: [String: (width: Int, height: Int)] = [:]

    init(directory: String) { self.directory = directory }

    mutating func size(of image: String) throws(LineProblem) -> (width: Int, height: Int) {
        if let size = known[image] { return size }
        let size: (width: Int, height: Int)?
        do throws(FileError) { size = try ImageHeader.size(ofFile: directory + "/" + image) } catch {
            if case .system(_, _, ENOENT) = error { throw LineProblem(reason: "image '\(image)' is missing") }
            throw LineProblem(reason: "image '\(image)' cannot be read: \(error.reason)")
        }
        guard let size else { throw LineProblem(reason: "image '\(image)' is neither a PNG nor a JPEG") }
        known[image] = size
        return size
    }
}
