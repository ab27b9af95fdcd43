import DeixisFiles
import DeixisInput

/// Visual Genome's regions: `region_descriptions.json`, and `image_data.json` beside it for extents and COCO's numbers.
public struct VisualGenomeFolder: ReferenceSource {
    public let path: String
    public init(_ path: String) { self.path = path }

    private struct Picture {
        var width: Int?, height: Int?, cocoID: Int?
    }

    public func read(into importer: Importer) throws(ImportError) {
        let pictures = try self.pictures()
        var failure: ImportError?
        try ImportError.json { () throws(JSONReaderError) in
            var reader = try JSONReader(file: path + "/region_descriptions.json")
            try reader.array("a list of pictures") { reader throws(JSONReaderError) in
                var regions: [(id: String, image: String?, phrase: String, box: [Double?])] = [], image: String?
                try reader.object("a picture") { reader, key throws(JSONReaderError) in
                    switch key {
                    case "id", "image_id": image = try reader.name()
                    case "regions":
                        try reader.array { reader throws(JSONReaderError) in regions.append(try Self.region(&reader)) }
                    default: try reader.skip()
                    }
                }
                for region in regions where failure == nil {
                    do throws(ImportError) {
                        guard let id = region.image ?? image else {
                            try importer.reject(region.id, split: nil, "no 'image_id'")
                            continue
                        }
                        let box = region.box.compactMap { $0 }
                        guard box.count == 4 else {
                            try importer.reject(region.id, split: nil, "no box: expected x, y, width and height")
                            continue
                        }
                        let picture = pictures[id]
                        var size: Reference.Size?
                        if let width = picture?.width, let height = picture?.height {
                            size = .init(width: width, height: height)
                        }
                        try importer.add(
                            Reference(
                                split: nil,
                                picture: PictureName(id + ".jpg", folders: ["VG_100K"], cocoID: picture?.cocoID),
                                box: PixelBox(x: box[0], y: box[1], width: box[2], height: box[3]),
                                sentences: [region.phrase], id: region.id, size: size))
                    } catch { failure = error }
                }
            }
            try reader.end()
        }
        if let failure { throw failure }
    }

    private static func region(_ reader: inout JSONReader) throws(JSONReaderError) -> (
        id: String, image: String?, phrase: String, box: [Double?]
    ) {
        var id = "", image: String?, phrase = "", box: [Double?] = [nil, nil, nil, nil]
        try reader.object("a region") { reader, key throws(JSONReaderError) in
            switch key {
            case "region_id": id = try reader.name()
            case "image_id": image = try reader.name()
            case "phrase": phrase = try reader.string()
            case "x": box[0] = try reader.number()
            case "y": box[1] = try reader.number()
            case "width": box[2] = try reader.number()
            case "height": box[3] = try reader.number()
            default: try reader.skip()
            }
        }
        return (id, image, phrase, box)
    }

    private func pictures() throws(ImportError) -> [String: Picture] {
        let file = path + "/image_data.json"
        guard exists(file) else {
            throw .empty(path: path, what: "image_data.json, which says which pictures are COCO's")
        }
        var result: [String: Picture] = [:]
        try ImportError.json { () throws(JSONReaderError) in
            var reader = try JSONReader(file: file)
            try reader.array("a list of pictures") { reader throws(JSONReaderError) in
                var id = "", picture = Picture()
                try reader.object("a picture") { reader, key throws(JSONReaderError) in
                    switch key {
                    case "image_id", "id": id = try reader.name()
                    case "width": picture.width = try reader.integer()
                    case "height": picture.height = try reader.integer()
                    case "coco_id":
                        if try reader.kind() == .number {
                            picture.cocoID = try reader.integer()
                        } else {
                            try reader.skip()
                        }
                    default: try reader.skip()
                    }
                }
                result[id] = picture
            }
            try reader.end()
        }
        return result
    }
}
