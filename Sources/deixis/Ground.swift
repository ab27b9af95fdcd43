import ArgumentParser
import DeixisCommand
import DeixisFiles
import DeixisImage
import DeixisInput
import DeixisModel
import DeixisOperators
import DeixisONNX
import DeixisRuntime

struct Ground: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds what a sentence points at in a picture.",
        discussion: """
            Prints the box as x y width height in pixels of the picture, origin top left, the score of a model that \
            gives one (the IoU that is to be expected, 0 to 1: where it is low, ask again), and the time it took. \
            Several sentences get a line each; the picture is looked at once. With --json each line is an object (JSON \
            Lines). A word that the model's vocabulary lacks is said on standard error and counted in \
            "tokens_unknown": the model cannot tell it from any other such word.

              deixis ground small.onnx desk.jpg "the red mug left of the laptop"
              deixis ground small.onnx desk.jpg "the largest book" --annotated found.png
              deixis ground small.onnx desk.jpg "the largest book" --json
              deixis ground small.onnx desk.jpg "the red mug" "the book under it"
              deixis ground small.onnx desk.jpg "the red mug" --attention looked.png
              deixis ground small.onnx desk.jpg "the largest book" --deadline 50

            A deadline counts from when the model is loaded and is looked at before each step of the network; when it \
            has passed there is no box, the message names the step that was next, and the exit code is 75.

            --attention draws where the sentence looked: the picture once for [CLS], whose row becomes the box, and once \
            for each word, lit by the shares that the last layer of the fusion gives the picture's cells. It asks a \
            second time, keeping those values; the answer above is not slowed.
            """)

    @Argument(help: "A grounding model: an ONNX file that `deixis-train export` wrote, or a compiled one.")
    var model: String
    @Argument(help: "A JPEG or PNG picture.") var image: String
    @Argument(help: "What to look for.") var sentence: String
    @Argument(help: ArgumentHelp("More to look for in the same picture.", valueName: "sentence")) var more: [String] =
        []
    @Option(help: ArgumentHelp("Also write the picture with the box drawn into it (.png or .jpg).", valueName: "file"))
    var annotated: String?
    @Option(
        help: ArgumentHelp(
            "Also draw where the sentence and each of its words looked (.png or .jpg).", valueName: "file"))
    var attention: String?
    @Flag(help: "Print a JSON object a line for each sentence instead of text.") var json = false
    @Option(help: ArgumentHelp("Give up after so many milliseconds.", valueName: "ms")) var deadline: Double?
    @OptionGroup var options: RunOptions

    func validate() throws {
        if let deadline { try check(deadline, "--deadline", 1e-6...1e9) }
        if deadline != nil, !more.isEmpty { throw ValidationError("--deadline is for one sentence") }
        if annotated != nil, !more.isEmpty { throw ValidationError("--annotated draws one box; give one sentence") }
        if attention != nil, !more.isEmpty { throw ValidationError("--attention is of one sentence") }
    }

    func run() throws {
        try Outputs(("--annotated", annotated), ("--attention", attention)).check(model: model, [image])
        for (option, path) in [("--annotated", annotated), ("--attention", attention)] {
            guard let path else { continue }
            do { try RGBImage.checkName(path) } catch { throw CommandError(error.exitCode, "\(option) \(error)") }
        }
        let grounding = try loadGroundingModel(model, options)
        let picture: RGBImage
        do { picture = try RGBImage(contentsOf: image) } catch {
            throw CommandError(error.exitCode, "\(error)")
        }
        do {
            if more.isEmpty {
                let found = try grounding.ground(picture, sentence, deadline: deadline)
                try report(found, sentence, by: grounding, in: picture)
                if let annotated { try annotate(picture, found.box, annotated) }
                if let attention { try drawAttention(picture, found.box, attention) }
                return
            }
            let scene = try grounding.scene(picture)
            Console.note("looked at \(image) in \(fixed(scene.inputMilliseconds + scene.networkMilliseconds, 1)) ms")
            for sentence in [sentence] + more {
                try report(scene.ground(sentence), sentence, by: grounding, in: picture)
            }
        } catch let error as ModelError {
            if case .runtime(_, .timeout) = error { throw CommandError(code: .late, message: "\(error)") }
            throw CommandError.data("\(error)")
        }
    }

    private func report(_ found: Grounding, _ sentence: String, by model: GroundingModel, in picture: RGBImage)
        throws(CommandError)
    {
        if found.droppedTokenCount > 0 {
            Console.note(
                "deixis: warning: the sentence is too long: its last \(found.droppedTokenCount) word pieces were cut off"
            )
        }
        if found.unknownTokenCount > 0 {
            let words = model.unknownWords(in: sentence).map { "'\($0)'" }.joined(separator: ", ")
            let rest =
                found.unknownTokenCount == found.tokenCount - 2
                ? "; nothing else was asked, so the box means nothing" : ""
            Console.note("deixis: warning: not in the model's vocabulary: \(words)\(rest)")
        }
        try Console.out(
            json ? describe(found, sentence, in: picture).line : text(found) + (more.isEmpty ? "" : "    \(sentence)"))
    }

    private func text(_ found: Grounding) -> String {
        let box = found.box
        let numbers = [box.x, box.y, box.width, box.height].map { fixed($0, 1) }.joined(separator: " ")
        let score = found.score.map { "    score \(fixed(Double($0), 2))" } ?? ""
        return "\(numbers)\(score)    \(fixed(found.inputMilliseconds + found.networkMilliseconds, 1)) ms"
    }

    private func describe(_ found: Grounding, _ sentence: String, in picture: RGBImage) -> JSON {
        let box = found.box, normalized = found.normalizedBox
        return .object([
            (
                "box",
                .object([
                    ("x", .number(box.x)), ("y", .number(box.y)), ("width", .number(box.width)),
                    ("height", .number(box.height)),
                ])
            ),
            (
                "normalized_box",
                .object([
                    ("center_x", .number(Double(normalized.centerX))),
                    ("center_y", .number(Double(normalized.centerY))),
                    ("width", .number(Double(normalized.width))), ("height", .number(Double(normalized.height))),
                ])
            ),
            ("score", found.score.map { .number(Double($0)) } ?? .null),
            (
                "image",
                .object([
                    ("path", .string(image)), ("width", .integer(picture.width)), ("height", .integer(picture.height)),
                ])
            ),
            ("sentence", .string(sentence)),
            ("tokens", .integer(found.tokenCount)),
            ("tokens_dropped", .integer(found.droppedTokenCount)),
            ("tokens_unknown", .integer(found.unknownTokenCount)),
            ("input_ms", .number(found.inputMilliseconds)),
            ("network_ms", .number(found.networkMilliseconds)),
        ])
    }

    private func drawAttention(_ picture: RGBImage, _ box: PixelBox, _ path: String) throws(CommandError) {
        let maps = try AttentionMaps(model, options, picture, sentence)
        let drawn = AttentionPicture(maps: maps, picture: picture, box: box, sentence: sentence).drawn()
        do { try drawn.write(to: path) } catch { throw CommandError(error.exitCode, "\(error)") }
    }

    private func annotate(_ picture: RGBImage, _ box: PixelBox, _ path: String) throws(CommandError) {
        do { try picture.annotated(box, caption: sentence).write(to: path) } catch {
            throw CommandError(error.exitCode, "\(error)")
        }
    }
}

/// The model, its first plan not yet made; errors as the person should read them.
func loadGroundingModel(_ path: String, _ options: RunOptions) throws(CommandError) -> GroundingModel {
    do {
        return try GroundingModel(path: path, options: options.session, operators: .all)
    } catch {
        switch error {
        case .runtime(_, .file(.cannotOpen(let file, let reason))): throw cannotRead(path, file, reason)
        case .runtime(_, .unknownInstructionSet): throw .usage("--isa: \(error)")
        case .runtime(_, .outOfMemory): throw CommandError(code: .memory, message: "\(error)")
        default: throw .data("\(error)")
        }
    }
}
