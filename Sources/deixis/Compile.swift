import ArgumentParser
import DeixisCommand
import DeixisFiles
import DeixisGraph
import DeixisOperators
import DeixisRuntime
import Glibc

struct Compile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a model ready to run on this machine: graphs after all passes, weights packed.",
        discussion: """
            The file takes the place of the ONNX file on this machine (ground, run, profile, GroundingModel, \
            libdeixis) and loads without passes, packing or copying: less start-up time and almost no memory of its \
            own. It is checked when loaded and refused on a CPU whose kernels use another instruction set, or when a \
            byte is damaged (formats/compiled.md). Keep the ONNX file.

            It runs at the shapes it was compiled for: one picture and, where the model's metadata tells the longest \
            sentence, sentences of every length; other models at the shapes that --dim names.

              deixis compile model.int8.onnx --out model.deixis
              deixis ground model.deixis desk.jpg "the red mug"
              deixis compile encoder.onnx --out encoder.deixis --dim length=8...64 --dim batch=1
            """)

    @Argument(help: "An ONNX file.") var model: String
    @Option(help: ArgumentHelp("The file to write.", valueName: "file")) var out: String
    @Option(
        help: ArgumentHelp(
            "What a symbolic dimension may be: one number, or all from A to B.", valueName: "name=n | name=a...b"))
    var dim: [String] = []
    @OptionGroup var options: RunOptions

    func run() throws {
        guard !options.reference else { throw CommandError.usage("--reference: what is compiled are the fast kernels") }
        try Outputs(("--out", out)).check(model: model)
        try Outputs(("--out", out)).mustBeReplaceable()
        guard !Model.isCompiled(model) else {
            throw CommandError.data("\(model) is compiled already; compile the ONNX file")
        }
        let graph = try loadGraph(model),
            asked = try CompiledShapes(
                graph: graph,
                ranges: readRanges(
                    dim, expected: "NAME=N or NAME=A...B, at least 1 and at most 1000 numbers", most: 1000)
            ).samples()
        var session = options.session
        session.plannedShapes = asked.count + 1
        let source: RunContext
        var samples: [CompiledShapes.Sample] = []
        do throws(RuntimeError) {
            source = try Session(try Model.load(model, operators: .all), options: session).makeContext()
            for sample in asked where try sample.prepare(source) { samples.append(sample) }
        } catch {
            throw modelError(model, error)
        }
        // An old file stays until the new one has given the same outputs.
        try replaceFile(out) { new in
            do throws(RuntimeError) { try source.session.compile(to: new) } catch {
                guard case .compiled(_, .cannotWrite(let reason)) = error else { throw modelError(model, error) }
                throw CommandError(
                    code: .output, message: "\(RuntimeError.compiled(file: out, .cannotWrite(reason: reason)))")
            }
            try check(new, source, session, samples)
        }
        let sets = samples.count == 1 ? "one set of input shapes" : "\(samples.count) sets of input shapes"
        try Console.out(
            "\(out): for \(source.session.instructionSetName), \(sets); checked: its outputs are the ONNX file's")
    }

    /// The first and the last shapes give the same bytes in both forms.
    private func check(
        _ new: String, _ source: RunContext, _ options: SessionOptions, _ samples: [CompiledShapes.Sample]
    ) throws(CommandError) {
        var differs: [[Int]]?
        do throws(RuntimeError) {
            let compiled = try Session(try Model.load(new), options: options).makeContext()
            for sample in [samples.first, samples.last] {
                if let sample, try sample.run(source) != sample.run(compiled) { differs = sample.shapes }
            }
        } catch {
            throw modelError(out, error)
        }
        guard let differs else { return }
        throw CommandError(
            code: .internalFault,
            message:
                "the compiled file did not give the outputs of \(model) at \(differs) and was not kept; this is a fault of deixis"
        )
    }
}
