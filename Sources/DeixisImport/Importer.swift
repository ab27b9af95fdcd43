import DeixisFiles
import DeixisGrounding
import DeixisImage
import DeixisInput
import Glibc

public struct ImportOptions: Sendable {
    /// The folder of the pictures.
    public var images: String
    /// The folder that becomes the data set, or holds one folder per split.
    public var out: String
    public var boxes = BoxForm.xywh
    /// Data sets whose pictures are left out, those of their training splits excepted.
    public var exclude: [String] = []
    /// Go on without pictures and references that cannot be used.
    public var skipBad = false
    public var overwrite = false
    /// Copy the pictures into `out` instead of naming them where they are.
    public var copies = false

    public init(images: String, out: String) { (self.images, self.out) = (images, out) }
}

/// Takes references one by one and writes data sets of formats/dataset.md, a folder per split.
///
/// Manifests appear at the end, whole: if anything is wrong, none.
public final class Importer {
    let options: ImportOptions
    private var pictures: PictureFolder
    private var excluded: Set<String> = []
    private var splits: [SplitWriter] = []
    private var missing: [String: Bool] = [:], missingOrder: [String] = []
    private var bad: [String] = [], badCount = 0
    /// References so far.
    public private(set) var count = 0
    /// Hears how many, every thousand.
    public var progress: ((Int) -> Void)?
    private var check: BoxFormCheck
    private var firstTried: String?
    /// Whether the data set's folder was not there before.
    private let isNew: Bool

    static let shown = 10

    public init(_ options: ImportOptions) throws(ImportError) {
        self.options = options
        isNew = !exists(options.out)
        pictures = try PictureFolder(options.images)
        check = BoxFormCheck(options.boxes)
        for path in options.exclude { excluded.formUnion(try Exclusion.pictures(of: path)) }
    }

    /// Leaves no empty folder behind.
    deinit {
        splits = []
        if isNew { rmdir(options.out) }
    }

    public func add(_ reference: Reference) throws(ImportError) {
        let split = try writer(reference.split)
        if excluded.contains(reference.picture.identity) {
            split.counts.excluded += 1
            return
        }
        count += 1
        if count % 1000 == 0 { progress?(count) }
        firstTried = firstTried ?? reference.picture.file
        guard let place = pictures.place(of: reference.picture) else {
            if missing.updateValue(true, forKey: reference.picture.file) == nil {
                missingOrder.append(reference.picture.file)
            }
            split.counts.withoutPicture += 1
            return
        }
        guard let size = pictures.size(at: place) else {
            return leaveOut(reference, split, "'\(place)' is neither a PNG nor a JPEG")
        }
        if let told = reference.size, (told.width, told.height) != size {
            return leaveOut(
                reference, split,
                "'\(place)' is \(size.width)x\(size.height), the annotations say \(told.width)x\(told.height)")
        }
        check.add(reference.box, in: size)
        if let problem = ManifestLine.problem(of: reference.box, in: size) {
            return leaveOut(reference, split, problem)
        }
        let sentences = reference.sentences.filter { Tokenizer.hasWords($0) }
        if sentences.isEmpty { return leaveOut(reference, split, "it has no sentence") }
        try split.write(reference, sentences: sentences, place: place, size: size)
    }

    private func leaveOut(_ reference: Reference, _ split: SplitWriter, _ reason: String) {
        note("reference \(reference.id) (\(reference.picture.file)): \(reason)", split)
    }

    private func note(_ text: String, _ split: SplitWriter) {
        split.counts.bad += 1
        badCount += 1
        if bad.count < Self.shown { bad.append(text) }
    }

    /// A reference of which so much is missing that there is none.
    public func reject(_ id: String, split: String?, _ reason: String) throws(ImportError) {
        count += 1
        note("reference \(id): \(reason)", try writer(split))
    }

    private func writer(_ name: String?) throws(ImportError) -> SplitWriter {
        if let known = splits.first(where: { $0.name == name }) { return known }
        let made = try SplitWriter(name, options)
        splits.append(made)
        return made
    }

    /// Checks what was seen as a whole, then lets all manifests appear.
    public func finish(from path: String) throws(ImportError) -> ImportReport {
        if count == 0 {
            if splits.contains(where: { $0.counts.excluded > 0 }) {
                throw .empty(path: path, what: "references left: --exclude drops all")
            }
            throw .empty(path: path, what: "references")
        }
        let withoutPicture = splits.reduce(0) { $0 + $1.counts.withoutPicture }
        if withoutPicture == count {
            throw .noPictures(folder: options.images, tried: firstTried ?? "", count: missing.count)
        }
        if check.isWrong {
            throw .boxForm(
                path: path, count: check.misfits, of: check.count, read: check.form.rawValue,
                fits: check.form.other.rawValue)
        }
        if !options.skipBad {
            let found = Set(splits.flatMap(\.places)).count
            if !missing.isEmpty {
                throw .missingPictures(
                    folder: options.images, first: Array(missingOrder.prefix(5)), count: missing.count,
                    of: missing.count + found)
            }
            if badCount > 0 { throw .badReferences(shown: bad, count: badCount, of: count) }
        }
        if splits.allSatisfy({ $0.counts.sentences == 0 }) {
            throw .badReferences(shown: bad, count: badCount, of: count)
        }
        if options.copies { try copyPictures() }
        for split in splits { try split.commit() }
        return ImportReport(
            splits: splits.map { ImportReport.Split(name: $0.name, counts: $0.finalCounts, manifest: $0.manifest) },
            missing: missingOrder, bad: bad)
    }

    private func copyPictures() throws(ImportError) {
        for place in Set(splits.flatMap(\.places)).sorted() {
            let target = options.out + "/images/" + place
            try ImportError.file { () throws(FileError) in
                try makeFolder(String(target[..<(target.lastIndex(of: "/") ?? target.endIndex)]))
                try replaceFile(target, with: try readFile(options.images + "/" + place), durable: false)
            }
        }
    }
}
