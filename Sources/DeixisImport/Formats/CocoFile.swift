import DeixisFiles

/// A file in COCO's form: `images`, `annotations` and `categories`, in any order.
struct CocoFile {
    struct Image {
        var id = ""
        var file = ""
        var width: Int?, height: Int?
        /// MDETR's: the sentence, and COCO's own number of the picture.
        var caption: String?
        var size: Reference.Size? { if let width, let height { .init(width: width, height: height) } else { nil } }
    }

    struct Annotation {
        var id = ""
        var image = ""
        var category = ""
        /// [x, y, width, height]; nil where the annotation has none.
        var box: [Double]?
        var isCrowd = false
    }

    /// By their ids; numbers as text.
    private(set) var images: [String: Image] = [:]
    /// In the file's order.
    private(set) var imageOrder: [String] = []
    private(set) var annotations: [Annotation] = []
    /// Names of categories by id.
    private(set) var categories: [String: String] = [:]

    /// - Parameter keeps: which annotations are kept, by id; the others of a large file take no memory.
    init(_ path: String, keeping keeps: (String) -> Bool = { _ in true }) throws(ImportError) {
        var images: [Image] = [], annotations: [Annotation] = [], categories: [String: String] = [:]
        try ImportError.json { () throws(JSONReaderError) in
            var reader = try JSONReader(file: path)
            try reader.object("an object with 'images' and 'annotations'") { reader, key throws(JSONReaderError) in
                switch key {
                case "images":
                    try reader.array { reader throws(JSONReaderError) in images.append(try Self.image(&reader)) }
                case "annotations":
                    try reader.array { reader throws(JSONReaderError) in
                        let annotation = try Self.annotation(&reader)
                        if keeps(annotation.id) { annotations.append(annotation) }
                    }
                case "categories":
                    try reader.array { reader throws(JSONReaderError) in
                        let (id, name) = try Self.category(&reader)
                        categories[id] = name
                    }
                default: try reader.skip()
                }
            }
            try reader.end()
        }
        (self.annotations, self.categories) = (annotations, categories)
        for image in images where self.images.updateValue(image, forKey: image.id) == nil {
            imageOrder.append(image.id)
        }
        if images.isEmpty { throw .empty(path: path, what: "'images' in it") }
    }

    private static func image(_ reader: inout JSONReader) throws(JSONReaderError) -> Image {
        var image = Image()
        try reader.object("an image") { reader, key throws(JSONReaderError) in
            switch key {
            case "id": image.id = try reader.name()
            case "file_name": image.file = try reader.string()
            case "width": image.width = try reader.integer()
            case "height": image.height = try reader.integer()
            case "caption": image.caption = try reader.string()
            default: try reader.skip()
            }
        }
        if image.id.isEmpty { throw reader.malformed("an image with 'id'", "one without") }
        // Some files say `train2014/COCO_...jpg`; what counts is the name.
        if let slash = image.file.lastIndex(of: "/") {
            image.file = String(image.file[image.file.index(after: slash)...])
        }
        return image
    }

    private static func annotation(_ reader: inout JSONReader) throws(JSONReaderError) -> Annotation {
        var annotation = Annotation()
        try reader.object("an annotation") { reader, key throws(JSONReaderError) in
            switch key {
            case "id": annotation.id = try reader.name()
            case "image_id": annotation.image = try reader.name()
            case "category_id": annotation.category = try reader.name()
            case "iscrowd":
                annotation.isCrowd = try reader.kind() == .bool ? try reader.bool() ?? false : try reader.number() != 0
            case "bbox": annotation.box = try numbers(&reader)
            default: try reader.skip()
            }
        }
        return annotation
    }

    /// Four numbers; nil for null and an empty array.
    static func numbers(_ reader: inout JSONReader) throws(JSONReaderError) -> [Double]? {
        if try reader.kind() == .null {
            try reader.skip()
            return nil
        }
        var numbers: [Double] = []
        try reader.array("a box of 4 numbers") { reader throws(JSONReaderError) in numbers.append(try reader.number()) }
        if numbers.isEmpty { return nil }
        guard numbers.count == 4 else { throw reader.malformed("a box of 4 numbers", "\(numbers.count)") }
        return numbers
    }

    private static func category(_ reader: inout JSONReader) throws(JSONReaderError) -> (String, String) {
        var id = "", name = ""
        try reader.object("a category") { reader, key throws(JSONReaderError) in
            switch key {
            case "id": id = try reader.name()
            case "name": name = try reader.string()
            default: try reader.skip()
            }
        }
        return (id, name)
    }
}
