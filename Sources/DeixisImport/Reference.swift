public import DeixisInput

/// One object of one picture and the sentences that mean it, as a file of annotations has them.
public struct Reference: Sendable, Equatable {
    /// train, val, testA, ...; nil where a file is one split.
    public var split: String?
    public var picture: PictureName
    /// In pixels of the picture.
    public var box: PixelBox
    public var sentences: [String]
    /// The reference's own name in its file.
    public var id: String
    public var kind: String?
    /// The picture's extents, where the file tells.
    public var size: Size?

    public struct Size: Sendable, Equatable { public var width, height: Int }
}

/// Which picture is meant.
public struct PictureName: Sendable, Hashable {
    /// The file's name without folders.
    public var file: String
    /// Words of which one is part of a folder's name above the file, where several data sets number their pictures
    /// alike.
    public var folders: [String] = []
    /// COCO's number, where the file's name does not tell it.
    public var cocoID: Int?

    public init(_ file: String, folders: [String] = [], cocoID: Int? = nil) {
        (self.file, self.folders, self.cocoID) = (file, folders, cocoID)
    }

    /// `COCO_train2014_000000581857.jpg`.
    public static func coco(_ id: Int, set: String = "train2014") -> PictureName {
        PictureName("COCO_\(set)_" + padded(id) + ".jpg")
    }

    static func padded(_ id: Int) -> String {
        let digits = String(id)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }

    /// What makes two pictures of different data sets the same: COCO's number (`COCO_val2014_000000000042.jpg`,
    /// `000000000042.jpg`), else the file's name.
    public var identity: String { cocoID.map { "coco \($0)" } ?? Self.identity(file) }

    static func identity(_ file: String) -> String {
        let stem = file.prefix { $0 != "." }
        guard let digits = stem.split(separator: "_").last, digits.count == 12, let id = Int(digits) else {
            return file
        }
        return "coco \(id)"
    }
}

/// Annotations in one of the formats that people have.
public protocol ReferenceSource: Sendable {
    /// The file or folder that is read, for messages.
    var path: String { get }
    /// Hands every reference to `importer`.
    func read(into importer: Importer) throws(ImportError)
}
