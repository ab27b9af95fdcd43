import ArgumentParser
import DeixisGraph
import DeixisRuntime

struct Compile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a model with its weights ready-packed for this machine.",
        discussion: """
            The file takes the place of the ONNX file everywhere on this machine (ground, run, profile, GroundingModel, libdeixis) and
            loads without packing or copying: less start-up time and almost no memory of its own. It is checked when loaded and refused on
            a CPU whose kernels use another instruction set, or when a byte is damaged (formats/compiled.md). Keep the ONNX file.

              deixis compile model.int8.onnx --out model.deixis
              deixis ground model.deixis desk.jpg "the red mug"
            """)

    @Argument(help: "An ONNX file.") var model: String
    @Option(help: ArgumentHelp("The file to write.", valueName: "file")) var out: String
    @Option(help: ArgumentHelp("What a symbolic dimension stands for while weights are packed.", valueName: "name=n")) var dim: [String] = []
    @OptionGroup var options: RunOptions

    func run() throws {
        let graph = try loadGraph(model), sample = SampleInputs(graph: graph, chosen: try readDimensions(dim))
        try sample.check()
        let session = try loadSession(model, options)
        do throws(RuntimeError) {
            try session.prepare(graph.inputs.map(sample.shape))
        } catch {
            throw modelError(model, error)
        }
        do throws(RuntimeError) {
            try session.compile(to: out)
        } catch {
            throw CommandError(code: .output, message: "\(error)")
        }
        try Console.out("\(out): \(session.packedWeightBytes) bytes of weights packed for \(session.instructionSetName)")
    }
}
