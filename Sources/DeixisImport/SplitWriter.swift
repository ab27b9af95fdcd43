import DeixisFiles
import DeixisGrounding
import DeixisInput
import Glibc

/// One split's manifest while it is written, and what was counted.
final class SplitWriter {
    let name: String?
    let manifest: String
    var counts = ImportReport.Counts()
    private(set) var places: Set<String> = []
    private let folder: String
    /// Whether the folder was not there before.
    private let isNew: Bool
    private var file: ReplacingFile?
    /// Of (picture, sentence), the reference said first.
    private var said: [UInt64: UInt32] = [:]
    private var references: UInt32 = 0

    init(_ name: String?, _ options: ImportOptions) throws(ImportError) {
        self.name = name
        if let name, name.isEmpty || name.hasPrefix(".") || name.contains("/") {
            throw .record(
                path: options.out, record: "a split", expected: "a name such as train or val", found: "'\(name)'")
        }
        let folder = name.map { options.out + "/" + $0 } ?? options.out
        (self.folder, isNew) = (folder, !exists(folder))
        manifest = folder + "/manifest.jsonl"
        if !options.overwrite, exists(manifest) { throw .exists(file: manifest) }
        let path = manifest
        file = try ImportError.file { () throws(FileError) in
            try makeFolder(folder)
            return try ReplacingFile(path: path)
        }
        let root = options.copies ? (name == nil ? "images" : "../images") : Self.absolute(options.images)
        try write("{\"images\": \(quotedJSON(root))}\n")
    }

    /// A folder made for a manifest that never came goes again; one that holds anything stays.
    deinit {
        guard file != nil else { return }
        file = nil
        if isNew { rmdir(folder) }
    }

    private static func absolute(_ path: String) -> String {
        guard let full = realpath(path, nil) else { return path }
        defer { free(full) }
        return String(cString: full)
    }

    func write(_ reference: Reference, sentences: [String], place: String, size: (width: Int, height: Int))
        throws(ImportError)
    {
        references += 1
        counts.references += 1
        places.insert(place)
        let box = [reference.box.x, reference.box.y, reference.box.width, reference.box.height].map {
            ManifestLine.short($0)
        }.joined(separator: ", ")
        let name = quotedJSON(reference.id)
        for (number, sentence) in sentences.enumerated() {
            counts.sentences += 1
            // Labels say the same of one object twice, and the same of two objects of a picture.
            let key = Self.hash(place + "\n" + sentence)
            if let first = said[key] {
                if first == references { counts.repeated += 1 } else { counts.contradictory += 1 }
            } else {
                said[key] = references
            }
            let id = sentences.count == 1 ? name : quotedJSON("\(reference.id)-\(number)")
            var line =
                "{\"image\": \(quotedJSON(place)), \"sentence\": \(quotedJSON(sentence)), \"box\": [\(box)], "
                + "\"id\": \(id), \"reference\": \(name), \"width\": \(size.width), \"height\": \(size.height)"
            if let kind = reference.kind { line += ", \"kind\": \(quotedJSON(kind))" }
            if let id = reference.picture.cocoID { line += ", \"coco_id\": \(id)" }
            try write(line + "}\n")
        }
    }

    private func write(_ text: String) throws(ImportError) {
        try ImportError.file { () throws(FileError) in try file?.write(Array(text.utf8)) }
    }

    func commit() throws(ImportError) {
        try ImportError.file { () throws(FileError) in try file?.commit() }
        file = nil
    }

    var finalCounts: ImportReport.Counts {
        var counts = counts
        counts.pictures = places.count
        return counts
    }

    /// FNV-1a.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
