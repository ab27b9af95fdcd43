internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisImage
internal import DeixisInput
internal import DeixisModel
internal import DeixisRuntime
internal import Foundation

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure an exported model on data sets, in the runtime that will serve it.",
        discussion: """
            Every sample goes the way a user's does: decode the file, letterbox, tokenize, run the file (ONNX, int8 or \
            compiled) in the lean runtime. A box is a hit if its IoU with the truth, both in pixels of the picture, is \
            above 0.5 (--at-least: or equal); hits are counted over the whole data set, one for each sentence. \
            Intervals are where the true rate lies with 95% confidence, samples taken as independent. Latency is one \
            sentence and one picture in memory, decoding not counted.

              deixis-train scenes --count 2000 --seed 1000001 --out unseen
              deixis-train evaluate model.onnx --data unseen
              deixis-train evaluate model.onnx --data refcoco/val refcoco/testA refcoco/testB --json
              deixis-train evaluate model.onnx --data unseen --gallery gallery.html
              deixis-train evaluate model.int8.onnx --against model.onnx --data unseen

            A model that gives scores (`deixis-train score`) is also judged by them: calibration error is how far mean \
            score and mean IoU of boxes of like score are apart, and --reliability draws it.
            """)

    @Argument(help: ArgumentHelp("The exported model: an ONNX file or a compiled one.", valueName: "model"))
    var model: String
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Directories of data sets (formats/dataset.md), each with an answer.", valueName: "dir"))
    var data: [String]
    @Option(help: ArgumentHelp("Another model to ask about the same samples.", valueName: "model"))
    var against: String?
    @Option(
        help: ArgumentHelp("Folder of the pictures, in place of the one that the data sets name.", valueName: "dir"))
    var images: String?
    @Option(help: "Only the first so many samples of each data set.")
    var count: Int?
    @Flag(help: "An IoU of exactly 0.5 is a hit too, as some code bases have it.")
    var atLeast = false
    @Flag(help: "Leave bad lines and broken pictures out, and list them, instead of stopping.")
    var skipBad = false
    @Option(help: "Threads of the runtime; default: the cores this process may use.")
    var threads: Int = 0
    @Option(
        help: ArgumentHelp(
            "Write a page of failures, near misses and hits of each kind, with both boxes.", valueName: "out.html"))
    var gallery: String?
    @Option(help: "Pictures of failures, of near misses and of hits that the page shows of each kind.")
    var galleryPictures = 6
    @Option(
        help: ArgumentHelp("Draw how far the scores are to be believed (.png or .jpg).", valueName: "out.png"))
    var reliability: String?
    @Flag(help: "Print JSON, an object on a line for each data set, instead of tables.")
    var json = false

    func validate() throws {
        if let count { try check(count, "--count", 1...1 << 48) }
        try check(threads, "--threads", 0...1024)
        try check(galleryPictures, "--gallery-pictures", 1...1000)
        guard !data.isEmpty else { throw ValidationError("--data needs a directory") }
        if reliability != nil, data.count > 1 { throw ValidationError("--reliability is of one data set") }
    }

    func run() throws {
        let datasets = try data.map { try Dataset(directory: $0, images: images, skipBad: skipBad) }
        let models = [self.model] + (against.map { [$0] } ?? [])
        let outputs = Outputs(("--gallery", gallery), ("--reliability", reliability))
        try outputs.check(against: models + datasets.flatMap(\.files))
        try files { () throws(FileError) in try outputs.mustBeReplaceable() }
        if let reliability { try RGBImage.checkName(reliability) }
        let asked = try models.map(load)
        if reliability != nil, !asked[0].givesScores {
            throw CommandError.data("\(model): gives no score; `deixis-train score` adds one before `export`")
        }
        var reports: [EvaluationReport] = []
        for dataset in datasets {
            let report = try evaluate(dataset, asked)
            reports.append(report)
            if json { try Console.out(report.json) } else { try Console.out(report.table(named: datasets.count > 1)) }
        }
        if let reliability, let report = reports.first, let calibration = report.calibration {
            try ScoreReport(calibration).chart(model: model, data: report.data).drawn(width: 1500, height: 560)
                .write(to: reliability)
        }
        guard let gallery else { return }
        let page = try Gallery(reports: reports, datasets: datasets, most: galleryPictures).html()
        try files { () throws(FileError) in try replaceFile(gallery, with: Array(page.utf8)) }
        Console.note("\(gallery): \(page.utf8.count / 1024) KB")
    }

    private func load(_ path: String) throws -> GroundingModel {
        var options = SessionOptions()
        options.threads = threads
        return try GroundingModel(path: path, options: options)
    }

    /// nil: the answer is no number.
    private func answer(_ model: GroundingModel, _ sample: GroundingSample) throws -> Grounding? {
        do { return try model.ground(sample.image, sample.sentence) } catch ModelError.notFinite { return nil }
    }

    /// Asks each model about every sample.
    private func evaluate(_ dataset: Dataset, _ models: [GroundingModel]) throws -> EvaluationReport {
        for line in dataset.skipped { Console.note("left out: \(line)") }
        let leftOut = LeftOut(), source = DatasetSource(dataset), line = ProgressLine()
        let rule = HitRule(includesThreshold: atLeast)
        let nowhere = PixelBox(x: .nan, y: .nan, width: .nan, height: .nan)
        let total = min(count ?? .max, dataset.entries.count)
        var report = EvaluationReport(
            model: model, against: against, data: dataset.directory, rule: rule, threads: models[0].threads)
        var hits = 0
        for index in 0..<total {
            guard let sample = skipBad ? try leftOut.sample(index, of: source) : try source.sample(index) else {
                for line in leftOut.takeUnread() { Console.note("left out: \(line)") }
                continue
            }
            for (number, model) in models.enumerated() {
                let found = try answer(model, sample)
                let answer = EvaluatedSample(
                    index: index, sentence: sample.sentence, kind: sample.kind, width: sample.image.width,
                    height: sample.image.height, truth: sample.box, found: found?.box ?? nowhere,
                    score: found?.score.map { Double($0) })
                if number == 0 { report.add(answer, found) } else { report.others.append(answer) }
            }
            if let last = report.samples.last, rule.isHit(last.iou) { hits += 1 }
            report.pictures.insert(dataset.entries[index].image)
            let accuracy = Double(hits) / Double(report.samples.count)
            line.show(
                "\(index + 1) of \(total)  Acc@0.5 \(String(format: "%.3f", accuracy))", final: index + 1 == total)
        }
        guard !report.samples.isEmpty else {
            throw CommandError.data("\(dataset.manifest): no sample is left: the pictures of all \(total) are broken")
        }
        report.skipped = dataset.skipped.count + leftOut.count
        return report
    }
}
