import ArgumentParser
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

            EXIT CODES
              0 done · 64 wrong arguments · 65 bad model, picture or array · 66 a file cannot be read
              70 internal fault · 73, 74 an output cannot be made or written
            """,
        version: "0.1.0",
        subcommands: [Ground.self, Run.self, Profile.self, Inspect.self])
}

/// Runs `body` and turns whatever went wrong into one line and an exit code.
func main() -> Int32 {
    do {
        var command = try Deixis.parseAsRoot()
        try command.run()
        try Console.finish()
        return 0
    } catch let error as CommandError {
        Console.toError("deixis: \(error.message)\n")
        return error.code.rawValue
    } catch {
        let code = Deixis.exitCode(for: error)
        if code.isSuccess {
            // --help and --version.
            print(Deixis.fullMessage(for: error))
            return 0
        }
        guard code == .validationFailure else {
            Console.toError("deixis: \(error)\n")
            return CommandError.Code.internal_.rawValue
        }
        Console.toError("deixis: \(Deixis.message(for: error))\nSee `deixis --help`.\n")
        return CommandError.Code.usage.rawValue
    }
}

exit(main())
