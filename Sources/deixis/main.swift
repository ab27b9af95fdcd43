import ArgumentParser
import DeixisCommand
import Glibc

struct Deixis: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deixis",
        abstract: "Points at what a sentence means, and runs, measures and shows ONNX models.",
        discussion: """
            EXAMPLES
              deixis ground small.onnx desk.jpg "the red mug left of the laptop"
              deixis ground small.onnx desk.jpg "the largest book" --annotated found.png
              deixis run model.onnx --input x=x.npy --output-dir out
              deixis profile model.onnx --runs 50 --threads 1
              deixis inspect model.onnx
              deixis quantize model.onnx --data pictures --out model.int8.onnx
              deixis compile model.onnx --out model.deixis

            EXIT CODES
              0 done · 64 wrong arguments · 65 bad model, picture or array · 66 a file cannot be read
              70, 71 internal fault, out of memory · 73, 74 an output cannot be made or written · 75 a deadline passed
            """,
        version: "0.1.0",
        subcommands: [Ground.self, Run.self, Profile.self, Inspect.self, Quantize.self, Compile.self, BenchWorker.self])
}

exit(Program.run(Deixis.self, as: "deixis"))
