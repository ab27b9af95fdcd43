internal import ArgumentParser
internal import DeixisCommand
internal import DeixisGrounding
internal import DeixisImage
internal import DeixisImport
internal import DeixisModel
internal import DeixisRuntime
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
              deixis-train score run --out scored.checkpoint   # so that it says when it does not know
              deixis-train export scored.checkpoint --out model.onnx
              deixis-train scenes --count 2000 --seed 1000001 --out unseen
              deixis-train evaluate model.onnx --data unseen
              deixis ground model.onnx unseen/images/000000.png "the red circle" --annotated out.png

            EXIT CODES
              0 done · 64 wrong arguments · 65 bad data set, checkpoint or model · 66 a file cannot be read
              70, 71 internal fault, out of memory · 73, 74 an output cannot be made or written · 130 stopped by Ctrl-C
            """,
        subcommands: [
            TrainCommand.self, PretrainCommand.self, EvaluateCommand.self, ExportCommand.self, ScenesCommand.self,
            ScoreCommand.self, ImportCommand.self, DescribeCommand.self,
            PlotCommand.self, StudyCommand.self, BenchmarkCommand.self,
        ])

    static func main() {
        BufferPool.onExhaustion { error in
            Console.note("deixis-train: \(error)")
            // EX_OSERR
            Foundation.exit(71)
        }
        if let count = MPIRanks.launchedCount, count > 1, let name = Program.arguments.first,
            !["train", "benchmark"].contains(name)
        {
            // Each would do all of it, and replace the others' files.
            Console.note(
                "deixis-train: \(name) is one process, but \(count) were started; several ranks are for train and benchmark"
            )
            Foundation.exit(64)
        }
        Foundation.exit(Program.run(Self.self, as: "deixis-train", failure: failure))
    }

    /// Errors of data sets, checkpoints, models and pictures name their file; the others are faults of this program.
    static func failure(_ error: any Error) -> CommandError? {
        switch error {
        case let error as GroundingError: CommandError(error.exitCode, "\(error)")
        case let error as ImportError: CommandError(error.exitCode, "\(error)")
        case let error as ImageError: CommandError(error.exitCode, "\(error)")
        case ModelError.runtime(_, .outOfMemory(_)): CommandError(code: .memory, message: "\(error)")
        case is TrainingError, is NetworkError, is ModelError: .data("\(error)")
        default: nil
        }
    }

}
