/// MDETR's files for fine-tuning (`finetune_refcoco_val.json`): COCO's form with one entry of `images` per sentence,
/// its `caption`.
public struct MDETRFile: ReferenceSource {
    public let path: String
    public init(_ path: String) { self.path = path }

    public func read(into importer: Importer) throws(ImportError) {
        let file = try CocoFile(path)
        var boxes: [String: [[Double]]] = [:]
        for annotation in file.annotations where !annotation.isCrowd {
            if let box = annotation.box { boxes[annotation.image, default: []].append(box) }
        }
        for id in file.imageOrder {
            guard let image = file.images[id] else { continue }
            guard let caption = image.caption else {
                try importer.reject(id, split: nil, "the image has no 'caption'; is this a file of MDETR?")
                continue
            }
            let found = boxes[id] ?? []
            guard found.count == 1 else {
                try importer.reject(
                    id, split: nil,
                    found.isEmpty ? "no box" : "\(found.count) boxes for one caption; a referring expression means one")
                continue
            }
            try importer.add(
                Reference(
                    split: nil, picture: PictureName(image.file), box: importer.options.boxes.box(found[0]),
                    sentences: [caption], id: id, size: image.size))
        }
    }
}
