/// What the publishers of well-known data sets and those who counted them say is in each split: references, pictures,
/// sentences. Sources: TensorFlow Datasets' `vision_language/refcoco`, the notebooks of lichengunc/refer, the sentences
/// counted in the CSV files of MarkHershey/refer. 0: nobody says.
public struct KnownCounts: Sendable {
    public let name: String
    private let splits: [String: (references: Int, pictures: Int, sentences: Int)]

    public static func of(_ folder: String, by: String) -> KnownCounts? {
        all.first { $0.name == "\(folder) (\(by))" }
    }

    private static let all = [
        KnownCounts(
            name: "refcoco (unc)",
            splits: [
                "train": (42_404, 16_994, 120_624), "val": (3_811, 1_500, 10_834), "testA": (1_975, 750, 5_657),
                "testB": (1_810, 750, 5_095),
            ]),
        KnownCounts(
            name: "refcoco (google)",
            splits: [
                "train": (40_000, 19_213, 0), "val": (5_000, 4_559, 0), "test": (5_000, 4_527, 0),
            ]),
        KnownCounts(
            name: "refcoco+ (unc)",
            splits: [
                "train": (42_278, 16_992, 120_191), "val": (3_805, 1_500, 10_758), "testA": (1_975, 750, 5_726),
                "testB": (1_798, 750, 4_889),
            ]),
        KnownCounts(
            name: "refcocog (google)", splits: ["train": (44_822, 24_698, 85_474), "val": (5_000, 4_650, 9_536)]),
        KnownCounts(
            name: "refcocog (umd)",
            splits: [
                "train": (42_226, 21_899, 80_512), "val": (2_573, 1_300, 4_896), "test": (5_023, 2_600, 9_602),
            ]),
        KnownCounts(
            name: "refclef (berkeley)",
            splits: ["train": (0, 0, 54_127), "val": (0, 1_000, 5_842), "test": (0, 10_000, 60_103)]),
        KnownCounts(
            name: "refclef (unc)",
            splits: [
                "val": (0, 2_000, 0), "testA": (0, 485, 0), "testB": (0, 490, 0), "testC": (0, 465, 0),
            ]),
    ]

    /// "as known", or what differs.
    func difference(_ split: String, _ counts: ImportReport.Counts) -> String {
        guard let known = splits[split] else { return "not known to have this split" }
        var differences: [String] = []
        for (name, expected, found) in [
            ("references", known.references, counts.references), ("sentences", known.sentences, counts.sentences),
            ("pictures", known.pictures, counts.pictures),
        ] where expected > 0 && expected != found {
            differences.append("\(expected) \(name)")
        }
        return differences.isEmpty ? "as known" : "known: " + differences.joined(separator: ", ")
    }
}
