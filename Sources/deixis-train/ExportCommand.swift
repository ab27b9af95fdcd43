internal import ArgumentParser
internal import DeixisGrounding
internal import Foundation

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a checkpoint's network as a standard ONNX file that deixis and other runtimes read.",
        discussion: """
            Inputs: image uint8 [batch, S, S, 3] (letterboxed RGB), token_ids and attention_mask int64 [batch, length]. Output: box
            float32 [batch, 4]. The file also carries the vocabulary, the letterbox and where it comes from
            (formats/metadata.md), so that it is all that is needed to answer:

              deixis-train export run/checkpoint --out model.onnx
              deixis ground model.onnx picture.jpg "the red mug" --annotated out.png
            """)

    @Argument(help: ArgumentHelp("A run's checkpoint.", valueName: "checkpoint"))
    var checkpoint: String
    @Option(help: ArgumentHelp("The ONNX file; an old one stays unless the new one is whole.", valueName: "model.onnx"))
    var out: String

    func run() throws {
        // A run's directory is as good as its checkpoint.
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: checkpoint, isDirectory: &isDirectory)
        let path = exists && isDirectory.boolValue ? checkpoint + "/checkpoint" : checkpoint
        let trained = try TrainedNetwork(checkpoint: path)
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate]
        try ModelExport.write(
            trained.network, tokenizer: trained.tokenizer, letterbox: trained.letterbox,
            provenance: trained.provenance(date: formatter.string(from: Date())), to: out)
        let bytes = (try? FileManager.default.attributesOfItem(atPath: out)[.size] as? Int) ?? 0
        let accuracy = trained.heldOutAccuracy.map { String(format: ", held-out Acc@0.5 %.3f", $0) } ?? ""
        print(String(format: "%@: %.1f MB, %d samples%@", out, Double(bytes) / 1e6, trained.step * trained.recipe.batchSize, accuracy))
    }
}
