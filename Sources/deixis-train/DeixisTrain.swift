internal import ArgumentParser
internal import DeixisTraining
internal import Foundation

/// `deixis-train`: everything on the training side. One file per subcommand.
@main
struct DeixisTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deixis-train",
        abstract: "Train a network that points at what a sentence means, and export it as a standard ONNX file.",
        discussion: """
            From nothing to a box:

              deixis-train train --config small --scenes --seed 1 --samples 400000 --out run
              deixis-train export run/checkpoint --out model.onnx
              deixis-train scenes --count 2000 --seed 1000001 --out unseen
              deixis-train evaluate model.onnx --data unseen
              deixis ground model.onnx unseen/images/000000.png "the red circle" --annotated out.png
            """,
        subcommands: [
            TrainCommand.self, PretrainCommand.self, EvaluateCommand.self, ExportCommand.self, ScenesCommand.self, DescribeCommand.self,
            PlotCommand.self, BenchmarkCommand.self,
        ])

    static func main() {
        BufferPool.onExhaustion { error in
            FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
            // EX_OSERR
            Foundation.exit(71)
        }
        main(nil)
    }
}
