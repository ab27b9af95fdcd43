@testable import DeixisGrounding
import DeixisImage
import DeixisInput
import Foundation
import Testing

/// A directory that goes away with the test.
final class Folder {
    let path: String
    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/deixis-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    }
}

@Suite struct DatasetTests {
    static func handMade(_ lines: [String]) throws -> Folder {
        let folder = try Folder()
        try RGBImage(width: 64, height: 48, color: RGB(10, 20, 30)).write(to: folder.path + "/a.png")
        try RGBImage(width: 40, height: 80, color: RGB(200, 20, 30)).write(to: folder.path + "/b.jpg")
        try folder.write("not a picture", "c.png")
        try folder.write(lines.joined(separator: "\n") + "\n", "manifest.jsonl")
        return folder
    }
    static let good =
        #"{"image": "a.png", "sentence": "the cup", "box": [1, 2.5, 30, 20], "id": 7, "kind": "attribute", "note": null}"#

    @Test func handMadeDirectoryWorks() throws {
        let folder = try Self.handMade([
            Self.good, "", #"{"box":[0,0,40,80],"image":"b.jpg","sentence":"größer"}"# + "\r",
        ])
        let dataset = try Dataset(directory: folder.path)
        #expect(dataset.entries.count == 2)
        #expect(
            dataset.entries[0]
                == DatasetEntry(
                    image: "a.png", sentence: "the cup", box: PixelBox(x: 1, y: 2.5, width: 30, height: 20), id: "7",
                    kind: "attribute", width: 64, height: 48, line: 1))
        #expect(dataset.entries[1].line == 3 && dataset.entries[1].sentence == "größer")
        let source = DatasetSource(dataset)
        let sample = try source.sample(1)
        #expect(sample.image.width == 40 && sample.image.height == 80)
        let red = sample.image[20, 40]
        #expect(abs(Int(red.red) - 200) < 6 && abs(Int(red.green) - 20) < 6)
    }

    /// Sentences, what they are about, and pictures are three numbers, and people take one for another.
    @Test func countsAreTold() throws {
        func line(_ image: String, _ x: Int) -> String {
            #"{"image": "\#(image)", "sentence": "it", "box": [\#(x), 2, 9, 9]}"#
        }
        let folder = try Self.handMade([
            line("a.png", 1), line("a.png", 1), line("a.png", 3), line("b.jpg", 1), line("b.jpg", 1), line("b.jpg", 1),
        ])
        var recipe = TrainingRecipe()
        recipe.data = .directories([folder.path], validation: folder.path)
        let data = try TrainingData(recipe)
        let counts = "\(folder.path): 6 sentences about 3 boxes of 2 pictures"
        #expect(data.countLines == ["train on \(counts)", "held out of \(counts)"])
        let one = SourceCounts(DatasetSource(try Dataset(directory: folder.path), selection: [3]))
        #expect(one.line == "1 sentence about 1 box of 1 picture")
        recipe.data = .scenes
        #expect(try TrainingData(recipe).countLines.isEmpty)
    }

    @Test(arguments: [
        ("{", "not JSON"), ("[1, 2, 3]", #"expected an object {"image", "sentence", "box"}, got an array of 3"#),
        (#"{"sentence": "x", "box": [1,1,2,2]}"#, "'image' is missing"),
        (#"{"image": 3, "sentence": "x", "box": [1,1,2,2]}"#, "'image' must be a string, got a number"),
        (
            #"{"image": "../a.png", "sentence": "x", "box": [1,1,2,2]}"#,
            "'image' must be a path inside the directory, got '../a.png'"
        ),
        (
            #"{"image": "/a.png", "sentence": "x", "box": [1,1,2,2]}"#,
            "'image' must be a path inside the directory, got '/a.png'"
        ),
        (#"{"image": "no.png", "sentence": "x", "box": [1,1,2,2]}"#, "image 'no.png' is missing"),
        (#"{"image": "c.png", "sentence": "x", "box": [1,1,2,2]}"#, "image 'c.png' is neither a PNG nor a JPEG"),
        (#"{"image": "a.png", "box": [1,1,2,2]}"#, "'sentence' is missing"),
        (#"{"image": "a.png", "sentence": " \t", "box": [1,1,2,2]}"#, "'sentence' is empty"),
        (
            #"{"image": "a.png", "sentence": "\u200b \u0007", "box": [1,1,2,2]}"#,
            "'sentence' has no words, only characters that nobody sees"
        ),
        (
            #"{"image": "a.png", "sentence": "x", "box": [0.25,0.5,0.5,0.25]}"#,
            "box [0.25, 0.5, 0.5, 0.25] looks like fractions of the 64x48 image; in pixels they are [16, 24, 32, 12]"
        ),
        (
            #"{"image": "a.png", "sentence": "x", "box": [0,0,1,1]}"#,
            "box [0, 0, 1, 1] looks like fractions of the 64x48 image; in pixels they are [0, 0, 64, 48]"
        ),
        (#"{"image": ".", "sentence": "x", "box": [1,1,2,2]}"#, "image '.' cannot be read: it is a folder"),
        (#"{"image": "a.png", "sentence": true, "box": [1,1,2,2]}"#, "'sentence' must be a string, got a boolean"),
        (#"{"image": "a.png", "sentence": "x"}"#, "'box' is missing"),
        (
            #"{"image": "a.png", "sentence": "x", "box": [1,1,2]}"#,
            "'box' must be [x, y, width, height] in pixels, got an array of 3"
        ),
        (
            #"{"image": "a.png", "sentence": "x", "box": [1,1,2,"3"]}"#,
            "'box' must be [x, y, width, height] in pixels, got a string in it"
        ),
        (
            #"{"image": "a.png", "sentence": "x", "box": [1,1,0,3]}"#,
            "box [1, 1, 0, 3] has no area: width and height must be positive"
        ),
        (#"{"image": "a.png", "sentence": "x", "box": [50,1,20,3]}"#, "box [50, 1, 20, 3] is outside the 64x48 image"),
        (
            #"{"image": "a.png", "sentence": "x", "box": [-3.5,1,20,3]}"#,
            "box [-3.5, 1, 20, 3] is outside the 64x48 image"
        ),
        (
            #"{"image": "a.png", "sentence": "x", "box": [1,1,20,3], "width": 65}"#,
            "'width' is 65, but 'a.png' is 64x48"
        ),
        (
            #"{"image": "a.png", "sentence": "x", "box": [1,1,20,3], "height": 1.5}"#,
            "'height' must be a positive whole number, got a number"
        ),
        (
            #"{"image": "a.png", "sentence": "x", "box": [1,1,20,3], "kind": []}"#,
            "'kind' must be a string or a number, got an array of 0"
        ),
    ])
    func badLineIsNamed(line: String, reason: String) throws {
        let folder = try Self.handMade([Self.good, line])
        let file = folder.path + "/manifest.jsonl"
        let error = try #require(throws: GroundingError.self) { try Dataset(directory: folder.path) }
        #expect(
            error.description
                == "\(file): 1 bad line\n  \(file):2: \(reason)\nMend them, or pass --skip-bad to train on the rest.")
        let rest = try Dataset(directory: folder.path, skipBad: true)
        #expect(rest.entries.count == 1 && rest.skipped == [BadLine(file: file, line: 2, reason: reason)])
    }

    @Test func onlyTheFirstBadLinesAreShownButAllAreCounted() throws {
        let folder = try Self.handMade([Self.good] + Array(repeating: "nonsense", count: 25))
        let error = try #require(throws: GroundingError.self) { try Dataset(directory: folder.path, shown: 3) }
        #expect(error.description.contains("25 bad lines"))
        #expect(error.description.contains(":4: not JSON\n  ... and 22 more"))
        #expect(!error.description.contains(":5:"))
    }

    @Test func missingAndEmpty() throws {
        let folder = try Folder()
        var error = try #require(throws: GroundingError.self) { try Dataset(directory: folder.path) }
        #expect(
            error.description
                == "\(folder.path): no manifest.jsonl in it (formats/dataset.md describes a data set's directory)")
        try folder.write("\n\n", "manifest.jsonl")
        error = try #require(throws: GroundingError.self) { try Dataset(directory: folder.path) }
        #expect(error.description == "\(folder.path)/manifest.jsonl: no samples")
    }

    @Test func brokenPictureNamesItsLine() throws {
        let folder = try Self.handMade([Self.good])
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/a.png"))
        try whole.prefix(60).write(to: URL(fileURLWithPath: folder.path + "/a.png"))
        let source = DatasetSource(try Dataset(directory: folder.path))
        let error = try #require(throws: GroundingError.self) { try source.sample(0) }
        #expect(error.description.hasPrefix("\(folder.path)/manifest.jsonl:1: image 'a.png': "))
    }

    @Test func writtenScenesAreTheGeneratedOnes() throws {
        let folder = try Folder()
        let generator = SceneGenerator(seed: 31)
        try SceneDatasetWriter(generator: generator).write(count: 12, to: folder.path, threads: 2)
        let dataset = try Dataset(directory: folder.path)
        #expect(dataset.entries.count == 12)
        for (index, entry) in dataset.entries.enumerated() {
            let scene = generator.sample(UInt64(index))
            #expect(entry.sentence == scene.sentence && entry.kind == scene.kind.rawValue && entry.id == "31-\(index)")
            #expect(abs(entry.box.x - scene.box.minX) < 0.01 && abs(entry.box.height - scene.box.height) < 0.01)
            #expect(try DatasetSource(dataset).sample(index).image == scene.scene.render())
        }
        let error = try #require(throws: GroundingError.self) {
            try SceneDatasetWriter(generator: generator).write(count: 1, to: folder.path, threads: 1)
        }
        #expect(
            error.description == "\(folder.path)/manifest.jsonl: exists; choose another directory or pass --overwrite")
    }

    /// Broken pictures are found when they are decoded: training takes the next good sample instead, measuring leaves
    /// them out.
    @Test func brokenPicturesAreLeftOut() throws {
        let lines = (0..<5).map { #"{"image": "p\#($0).png", "sentence": "cup \#($0)", "box": [1, 1, 30, 20]}"# }
        let folder = try Self.handMade(lines)
        for i in 0..<5 {
            try RGBImage(width: 64, height: 48, color: RGB(UInt8(i * 50), 0, 0)).write(to: folder.path + "/p\(i).png")
        }
        let dataset = try Dataset(directory: folder.path)
        for i in [1, 4] {
            let file = URL(fileURLWithPath: folder.path + "/p\(i).png")
            try Data(contentsOf: file).prefix(60).write(to: file)
        }
        var builder = VocabularyBuilder()
        for entry in dataset.entries { builder.add(entry.sentence) }
        let tokenizer = try Tokenizer(vocabulary: builder.build()), letterbox = try Letterbox(side: 32)
        func maker(_ leftOut: LeftOut?) -> BatchMaker {
            BatchMaker(
                source: DatasetSource(dataset), tokenizer: tokenizer, letterbox: letterbox, augmentation: .none,
                seed: 3, batchSize: 5, leftOut: leftOut)
        }
        #expect(throws: GroundingError.self) { try maker(nil).batch(0) }
        let leftOut = LeftOut(), batch = try maker(leftOut).batch(0)
        #expect(batch.count == 5 && batch.boxes.count == 20 && leftOut.count == 2)
        let named = leftOut.takeUnread().map(\.description).sorted()
        #expect(named.count == 2 && leftOut.takeUnread().isEmpty)
        #expect(
            named[0].hasPrefix("\(folder.path)/manifest.jsonl:2: image 'p1.png': ")
                && named[1].contains(":5: image 'p4.png': "))
        // A run that begins here sees the same batch as one that went on.
        let later = try maker(leftOut).batch(7)
        #expect(try maker(LeftOut()).batch(7) == later)
        let measured = try maker(leftOut).plain(0..<5)
        #expect(measured.count == 3 && measured.images.count == 3 * 32 * 32 * 3)
        #expect(try maker(leftOut).plain(4..<5).count == 0)
        for i in [0, 2, 3] {
            let file = URL(fileURLWithPath: folder.path + "/p\(i).png")
            try Data(contentsOf: file).prefix(60).write(to: file)
        }
        let error = try #require(throws: GroundingError.self) { try maker(LeftOut()).batch(0) }
        #expect(error.description == "\(folder.path)/manifest.jsonl: none of its pictures can be decoded")
    }

    /// A folder of one's own with `images` in it is not drawn over.
    @Test func scenesDoNotReplaceOnesOwnPictures() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder.path + "/images", withIntermediateDirectories: true)
        try folder.write("mine", "images/000001.png")
        let writer = SceneDatasetWriter(generator: SceneGenerator(seed: 31))
        let error = try #require(throws: GroundingError.self) {
            try writer.write(count: 2, to: folder.path, threads: 1)
        }
        #expect(
            error.description
                == "\(folder.path)/images/000001.png: exists; choose another directory or pass --overwrite")
        #expect(try String(contentsOfFile: folder.path + "/images/000001.png", encoding: .utf8) == "mine")
        try SceneDatasetWriter(generator: SceneGenerator(seed: 31), overwrite: true).write(
            count: 2, to: folder.path, threads: 1)
        #expect(try Dataset(directory: folder.path).entries.count == 2)
    }
}
