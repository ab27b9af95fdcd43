internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisImport
internal import Foundation

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turn annotations that people have into data sets to train on and to measure by.",
        discussion: """
            Each split becomes a folder with a manifest.jsonl (formats/dataset.md). Pictures stay where they are and \
            are found by name in --images or below it. What was read is counted, and compared with what the publishers \
            count where that is known.

              deixis-train import refer refcoco --by unc --images train2014 --out refcoco-unc
              deixis-train import refer refcocog --by umd --images train2014 --exclude refcoco-unc --out refcocog-umd
              deixis-train import transvg unc_val.pth --set unc --images train2014 --out unc-val
              deixis-train import coco instances.json --expressions --images pictures --out mine
              deixis-train train --data refcoco-unc/train --validation refcoco-unc/val --out run
            """,
        subcommands: [Refer.self, TransVG.self, MDETR.self, SeqTR.self, Flickr30k.self, VisualGenome.self, Coco.self])

    struct Common: ParsableArguments {
        @Option(help: ArgumentHelp("Folder of the pictures; those below it are looked through too.", valueName: "dir"))
        var images: String
        @Option(help: ArgumentHelp("Folder of the data set, or of one folder per split.", valueName: "dir"))
        var out: String
        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp(
                "Leave out the pictures that these imported data sets measure by (all their splits but train).",
                valueName: "dataset"))
        var exclude: [String] = []
        @Option(
            help: ArgumentHelp(
                "How four numbers say a box, if not as the format has it: xywh or xyxy.", valueName: "form"),
            transform: choice)
        var boxes: BoxForm?
        @Flag(help: "Go on without missing pictures and references that cannot be used, and list them.")
        var skipBad = false
        @Flag(help: "Copy the pictures into the data set instead of naming them where they are.")
        var copyImages = false
        @Flag(help: "Replace manifests that are already there.")
        var overwrite = false

        /// Reads by `read`, writes the data set, prints what was counted.
        func run(_ source: some ReferenceSource, boxes form: BoxForm = .xywh, known: KnownCounts? = nil) throws {
            try Outputs(("--out", out)).check(against: [source.path])
            var options = ImportOptions(images: images, out: out)
            (options.boxes, options.exclude, options.skipBad) = (boxes ?? form, exclude, skipBad)
            (options.copies, options.overwrite) = (copyImages, overwrite)
            let line = ProgressLine()
            let importer = try Importer(options)
            importer.progress = { count in line.show("\(count) references") }
            try source.read(into: importer)
            let report = try importer.finish(from: source.path)
            line.show("\(importer.count) references", final: true)
            try Console.out(report.text(known: known))
            for split in report.splits { try Console.out(split.manifest) }
        }
    }

    struct Refer: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "refer",
            abstract: "RefCOCO, RefCOCO+, RefCOCOg, ReferIt: a folder with refs(BY).p and instances.json.")
        @Argument(help: ArgumentHelp("refcoco, refcoco+, refcocog or refclef as downloaded.", valueName: "folder"))
        var folder: String
        @Option(help: "Who split it: unc, google, umd or berkeley.") var by: String
        @Flag(help: "Sentences as they were typed, not the cleaned ones.") var raw = false
        @OptionGroup var common: Common

        func run() throws {
            var source = ReferFolder(folder, by: by)
            source.takesRaw = raw
            let name = URL(fileURLWithPath: folder).lastPathComponent
            try common.run(source, known: .of(name, by: by))
        }
    }

    struct TransVG: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "transvg",
            abstract: "One split of TransVG, ReSC, VLTVG, QRNet, CLIP-VG: a .pth list of samples.")
        @Argument(help: ArgumentHelp(valueName: "file.pth")) var file: String
        @Option(
            name: .customLong("set"),
            help: ArgumentHelp(
                "unc, unc+, gref, gref_umd, referit or flickr: says how boxes are written.", valueName: "set"),
            transform: choice)
        var corpus: TransVGFile.Corpus
        @OptionGroup var common: Common

        func run() throws {
            let source = TransVGFile(file, corpus: corpus)
            try common.run(source, boxes: corpus.boxes)
        }
    }

    struct MDETR: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "mdetr",
            abstract: "One split of MDETR's fine-tuning files: COCO's form, one entry of 'images' per sentence.")
        @Argument(help: ArgumentHelp(valueName: "file.json")) var file: String
        @OptionGroup var common: Common

        func run() throws {
            let source = MDETRFile(file)
            try common.run(source)
        }
    }

    struct SeqTR: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "seqtr", abstract: "SeqTR's instances.json, SimREC's anns/NAME.json: all splits in one file.",
            aliases: ["simrec"])
        @Argument(help: ArgumentHelp(valueName: "file.json")) var file: String
        @Flag(
            name: .customLong("plain-names"),
            help: "Numbers of pictures mean 42.jpg (ReferIt, Flickr30k), not COCO's names.") var plainNames = false
        @OptionGroup var common: Common

        func run() throws {
            let source = SplitsFile(file, numbersAreCOCO: !plainNames)
            try common.run(source)
        }
    }

    struct Flickr30k: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "flickr30k-entities",
            abstract: "Flickr30k Entities: a folder with Sentences, Annotations and train.txt, val.txt, test.txt.")
        @Argument(help: ArgumentHelp(valueName: "folder")) var folder: String
        @Flag(help: "Leave phrases of several boxes out, instead of the smallest box around them.") var singleBox =
            false
        @OptionGroup var common: Common

        func run() throws {
            var source = Flickr30kFolder(folder)
            source.onlySingle = singleBox
            try common.run(source)
        }
    }

    struct VisualGenome: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "visual-genome",
            abstract: "Visual Genome's regions: a folder with region_descriptions.json and image_data.json.")
        @Argument(help: ArgumentHelp(valueName: "folder")) var folder: String
        @OptionGroup var common: Common

        func run() throws {
            let source = VisualGenomeFolder(folder)
            try common.run(source)
        }
    }

    struct Coco: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "coco",
            abstract: "Boxes with categories in COCO's form, turned into sentences that are each true of one box.",
            discussion: """
                Few people have referring expressions; many have labelled boxes. Sentences speak of category, side, \
                order ("the second dog from the left"), size, and place beside other objects. Where two people might \
                disagree, nothing is said.
                """)
        @Argument(help: ArgumentHelp(valueName: "instances.json")) var file: String
        @Flag(help: "Make sentences from the boxes; a detection data set has none of its own.") var expressions = false
        @Option(help: "Sentences per object at most.") var perObject: Int = 3
        @Option(help: "Shortest side of an object that is pointed at, as a share of the picture's.") var smallest:
            Double = 0.04
        @Option(help: "Which sentences are chosen and how they are worded.") var seed: UInt64 = 1
        @OptionGroup var common: Common

        func validate() throws {
            guard expressions else {
                throw ValidationError(
                    "a detection data set has boxes but no sentences: pass --expressions to make them")
            }
            try check(perObject, "--per-object", 1...1 << 20)
            try check(smallest, "--smallest", 0...1)
        }

        func run() throws {
            var source = CocoExpressions(file)
            (source.perObject, source.smallestSide, source.seed) = (perObject, smallest, seed)
            try common.run(source)
        }
    }
}

/// One of an enumeration's names.
private func choice<Value: RawRepresentable & CaseIterable>(_ text: String) throws -> Value
where Value.RawValue == String {
    if let value = Value(rawValue: text) { return value }
    throw ValidationError("'\(text)' is not one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
}
