import ArgumentParser
import DeixisCommand
import DeixisFiles
import DeixisGraph
import DeixisOperators
import DeixisRuntime

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs any ONNX model on NumPy files.",
        discussion: """
            Each input of the model comes from a .npy file; each output goes to OUTPUT-DIR/NAME.npy. Symbolic dimensions take the files' extents. \
            --keep writes values inside of the graph as well, by name (`deixis inspect MODEL --stage read` lists them); what would have been fused \
            over them is not, so such a run is slower.

              deixis run model.onnx --input x=x.npy --output-dir out
              deixis run model.onnx --input ids=ids.npy --input mask=mask.npy --output-dir out --threads 1
              deixis run model.onnx --input x=x.npy --output-dir out --keep layer1/Relu --keep layer2/Relu
            """)

    @Argument(help: "An ONNX file.") var model: String
    @Option(help: ArgumentHelp("One input of the model.", valueName: "name=file.npy")) var input: [String] = []
    @Option(help: "Where the outputs go; made if it is not there.") var outputDir: String
    @Option(help: ArgumentHelp("Also write this value inside of the graph.", valueName: "name")) var keep: [String] = []
    @OptionGroup var options: RunOptions

    func run() throws {
        let session = try loadSession(model, options, keeping: keep.map { Name($0) })
        let inputs = try readInputs(input)
        let paths = outputFileNames(session.outputNames).map { outputDir + "/" + $0 }
        try Outputs([("--output-dir", outputDir)]).check(model: model)
        try makeFolder(outputDir)
        try Outputs(paths.map { ("--output-dir: its file", $0) }).check(model: model, inputs.map(\.path))
        let outputs: [(name: Name, tensor: Constant)]
        do { outputs = try session.run(inputs.map { ($0.name, $0.array.constant) }) } catch {
            throw modelError(model, error)
        }
        for (path, output) in zip(paths, outputs) {
            let array = NumPyArray(
                type: output.tensor.type, shape: output.tensor.shape, bytes: Array(output.tensor.bytes))
            try replaceFile(path, with: array.encoded())
            try Console.out("\(path): \(output.name) \(output.tensor.type.label) \(output.tensor.shape)")
        }
    }
}

/// How to run a model; the same for every command that does.
struct RunOptions: ParsableArguments {
    @Option(help: "Threads; 0: as many as there are usable cores.") var threads = 0
    @Option(
        help: ArgumentHelp(
            "Use at most these instructions: scalar, v128, avx2, avxvnni, avx512, avx512vnni (Arm: dotprod, i8mm).",
            valueName: "name")) var isa: String?
    @Flag(help: "Slow reference operators on the graph as it was read: what the fast ones are judged by.")
    var reference = false

    func validate() throws { try check(threads, "--threads", 0...1024) }

    var session: SessionOptions {
        var options = SessionOptions()
        options.threads = threads
        options.instructionSet = isa
        options.optimize = !reference
        options.referenceOnly = reference
        return options
    }
}

/// The model in a file, ready to run; errors as the person should read them.
///
/// - Parameter keeping: names of values inside of its graph that become outputs too.
func loadSession(_ path: String, _ options: RunOptions, keeping names: [Name] = []) throws(CommandError) -> Session {
    let model: Model
    do throws(RuntimeError) { model = try Model.load(path, operators: .all) } catch { throw modelError(path, error) }
    return try session(path, names.isEmpty ? model : keeping(names, model, path), options)
}

func session(_ path: String, _ model: Model, _ options: RunOptions) throws(CommandError) -> Session {
    do throws(RuntimeError) { return try Session(model, options: options.session) } catch {
        throw modelError(path, error)
    }
}

func keeping(_ names: [Name], _ model: Model, _ path: String) throws(CommandError) -> Model {
    do throws(Model.KeepingError) { return try model.keeping(names) } catch { throw keepingError(path, error, model) }
}

/// A value that is not there, with the names most like it.
func keepingError(_ path: String, _ error: Model.KeepingError, _ model: Model) -> CommandError {
    guard case .unknownValue(let name) = error else { return .data("\(path): \(error)") }
    let near = nearNames(to: "\(name)", of: model.valueNames.map { "\($0)" }).map { "'\($0)'" }
    let hint =
        near.isEmpty
        ? "`deixis inspect \(path) --stage read` lists them" : "near it: \(near.joined(separator: ", "))"
    return .data("\(path): \(error); \(hint)")
}

/// `NAME=FILE.npy` arguments -> arrays.
func readInputs(_ arguments: [String]) throws(CommandError) -> [(name: Name, path: String, array: NumPyArray)] {
    var result: [(name: Name, path: String, array: NumPyArray)] = []
    for argument in arguments {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex,
            argument.index(after: equals) != argument.endIndex
        else {
            throw .usage("--input '\(argument)': expected NAME=FILE.npy")
        }
        let name = Name(String(argument[..<equals])), path = String(argument[argument.index(after: equals)...])
        guard !result.contains(where: { $0.name == name }) else { throw .usage("--input \(name) is given twice") }
        let file = try files { () throws(FileError) in try readFile(path) }
        do { result.append((name, path, try NumPyArray(file: file))) } catch { throw .data("\(path): \(error)") }
    }
    return result
}

extension NumPyArray {
    var constant: Constant { Constant(type, shape, bytes) }
}
