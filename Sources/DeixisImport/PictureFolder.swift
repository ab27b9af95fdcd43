import DeixisFiles
import DeixisImage

/// Finds pictures by name in a folder and those below it, however a corpus was unpacked (`train2014`, `VG_100K` beside
/// `VG_100K_2`, `images/mscoco/images/train2014`).
struct PictureFolder {
    let root: String
    /// Paths below `root` by file name.
    private var places: [String: [String]] = [:]
    private var sizes: [String: (width: Int, height: Int)?] = [:]

    static let fileLimit = 4_000_000
    static let deepest = 6

    init(_ root: String) throws(ImportError) {
        self.root = root
        var waiting = [("", 0)], count = 0
        while let (folder, depth) = waiting.popLast() {
            for (name, isFolder) in try Self.contents(folder.isEmpty ? root : root + "/" + folder) {
                let path = folder.isEmpty ? name : folder + "/" + name
                if isFolder {
                    if depth < Self.deepest { waiting.append((path, depth + 1)) }
                } else if Self.isPicture(name) {
                    places[name, default: []].append(path)
                    count += 1
                    if count > Self.fileLimit {
                        throw .tooLarge(path: root, what: "more pictures", limit: Self.fileLimit)
                    }
                }
            }
        }
    }

    private static func contents(_ path: String) throws(ImportError) -> [(name: String, isFolder: Bool)] {
        try ImportError.file { () throws(FileError) in try DeixisFiles.contents(ofFolder: path) }
    }

    private static func isPicture(_ name: String) -> Bool {
        [".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"].contains { name.hasSuffix($0) }
    }

    /// Below `root`; of several files of that name one in a folder that `picture` asks for, else the one nearest to
    /// `root`.
    func place(of picture: PictureName) -> String? {
        guard let found = places[picture.file] else { return nil }
        if found.count == 1 { return found[0] }
        let asked = found.filter { path in picture.folders.contains { path.contains($0) } }
        return (asked.isEmpty ? found : asked).min {
            ($0.split(separator: "/").count, $0) < ($1.split(separator: "/").count, $1)
        }
    }

    /// The picture's extents as the decoder gives them; nil where it is no picture or cannot be read.
    mutating func size(at place: String) -> (width: Int, height: Int)? {
        if let known = sizes[place] { return known }
        var size: (width: Int, height: Int)?
        do throws(FileError) { size = try ImageHeader.size(ofFile: root + "/" + place) } catch { size = nil }
        sizes[place] = .some(size)
        return size
    }
}
