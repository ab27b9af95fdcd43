import DeixisPickle

/// The lists that TransVG, ReSC, VLTVG, QRNet, CLIP-VG read: `torch.save` of tuples, one per sentence,
/// `(picture, mask, box, sentence, attributes)`, of Flickr `(picture, box, sentence)`.
public struct TransVGFile: ReferenceSource {
    public enum Corpus: String, CaseIterable, Sendable {
        case unc, uncPlus = "unc+", gref, grefUMD = "gref_umd", referit, flickr

        /// Boxes of COCO's pictures have extents, those of the others two corners.
        public var boxes: BoxForm { self == .referit || self == .flickr ? .xyxy : .xywh }
    }

    public let path: String
    public let corpus: Corpus

    public init(_ path: String, corpus: Corpus) { (self.path, self.corpus) = (path, corpus) }

    public func read(into importer: Importer) throws(ImportError) {
        let file = try ImportError.pickle { () throws(PickleError) in try TorchFile(path) }
        let tree = file.tree
        func failure(_ record: String, _ expected: String, _ found: PickleValue) -> ImportError {
            .record(path: path, record: record, expected: expected, found: tree.label(found))
        }
        guard let list = tree.elements(tree.root) else { throw failure("the file", "a list of samples", tree.root) }
        for (number, value) in list.enumerated() {
            let form = corpus == .flickr ? "(picture, box, sentence)" : "(picture, mask, box, sentence, attributes)"
            guard let parts = tree.elements(value), parts.count == (corpus == .flickr ? 3 : 5) else {
                throw failure("sample \(number)", "\(form); is --set right?", value)
            }
            let (boxPart, sentencePart) = corpus == .flickr ? (parts[1], parts[2]) : (parts[2], parts[3])
            guard let picture = tree.text(parts[0]) ?? tree.integer(parts[0]).map({ "\($0).jpg" }) else {
                throw failure("sample \(number)", "a picture's name", parts[0])
            }
            guard let numbers = tree.numbers(boxPart), numbers.count == 4 else {
                throw failure("sample \(number)", "a box of 4 numbers", boxPart)
            }
            guard let sentence = tree.text(sentencePart) else {
                throw failure("sample \(number)", "a sentence", sentencePart)
            }
            try importer.add(
                Reference(
                    split: nil, picture: PictureName(picture.split(separator: "/").last.map(String.init) ?? picture),
                    box: importer.options.boxes.box(numbers), sentences: [sentence.lowercased()], id: String(number)))
        }
    }
}
