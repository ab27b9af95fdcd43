import DeixisFiles
import DeixisGrounding
import DeixisImage
@testable import DeixisImport
import DeixisInput
import Foundation
import Testing

/// A folder that goes away with the test, with pictures of 64x48.
final class Work {
    let path = FileManager.default.temporaryDirectory.path + "/deixis-\(UUID().uuidString)"
    var pictures: String { path + "/pictures" }
    var out: String { path + "/out" }
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/"

    init(_ names: [String] = (1...3).map { PictureName.coco($0).file }) throws {
        try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
        for name in names {
            let folder = (pictures + "/" + name as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try RGBImage(width: 64, height: 48, color: RGB(10, 20, 30)).write(to: pictures + "/" + name)
        }
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    var options: ImportOptions { ImportOptions(images: pictures, out: out) }

    func read(_ options: ImportOptions? = nil, _ body: (Importer) throws(ImportError) -> Void) throws(ImportError)
        -> ImportReport
    {
        let importer = try Importer(options ?? self.options)
        try body(importer)
        return try importer.finish(from: "SOURCE")
    }

    func message(_ options: ImportOptions? = nil, _ body: (Importer) throws(ImportError) -> Void) -> String {
        do throws(ImportError) {
            _ = try read(options, body)
            return "read"
        } catch { return error.description.replacing(path, with: "WORK").replacing(Self.fixtures, with: "") }
    }

    func dataset(_ split: String? = nil) throws -> Dataset {
        try Dataset(directory: split.map { out + "/" + $0 } ?? out)
    }
}

@Suite struct ReferTests {
    static let refcoco = ReferFolder(Work.fixtures + "refcoco", by: "unc")

    @Test func splitsAndCounts() throws {
        let work = try Work()
        let report = try work.read { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
        #expect(report.splits.map(\.name) == ["train", "val", "testA", "testB"])
        let train = report.splits[0].counts
        #expect((train.references, train.sentences, train.pictures) == (2, 4, 1))
        #expect((train.repeated, train.contradictory) == (1, 1))
        #expect(
            report.text(known: .of("refcoco", by: "unc")) == """
                split  references  sentences  pictures
                train           2          4         1  known: 42404 references, 120624 sentences, 16994 pictures
                val             1          1         1  known: 3811 references, 10834 sentences, 1500 pictures
                testA           1          1         1  known: 1975 references, 5657 sentences, 750 pictures
                testB           1          1         1  known: 1810 references, 5095 sentences, 750 pictures
                1 sentences are said twice of one object
                1 sentences are said of two objects of one picture: labels that contradict each other
                """)
    }

    @Test("What was written is a data set, its pictures where they were") func dataSets() throws {
        let work = try Work()
        _ = try work.read { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
        let train = try work.dataset("train")
        #expect(train.entries.map(\.sentence) == ["the lady in blue", "left lady", "left lady", "left lady"])
        #expect(train.entries[0].box == PixelBox(x: 1.5, y: 2.25, width: 20, height: 30))
        #expect(train.entries.map(\.id) == ["0-0", "0-1", "0-2", "1"])
        #expect(try DatasetSource(train).sample(0).image.width == 64)
        #expect(try work.dataset("val").entries[0].sentence == "man with a red fruit pur é e")
        // The same pictures at another place.
        let moved = work.path + "/moved"
        try FileManager.default.moveItem(atPath: work.pictures, toPath: moved)
        #expect(throws: GroundingError.self) { try work.dataset("train") }
        #expect(try Dataset(directory: work.out + "/train", images: moved).entries.count == 4)
    }

    @Test("Protocol 0, and sentences as they were typed") func rawAndText() throws {
        let work = try Work()
        var refer = ReferFolder(Work.fixtures + "refcoco", by: "google")
        refer.takesRaw = true
        _ = try work.read { importer throws(ImportError) in try refer.read(into: importer) }
        #expect(try work.dataset("train").entries[0].sentence == "THE LADY IN BLUE")
    }

    @Test func copies() throws {
        let work = try Work()
        var options = work.options
        options.copies = true
        _ = try work.read(options) { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
        try FileManager.default.removeItem(atPath: work.pictures)
        try FileManager.default.moveItem(atPath: work.out, toPath: work.path + "/elsewhere")
        #expect(try Dataset(directory: work.path + "/elsewhere/val").entries.count == 1)
    }

    @Test("Pictures by which another data set measures are dropped") func exclusion() throws {
        let work = try Work(), other = try Work()
        _ = try other.read { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
        var options = work.options
        options.exclude = [other.out]
        let report = try work.read(options) { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
        #expect(report.splits.map(\.counts.references) == [2, 0, 0, 0])
        #expect(report.splits.map(\.counts.excluded) == [0, 1, 1, 1])
        (options.exclude, options.overwrite) = ([other.out + "/train", other.out], true)
        #expect(
            work.message(options) { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
                == "SOURCE: no references left: --exclude drops all")
        options.exclude = [work.pictures]
        #expect(
            work.message(options) { _ throws(ImportError) in }
                == "WORK/pictures: no manifest.jsonl in it or in a folder of it; import that data set first")
    }

    @Test("A wrong folder is one message; a missing picture is named") func pictures() throws {
        let empty = try Work([])
        #expect(
            empty.message { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
                == "WORK/pictures: none of the 3 pictures is there; the first is 'COCO_train2014_000000000001.jpg'. "
                + "Name the folder that holds them with --images")
        #expect(!FileManager.default.fileExists(atPath: empty.out), "an import that failed leaves no folder")
        let partial = try Work(["deep/in/here/" + PictureName.coco(1).file, PictureName.coco(3).file])
        #expect(
            partial.message { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
                == "WORK/pictures: 1 of 3 pictures are missing: COCO_train2014_000000000002.jpg.\nAdd them, or pass --skip-bad to go on without."
        )
        var options = partial.options
        options.skipBad = true
        let report = try partial.read(options) { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
        #expect(report.missing == [PictureName.coco(2).file])
        #expect(try partial.dataset("train").entries[0].image == "deep/in/here/COCO_train2014_000000000001.jpg")
        let none = ReferFolder(Work.fixtures + "refcoco", by: "umd")
        #expect(
            partial.message { importer throws(ImportError) in try none.read(into: importer) }
                == "refcoco: --by umd: expected one of: google, unc, found no refs(umd).p")
    }

    @Test("A data set that is there stays") func overwrite() throws {
        let work = try Work()
        _ = try work.read { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
        #expect(
            work.message { importer throws(ImportError) in try Self.refcoco.read(into: importer) }
                == "WORK/out/train/manifest.jsonl: exists; choose another folder or pass --overwrite")
        var options = work.options
        options.overwrite = true
        #expect(
            try work.read(options) { importer throws(ImportError) in try Self.refcoco.read(into: importer) }.splits
                .count == 4)
    }

    @Test("Corners taken for extents are noticed, and the other way") func boxForm() throws {
        let work = try Work()
        func add(_ form: BoxForm, _ numbers: [Double]) -> String {
            var options = work.options
            options.boxes = form
            return work.message(options) { importer throws(ImportError) in
                for id in 1...3 {
                    try importer.add(
                        Reference(picture: .coco(id), box: form.box(numbers), sentences: ["x"], id: "\(id)"))
                }
            }
        }
        #expect(
            add(.xywh, [30, 20, 60, 44])
                == "SOURCE: 3 of 3 boxes reach beyond their pictures when read as xywh, and none as xyxy: pass --boxes xyxy"
        )
        #expect(
            add(.xyxy, [30, 20, 10, 10])
                == "SOURCE: 3 of 3 boxes reach beyond their pictures when read as xyxy, and none as xywh: pass --boxes xywh"
        )
        #expect(
            add(.xywh, [300, 20, 60, 44]).hasPrefix(
                "3 of 3 references cannot be used:\n"
                    + "  reference 1 (COCO_train2014_000000000001.jpg): box [300, 20, 60, 44] is outside the 64x48 image"
            ))
    }
}

@Suite struct OtherFormatTests {
    @Test(arguments: [
        (TransVGFile.Corpus.unc, "unc_val.pth", "man with an apple"), (.referit, "referit_val.pth", "man"),
        (.flickr, "flickr_val.pth", "a man"),
    ]) func transVG(_ corpus: TransVGFile.Corpus, _ name: String, _ sentence: String) throws {
        let work = try Work([PictureName.coco(2).file, "2.jpg"])
        var options = work.options
        options.boxes = corpus.boxes
        let file = TransVGFile(Work.fixtures + "transvg/" + name, corpus: corpus)
        _ = try work.read(options) { importer throws(ImportError) in try file.read(into: importer) }
        let entry = try work.dataset().entries[0]
        #expect(entry.sentence == sentence)
        #expect(entry.box == PixelBox(x: 4, y: 4, width: 40, height: 40))
        let wrong = TransVGFile(Work.fixtures + "transvg/flickr_val.pth", corpus: .unc)
        #expect(
            work.message { importer throws(ImportError) in try wrong.read(into: importer) }
                == "transvg/flickr_val.pth: sample 0: expected (picture, mask, box, sentence, attributes); is --set right?, found a tuple of 3"
        )
    }

