import DeixisFiles
import DeixisPickle

/// The `refer` data sets: RefCOCO, RefCOCO+, RefCOCOg, ReferIt (refclef). `refs(BY).p` has the sentences,
/// `instances.json` the boxes.
public struct ReferFolder: ReferenceSource {
    public let path: String
    /// Who split it: unc, google, umd, berkeley.
    public let by: String
    /// The sentence as it was typed instead of the cleaned one in lower case.
    public var takesRaw = false

    public init(_ path: String, by: String) { (self.path, self.by) = (path, by) }

    private struct Entry {
        var id, annotation, image, split: String
        var sentences: [String]
    }

    public func read(into importer: Importer) throws(ImportError) {
        let entries = try self.entries()
        var index: [String: Int] = [:]
        for entry in entries { index[entry.annotation] = index.count }
        let instances = try CocoFile(path + "/instances.json", keeping: { index[$0] != nil })
        var boxes: [String: [Double]] = [:]
        for annotation in instances.annotations { boxes[annotation.id] = annotation.box }
        for entry in entries {
            for split in Self.splits(entry.split) {
                guard let image = instances.images[entry.image] else {
                    try importer.reject(entry.id, split: split, "image \(entry.image) is not in instances.json")
                    continue
                }
                guard let box = boxes[entry.annotation] else {
                    try importer.reject(
                        entry.id, split: split, "annotation \(entry.annotation) is not in instances.json or has no box")
                    continue
                }
                try importer.add(
                    Reference(
                        split: split, picture: PictureName(image.file), box: importer.options.boxes.box(box),
                        sentences: entry.sentences,
                        id: entry.id, size: image.size))
            }
        }
    }

    /// ReferIt's test sets overlap: `testAB` belongs to testA and to testB.
    static func splits(_ name: String) -> [String] {
        let letters = name.dropFirst(4)
        guard name.hasPrefix("test"), letters.count > 1, letters.allSatisfy({ "ABC".contains($0) }) else {
            return [name]
        }
        return letters.map { "test\($0)" }
    }

    /// The splits that others know: `refs(unc).p`, `refs(google).p`, ...
    private func splitters() throws(ImportError) -> [String] {
        try ImportError.file { () throws(FileError) in try contents(ofFolder: path) }
            .filter { $0.name.hasPrefix("refs(") && $0.name.hasSuffix(").p") }.map {
                String($0.name.dropFirst(5).dropLast(3))
            }
    }

    private func entries() throws(ImportError) -> [Entry] {
        let file = path + "/refs(\(by)).p"
        if !exists(file) {
            let known = try splitters()
            throw .record(
                path: path, record: "--by \(by)",
                expected: known.isEmpty
                    ? "refs(BY).p and instances.json in the folder" : "one of: \(known.joined(separator: ", "))",
                found: "no refs(\(by)).p")
        }
        let tree = try ImportError.pickle { () throws(PickleError) in
            try PickleTree(file: file, globals: PickleTree.numPyGlobals)
        }
        guard let list = tree.elements(tree.root) else {
            throw .record(
                path: file, record: "the pickle", expected: "a list of references", found: tree.label(tree.root))
        }
        var result: [Entry] = []
        result.reserveCapacity(list.count)
        for (number, value) in list.enumerated() {
            func field(_ name: String, _ expected: String) throws(ImportError) -> PickleValue {
                guard let found = tree.field(name, of: value) else {
                    throw .record(
                        path: file, record: "reference \(number)", expected: "'\(name)', \(expected)",
                        found: tree.entries(value) == nil ? tree.label(value) : "none")
                }
                return found
            }
            func name(_ field: PickleValue, _ what: String) throws(ImportError) -> String {
                if let text = tree.text(field) { return text }
                if let integer = tree.integer(field) { return String(integer) }
                throw .record(
                    path: file, record: "reference \(number)", expected: "'\(what)', an integer or a string",
                    found: tree.label(field))
            }
            let sentences = tree.elements(try field("sentences", "a list")) ?? []
            result.append(
                Entry(
                    id: try name(try field("ref_id", "an integer"), "ref_id"),
                    annotation: try name(try field("ann_id", "an integer"), "ann_id"),
                    image: try name(try field("image_id", "an integer"), "image_id"),
                    split: try name(try field("split", "a string"), "split"),
                    sentences: sentences.compactMap { sentence in
                        let order = takesRaw ? ["raw", "sent"] : ["sent", "raw"]
                        return order.lazy.compactMap { tree.field($0, of: sentence).flatMap(tree.text) }.first
                    }))
        }
        return result
    }
}
