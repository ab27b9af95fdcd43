internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisInput
internal import DeixisTraining
internal import Foundation

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a checkpoint's network as a standard ONNX file that deixis and other runtimes read.",
        discussion: """
            Inputs: image uint8 [batch, S, S, 3] (letterboxed RGB), token_ids and attention_mask int64 [batch, \
            length]. Output: box float32 [batch, 4]. The file also carries the vocabulary, the letterbox and where it \
            comes from (formats/metadata.md), so that it is all that is needed to answer:

              deixis-train export run/checkpoint --out model.onnx
              deixis ground model.onnx picture.jpg "the red mug" --annotated out.png

            Without a checkpoint, a network of random weights, to measure what it would cost:
              deixis-train export --config paper-r50 --out paper-r50.onnx
            """)

    @Argument(help: ArgumentHelp("A run's checkpoint, or its directory.", valueName: "checkpoint"))
    var checkpoint: String?
    @Option(
        help: ArgumentHelp(
            "Untrained: \(NetworkConfiguration.names.joined(separator: ", ")) or a JSON file.", valueName: "name"))
    var config: String?
    @Option(help: "Of the untrained network's weights.")
    var seed: UInt64 = 1
    @Option(help: ArgumentHelp("The ONNX file; an old one stays unless the new one is whole.", valueName: "model.onnx"))
    var out: String

    func validate() throws {
        guard (checkpoint == nil) != (config == nil) else {
            throw ValidationError("name a checkpoint, or --config for an untrained network")
        }
    }

    func run() throws {
        guard let checkpoint else {
            try Outputs(("--out", out)).check(against: config.map { [$0] } ?? [])
            return try exportUntrained(config ?? "")
        }
        // A run's directory is as good as its checkpoint.
        let path = exists(checkpoint + "/.") ? checkpoint + "/checkpoint" : checkpoint
        try Outputs(("--out", out)).check(against: [path])
        let trained = try TrainedNetwork(checkpoint: path)
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate]
        try ModelExport.write(
            trained.network, tokenizer: trained.tokenizer, letterbox: trained.letterbox,
            provenance: trained.provenance(date: formatter.string(from: Date())), to: out)
        let bytes = (try? InputFile(out))?.size ?? 0
        let accuracy = trained.heldOutAccuracy.map { String(format: ", held-out Acc@0.5 %.3f", $0) } ?? ""
        try Console.out(
            String(
                format: "%@: %.1f MB, %d samples%@", out, Double(bytes) / 1e6, trained.step * trained.recipe.batchSize,
                accuracy))
    }

    private func exportUntrained(_ name: String) throws {
        let configuration = try ChosenConfiguration(name).configuration
        let network = try GroundingNetwork<Float>(configuration, seed: seed)
        // As many words as the network has rows, BERT's special ones where BERT has them.
        var tokens = (0..<configuration.language.vocabulary).map { "word\($0)" }
        for (token, place) in [("[PAD]", 0), ("[UNK]", 100), ("[CLS]", 101), ("[SEP]", 102), ("[MASK]", 103)] {
            tokens[tokens.count > 103 ? place : place % 99] = token
        }
        let settings = TokenizerSettings(maxLength: configuration.language.maximumLength)
        let tokenizer = try Tokenizer(vocabulary: Vocabulary(tokens: tokens.map { Array($0.utf8) }), settings: settings)
        try ModelExport.write(
            network, tokenizer: tokenizer, letterbox: configuration.letterbox(),
            provenance: [("configuration", name), ("weights", "random, seed \(seed)")], to: out)
        try Console.out("\(out): \(name) with random weights of seed \(seed), for measuring only")
    }
}
