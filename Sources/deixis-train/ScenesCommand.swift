internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisImage
internal import DeixisInput
internal import DeixisTraining
internal import Foundation

struct ScenesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scenes",
        abstract: "Draw scenes with sentences, each true of exactly one object, as a data set or a contact sheet.",
        discussion: """
            Scene number i of seed S is always the same picture and sentence; different seeds share no scene. The data \
            set is DIR/manifest.jsonl with images beside it, boxes in pixels (formats/dataset.md).

              deixis-train scenes --count 2000 --seed 7 --out scenes
              deixis-train scenes --count 24 --seed 7 --contact-sheet sheet.png
            """)

    @Option(help: "How many scenes.")
    var count: Int = 1000
    @Option(help: "Which scenes: every seed is a world of its own.")
    var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Directory of the data set.", valueName: "dir"))
    var out: String?
    @Option(help: "Image format: png (exact) or jpg (quality 92).")
    var format: ImageFormat = .png
    @Flag(help: "Replace a data set that is already in the directory.")
    var overwrite = false
    @Option(
        help: ArgumentHelp("Draw the first scenes with their boxes and sentences into one PNG.", valueName: "file.png"))
    var contactSheet: String?
    @Option(
        help: ArgumentHelp(
            "Draw what held-out scenes of this curriculum follow: none, objects or a JSON file (see train).",
            valueName: "name"))
    var curriculum: String = "none"
    @Option(help: "Threads; default: the cores at hand.")
    var threads: Int = Backend.usableCores

    func validate() throws {
        try check(count, "--count", 1...10_000_000)
        try check(threads, "--threads", 1...1024)
        guard out != nil || contactSheet != nil else {
            throw ValidationError("say where to: --out DIR, --contact-sheet FILE.png, or both")
        }
    }

    func run() throws {
        let settings = try SceneCurriculum(named: curriculum).heldOut ?? SceneSettings()
        try settings.validate()
        let generator = SceneGenerator(seed: seed, settings: settings)
        let writer = SceneDatasetWriter(
            generator: generator, format: format == .png ? .png : .jpg, overwrite: overwrite)
        if let out { try Outputs(("--out", out)).check(against: []) }
        if let contactSheet {
            let pictures = out.map { writer.files(count: count, in: $0) } ?? []
            try Outputs([("--contact-sheet", contactSheet)] + pictures.map { ("--out: its file", $0) }).check(
                against: [])
            try RGBImage.checkName(contactSheet)
            let sheet = ContactSheet(generator: generator).draw(count: min(count, 60))
            try sheet.write(to: contactSheet)
            try Console.out("\(contactSheet): \(min(count, 60)) scenes of seed \(seed)")
        }
        guard let out else { return }
        let line = ProgressLine()
        let start = ContinuousClock.now
        let total = count
        let rate = { @Sendable (done: Int) in Double(done) / max(1e-9, (ContinuousClock.now - start) / .seconds(1)) }
        try writer.write(count: count, to: out, threads: threads) { done in
            line.show("\(done) of \(total) scenes, \(Int(rate(done))) a second", final: done == total)
        }
        try Console.out("\(out)/manifest.jsonl: \(count) scenes of seed \(seed)")
    }
}

enum ImageFormat: String, CaseIterable, ExpressibleByArgument { case png, jpg }
