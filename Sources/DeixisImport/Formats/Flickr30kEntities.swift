import DeixisFiles
import DeixisInput
import Foundation
import FoundationXML

/// Flickr30k Entities: `Sentences/ID.txt` has five captions a picture, their phrases marked with the chain of mentions
/// they belong to; `Annotations/ID.xml` has the boxes of each chain. A phrase with its boxes becomes a reference; its
/// box is the smallest around them.
public struct Flickr30kFolder: ReferenceSource {
    public let path: String
    /// Leave phrases of several boxes out, instead of enclosing them.
    public var onlySingle = false

    public init(_ path: String) { self.path = path }

    public func read(into importer: Importer) throws(ImportError) {
        for split in ["train", "val", "test"] where exists("\(path)/\(split).txt") {
            for id in try lines("\(path)/\(split).txt") { try read(id, split, importer) }
        }
    }

    private func lines(_ file: String) throws(ImportError) -> [String] {
        let bytes = try ImportError.file { () throws(FileError) in try readFile(file, limit: 1 << 26) }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map {
            $0.trimmingCharacters(in: .whitespaces)
        }.filter { !$0.isEmpty }
    }

    private func read(_ id: String, _ split: String, _ importer: Importer) throws(ImportError) {
        let annotations = try FlickrAnnotations(file: "\(path)/Annotations/\(id).xml")
        for (number, caption) in try lines("\(path)/Sentences/\(id).txt").enumerated() {
            for (place, phrase) in Self.phrases(caption).enumerated() {
                // Chain 0 is what is not to be seen; scenes and chains without box are nowhere in particular.
                guard phrase.chain != "0", let boxes = annotations.boxes[phrase.chain], let first = boxes.first else {
                    continue
                }
                if onlySingle, boxes.count > 1 { continue }
                let left = boxes.map(\.x).min() ?? first.x, top = boxes.map(\.y).min() ?? first.y
                let right = boxes.map(\.right).max() ?? first.right, bottom = boxes.map(\.bottom).max() ?? first.bottom
                try importer.add(
                    Reference(
                        split: split, picture: PictureName(id + ".jpg", folders: ["flickr"]),
                        box: PixelBox(x: left, y: top, width: right - left, height: bottom - top),
                        sentences: [phrase.words],
                        id: "\(id)-\(number)-\(place)", size: annotations.size))
            }
        }
    }

    /// `[/EN#283585/people An older man] with [/EN#283587/bodyparts a bald head]`.
    static func phrases(_ caption: String) -> [(chain: String, words: String)] {
        var result: [(String, String)] = []
        var rest = caption[...]
        while let open = rest.range(of: "[/EN#") {
            rest = rest[open.upperBound...]
            guard let close = rest.firstIndex(of: "]"), let space = rest[..<close].firstIndex(of: " "),
                let slash = rest[..<space].firstIndex(of: "/")
            else { continue }
            result.append((String(rest[..<slash]), String(rest[rest.index(after: space)..<close])))
            rest = rest[close...]
        }
        return result
    }
}

/// One picture's boxes by chain.
final class FlickrAnnotations: NSObject, XMLParserDelegate {
    private(set) var boxes: [String: [PixelBox]] = [:]
    var size: Reference.Size? {
        guard let width = numbers["width"], let height = numbers["height"] else { return nil }
        return .init(width: Int(width), height: Int(height))
    }
    private var numbers: [String: Double] = [:]
    private var text = "", chains: [String] = []

    init(file: String) throws(ImportError) {
        super.init()
        let bytes = try ImportError.file { () throws(FileError) in try readFile(file, limit: 1 << 24) }
        let parser = XMLParser(data: Data(bytes))
        parser.delegate = self
        guard parser.parse() else {
            throw .record(
                path: file, record: "line \(parser.lineNumber)", expected: "the XML of an annotation",
                found: parser.parserError.map { "\(($0 as NSError).code) of libxml2" } ?? "something else")
        }
    }

    func parser(
        _: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        text = ""
        if name == "object" { chains = [] }
    }

    func parser(_: XMLParser, foundCharacters string: String) { if text.utf8.count < 100 { text += string } }

    func parser(_: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
        switch name {
        case "name": chains.append(value)
        case "width", "height", "xmin", "ymin", "xmax", "ymax":
            if let number = Double(value), number.isFinite, abs(number) < 1e9 { numbers[name] = number }
        case "bndbox":
            // Pixels are counted from 1 here.
            if let left = numbers["xmin"], let top = numbers["ymin"], let right = numbers["xmax"],
                let bottom = numbers["ymax"]
            {
                let box = PixelBox(x: left - 1, y: top - 1, width: right - left, height: bottom - top)
                for chain in chains { boxes[chain, default: []].append(box) }
            }
        default: break
        }
        text = ""
    }
}