    @Test func mdetr() throws {
        let work = try Work()
        let file = MDETRFile(Work.fixtures + "mdetr/finetune_refcoco_val.json")
        _ = try work.read { importer throws(ImportError) in try file.read(into: importer) }
        #expect(try work.dataset().entries.map(\.sentence) == ["man with an apple"])
        let coco = MDETRFile(Work.fixtures + "refcoco/instances.json")
        #expect(
            try Work().message { importer throws(ImportError) in try coco.read(into: importer) }.contains(
                "the image has no 'caption'; is this a file of MDETR?"))
    }

    @Test func seqTRAndSimREC() throws {
        let work = try Work()
        let seqtr = SplitsFile(Work.fixtures + "seqtr/instances.json", numbersAreCOCO: true)
        let report = try work.read { importer throws(ImportError) in try seqtr.read(into: importer) }
        #expect(report.splits.map(\.name) == ["train", "val"])
        #expect(report.splits.map(\.counts.sentences) == [2, 1])
        let other = try Work(), simrec = SplitsFile(Work.fixtures + "simrec/refcoco.json", numbersAreCOCO: true)
        _ = try other.read { importer throws(ImportError) in try simrec.read(into: importer) }
        #expect(try other.dataset("train").entries.map(\.id) == ["17-0", "17-1"])
    }

    @Test func flickr30k() throws {
        let work = try Work(["flickr30k-images/36979.jpg", "VG_100K/36979.jpg"])
        var folder = Flickr30kFolder(Work.fixtures + "flickr30k")
        let report = try work.read { importer throws(ImportError) in try folder.read(into: importer) }
        #expect(report.splits.map(\.counts.references) == [3])
        let entries = try work.dataset("train").entries
        #expect(entries.map(\.sentence) == ["An older man", "a bald head", "A man"])
        #expect(entries[0].box == PixelBox(x: 2, y: 4, width: 20, height: 40))
        #expect(entries[1].box == PixelBox(x: 4, y: 3, width: 30, height: 8))
        #expect(entries[0].image == "flickr30k-images/36979.jpg")
        folder.onlySingle = true
        var options = work.options
        options.overwrite = true
        #expect(
            try work.read(options) { importer throws(ImportError) in try folder.read(into: importer) }.splits[0].counts
                .references == 2)
    }

    @Test func visualGenome() throws {
        let work = try Work(["VG_100K/1.jpg", "VG_100K_2/2.jpg"])
        let folder = VisualGenomeFolder(Work.fixtures + "visual_genome")
        #expect(
            work.message { importer throws(ImportError) in try folder.read(into: importer) }.contains(
                "reference 102 (2.jpg): box [-300, 1, 30, 30] is outside the 64x48 image"))
        var options = work.options
        options.skipBad = true
        #expect(
            try work.read(options) { importer throws(ImportError) in try folder.read(into: importer) }.splits[0].counts
                .references == 2)
        // The second picture is COCO's number 2, which RefCOCO measures by.
        let other = try Work()
        _ = try other.read { importer throws(ImportError) in try ReferTests.refcoco.read(into: importer) }
        (options.exclude, options.overwrite) = ([other.out], true)
        let report = try work.read(options) { importer throws(ImportError) in try folder.read(into: importer) }
        #expect((report.splits[0].counts.references, report.splits[0].counts.excluded) == (1, 2))
    }
}
