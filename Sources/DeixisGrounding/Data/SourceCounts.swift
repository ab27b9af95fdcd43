import DeixisInput

/// How much a source holds, for people: a sample is one sentence with its box, and pictures have several.
struct SourceCounts: Equatable {
    var sentences = 0, referents = 0, pictures = 0

    init(_ source: DatasetSource) {
        // Sentences about one box of one picture are one referent.
        var pictures: Set<String> = [], referents: Set<[String]> = []
        for index in source.selection {
            let entry = source.dataset.entries[index], box = entry.box
            sentences += 1
            pictures.insert(entry.image)
            referents.insert([entry.image, "\(box.x) \(box.y) \(box.width) \(box.height)"])
        }
        (self.pictures, self.referents) = (pictures.count, referents.count)
    }

    /// "120624 sentences about 42404 boxes of 16994 pictures"
    var line: String {
        func count(_ number: Int, _ one: String, _ more: String) -> String { "\(number) \(number == 1 ? one : more)" }
        return "\(count(sentences, "sentence", "sentences")) about \(count(referents, "box", "boxes")) of "
            + count(pictures, "picture", "pictures")
    }
}

extension TrainingData {
    /// A line for each data set, by its folder; none for scenes, which never end.
    public var countLines: [String] {
        func parts(_ source: any SampleSource) -> [DatasetSource] {
            (source as? JoinedSource)?.parts ?? (source as? DatasetSource).map { [$0] } ?? []
        }
        func line(_ word: String, _ source: DatasetSource) -> String {
            "\(word) \(source.dataset.directory): \(SourceCounts(source).line)"
        }
        return parts(training).map { line("train on", $0) } + parts(heldOut).map { line("held out of", $0) }
    }
}
