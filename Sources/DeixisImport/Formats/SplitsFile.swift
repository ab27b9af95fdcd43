import DeixisFiles

/// SeqTR's `instances.json` and SimREC's `anns/NAME.json`: one object, a split's name -> its references.
///
/// | | SeqTR | SimREC |
/// |---|---|---|
/// | picture | `image_id` | `iid` |
/// | sentences | `expressions` | `refs` |
/// | reference | | `mask_id` |
/// | source of a mixed file | `data_source` | `data_source` |
public struct SplitsFile: ReferenceSource {
    public let path: String
    /// For pictures that are given by number: `COCO_train2014_000000000042.jpg`, or `42.jpg`.
    public var numbersAreCOCO: Bool

    public init(_ path: String, numbersAreCOCO: Bool) { (self.path, self.numbersAreCOCO) = (path, numbersAreCOCO) }

    public func read(into importer: Importer) throws(ImportError) {
        // The importer's own errors pass through the reader's closures.
        var failure: ImportError?
        try ImportError.json { () throws(JSONReaderError) in
            var reader = try JSONReader(file: path)
            try reader.object("an object of splits") { reader, split throws(JSONReaderError) in
                var number = 0
                try reader.array("a list of references") { reader throws(JSONReaderError) in
                    let entry = try Self.entry(&reader)
                    number += 1
                    guard failure == nil else { return }
                    do throws(ImportError) { try add(entry, split, number, importer) } catch { failure = error }
                }
            }
            try reader.end()
        }
        if let failure { throw failure }
    }

    private struct Entry {
        var picture: String?
        var pictureIsNumber = false
        var box: [Double]?
        var sentences: [String] = []
        var id: String?
        var source: String?
        var width: Int?, height: Int?
    }

    private static func entry(_ reader: inout JSONReader) throws(JSONReaderError) -> Entry {
        var entry = Entry()
        try reader.object("a reference") { reader, key throws(JSONReaderError) in
            switch key {
            case "image_id", "iid":
                entry.pictureIsNumber = try reader.kind() == .number
                entry.picture = try reader.name()
            case "bbox": entry.box = try CocoFile.numbers(&reader)
            case "expressions", "refs":
                try reader.array { reader throws(JSONReaderError) in entry.sentences.append(try reader.string()) }
            case "mask_id", "ref_id":
                let kind = try reader.kind()
                if kind == .number || kind == .string { entry.id = try reader.name() } else { try reader.skip() }
            case "data_source": entry.source = try reader.string()
            case "width": entry.width = try reader.integer()
            case "height": entry.height = try reader.integer()
            default: try reader.skip()
            }
        }
        return entry
    }

    private func add(_ entry: Entry, _ split: String, _ number: Int, _ importer: Importer) throws(ImportError) {
        let id = entry.id ?? "\(split)-\(number)"
        guard let picture = entry.picture else {
            return try importer.reject(id, split: split, "no 'image_id' or 'iid'")
        }
        guard let box = entry.box else { return try importer.reject(id, split: split, "no box") }
        var size: Reference.Size?
        if let width = entry.width, let height = entry.height { size = .init(width: width, height: height) }
        try importer.add(
            Reference(
                split: split, picture: name(picture, isNumber: entry.pictureIsNumber, source: entry.source),
                box: importer.options.boxes.box(box),
                sentences: entry.sentences, id: id, size: size))
    }

    private func name(_ picture: String, isNumber: Bool, source: String?) -> PictureName {
        let file = picture.split(separator: "/").last.map(String.init) ?? picture
        guard isNumber || !file.contains("."), let id = Int(file) else {
            return PictureName(file, folders: Self.folders(source))
        }
        let isCOCO = source.map { $0 == "coco" } ?? numbersAreCOCO
        return isCOCO ? .coco(id) : PictureName("\(id).jpg", folders: Self.folders(source))
    }

    /// Names of folders that hold the pictures of a source.
    private static func folders(_ source: String?) -> [String] {
        switch source {
        case "coco": ["train2014", "coco"]
        case "vg": ["VG_100K", "vg", "visual"]
        case "flickr": ["flickr"]
        case "saiaprtc12", "refclef", "referit": ["saiapr", "refclef", "referit"]
        default: []
        }
    }
}
