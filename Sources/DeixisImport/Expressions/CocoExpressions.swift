import DeixisGrounding
import DeixisInput

/// Referring expressions for the boxes of a detection data set: few people have referring expressions, many have boxes.
///
/// Every sentence is true of exactly one box (`BoxMeaning`). Rivals that are not labelled cannot be known of; a picture
/// with a crowd of a category (COCO's `iscrowd`) gives no sentence about that category.
public struct CocoExpressions: ReferenceSource {
    public let path: String
    /// Sentences per object at most.
    public var perObject = 3
    /// Smaller boxes are rivals, but nobody would point at them: shortest side as a share of the picture's.
    public var smallestSide = 0.04
    public var seed: UInt64 = 1

    public init(_ path: String) { self.path = path }

    public func read(into importer: Importer) throws(ImportError) {
        let file = try CocoFile(path)
        if file.categories.isEmpty {
            throw .empty(path: path, what: "'categories' in it; their names are the words of the sentences")
        }
        var annotations: [String: [CocoFile.Annotation]] = [:]
        for annotation in file.annotations { annotations[annotation.image, default: []].append(annotation) }
        for id in file.imageOrder {
            guard let image = file.images[id], let found = annotations[id] else { continue }
            guard let size = image.size, size.width > 0, size.height > 0 else {
                try importer.reject(id, split: nil, "image \(id) has no 'width' and 'height'")
                continue
            }
            var crowds: Set<String> = [], boxes: [LabelledBox] = [], ids: [String] = []
            for annotation in found {
                guard let name = file.categories[annotation.category]?.lowercased(), !name.isEmpty else { continue }
                if annotation.isCrowd { crowds.insert(name) }
                guard !annotation.isCrowd, let numbers = annotation.box else { continue }
                let box = importer.options.boxes.box(numbers)
                guard box.width > 0, box.height > 0 else { continue }
                boxes.append(LabelledBox(category: name, box: box))
                ids.append(annotation.id)
            }
            boxes.removeDuplicates(&ids, crowds)
            let meaning = BoxMeaning(boxes, width: size.width, height: size.height)
            for (index, expressions) in choose(
                meaning, stream: id, smallest: smallestSide * Double(min(size.width, size.height)))
            {
                for (number, expression) in expressions.enumerated() {
                    var wording = BoxWording(random: random("\(id) \(ids[index]) \(number)"))
                    try importer.add(
                        Reference(
                            split: nil, picture: PictureName(image.file), box: boxes[index].box,
                            sentences: [wording.sentence(expression)],
                            id: expressions.count == 1 ? ids[index] : "\(ids[index])-\(number)", kind: expression.kind,
                            size: size))
                }
            }
        }
    }

    private func random(_ text: String) -> CounterRandom {
        CounterRandom(
            seed: seed,
            stream: text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
    }

    /// Up to `perObject` expressions of different kinds for each object that is large enough.
    private func choose(_ meaning: BoxMeaning, stream: String, smallest: Double) -> [(Int, [BoxExpression])] {
        var byTarget: [Int: [String: [BoxExpression]]] = [:]
        for expression in Self.proposals(meaning) {
            if let index = meaning.onlyReferent(of: expression) {
                byTarget[index, default: [:]][expression.kind, default: []].append(expression)
            }
        }
        return meaning.boxes.indices.compactMap { index in
            let box = meaning.boxes[index].box
            guard min(box.width, box.height) >= smallest, let kinds = byTarget[index] else { return nil }
            var random = random("\(stream) \(index)")
            var names = kinds.keys.sorted()
            // A noun of its own needs no more words, most of the time.
            if names.contains("category"), random.chance(0.6) { names.removeAll { $0 == "side" } }
            var chosen: [BoxExpression] = []
            while chosen.count < perObject, !names.isEmpty {
                let kind = names.remove(at: random.int(names.count))
                if let expressions = kinds[kind] { chosen.append(random.pick(expressions)) }
            }
            return (index, chosen)
        }
    }

    /// All that could be said in a picture.
    static func proposals(_ meaning: BoxMeaning) -> [BoxExpression] {
        let categories = Set(meaning.boxes.map(\.category)).sorted()
        let alone = categories.filter { meaning.candidates($0).count == 1 }
        var result: [BoxExpression] = []
        for category in categories {
            let count = meaning.candidates(category).count
            result.append(.category(category))
            result += BoxExpression.Side.allCases.map { .side(category, $0) }
            result += BoxExpression.Relation.allCases.flatMap { relation in
                alone.filter { $0 != category }.map { .relation(category, relation, $0) }
            }
            guard count > 1 else { continue }
            result +=
                BoxExpression.Side.allCases.map { .outermost(category, $0) }
                + BoxExpression.Size.allCases.map { .size(category, $0) }
            // Nobody counts further, nor to the last one from the far side.
            guard (3...7).contains(count) else { continue }
            for side in BoxExpression.Side.allCases {
                result += (2...(count + 1) / 2).map { .order(category, $0, from: side) }
            }
        }
        return result
    }
}

extension [LabelledBox] {
    /// Without objects of crowded categories, and without boxes drawn twice around one object.
    fileprivate mutating func removeDuplicates(_ ids: inout [String], _ crowds: Set<String>) {
        var kept: [LabelledBox] = [], names: [String] = []
        for (box, id) in zip(self, ids) where !crowds.contains(box.category) {
            if kept.contains(where: { $0.category == box.category && $0.box.intersectionOverUnion(box.box) > 0.8 }) {
                continue
            }
            kept.append(box)
            names.append(id)
        }
        (self, ids) = (kept, names)
    }
}
