import DeixisFiles
public import DeixisInput

/// One line of a manifest: where the picture is, what is said, and the box meant, in pixels.
public struct DatasetEntry: Sendable, Equatable {
    /// Relative to the folder of the data set's pictures.
    public var image: String
    public var sentence: String
    public var box: PixelBox
    public var id: String?
    public var kind: String?
    /// The picture's size, if the manifest tells; checked against the picture when it is decoded.
    public var width: Int?
    public var height: Int?
    /// The manifest's line, counted from 1; 0 for entries not read from a file.
    public var line: Int

    public init(
        image: String, sentence: String, box: PixelBox, id: String? = nil, kind: String? = nil, width: Int? = nil,
        height: Int? = nil, line: Int = 0
    ) {
        self.image = image
        self.sentence = sentence
        self.box = box
        self.id = id
        self.kind = kind
        self.width = width
        self.height = height
        self.line = line
    }
}

/// A directory as formats/dataset.md describes it: `manifest.jsonl` and the images it names.
public struct Dataset: Sendable {
    public let directory: String
    /// The folder that the images' paths begin at: the directory itself, unless the manifest's header or the caller
    /// names another.
    public let images: String
    public let entries: [DatasetEntry]
    /// Lines left out because the caller asked to go on without them.
    public let skipped: [BadLine]

    public var manifest: String { directory + "/manifest.jsonl" }
    /// All files that are read, each picture once.
    public var files: [String] { [manifest] + Set(entries.map(\.image)).sorted().map { images + "/" + $0 } }

    /// Reads and checks the whole manifest. Images are looked for, and measured by their headers, but not decoded.
    ///
    /// - Parameters:
    ///   - images: the folder of the pictures, in place of the one that the manifest's header names.
    ///   - skipBad: keep going without bad lines (they are in `skipped`) instead of throwing.
    ///   - shown: how many bad lines the error lists.
    /// - Throws: `noManifest`, `badLines`, `emptyDataset`, `file`.
    public init(directory: String, images: String? = nil, skipBad: Bool = false, shown: Int = 10) throws(GroundingError)
    {
        let path = directory + "/manifest.jsonl"
        guard exists(path) else { throw .noManifest(directory: directory) }
        let bytes = try GroundingError.file { () throws(FileError) in try readFile(path) }
        var entries: [DatasetEntry] = [], bad: [BadLine] = []
        var sizes = ImageSizes(directory: images ?? directory)
        var line = 0
        for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            if text.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            do {
                if line == 1, let root = try ManifestLine.header(text) {
                    if images == nil {
                        sizes = ImageSizes(directory: root.hasPrefix("/") ? root : directory + "/" + root)
                    }
                    continue
                }
                var reader = ManifestLine(line: line)
                entries.append(try reader.read(text, sizes: &sizes))
            } catch {
                bad.append(BadLine(file: path, line: line, reason: error.reason))
            }
        }
        if !bad.isEmpty, !skipBad { throw .badLines(manifest: path, shown: Array(bad.prefix(shown)), total: bad.count) }
        if entries.isEmpty { throw .emptyDataset(manifest: path) }
        self.directory = directory
        self.images = sizes.directory
        self.entries = entries
        self.skipped = bad
    }
}
