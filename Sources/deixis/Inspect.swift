import ArgumentParser
import DeixisCommand
import DeixisGraph
import DeixisONNX
import DeixisOperators
import DeixisRuntime

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what is in an ONNX model.",
        discussion: """
            Inputs, outputs, metadata, operators with their counts, parameters, multiply-accumulates.

              deixis inspect model.onnx
              deixis inspect model.onnx --stage target --dim length=12

            STAGES (the whole graph as text)
              read        as the file has it
              portable    after the rewritings that need no shapes
              target      at concrete shapes, folded and fused
              plan        the steps, with their kernels
            A compiled file has target and plan, at the shapes it was compiled for.
            """)

    enum Stage: String, CaseIterable, ExpressibleByArgument {
        case read, portable, target, plan
    }

    @Argument(help: "An ONNX file.") var model: String
    @Option(help: "Print the graph after this phase instead.") var stage: Stage?
    @Option(help: ArgumentHelp("What a symbolic dimension stands for.", valueName: "name=n")) var dim: [String] = []

    func run() throws {
        let graph = try loadGraph(model)
        let compiled: Model? = Model.isCompiled(model) ? try loadSession(model, RunOptions.parse([])).model : nil
        if compiled != nil, stage == .read || stage == .portable {
            throw CommandError.usage("--stage: \(model) is compiled; it has the stages target and plan")
        }
        let sample = SampleInputs(graph: graph, chosen: try readDimensions(dim))
        try sample.check()
        if stage == .read {
            try Console.out(graph.listing)
            return
        }
        guard let stage else {
            try Console.out(summary(graph, compiled))
            // MACs are counted where the runtime can plan the model; the rest of the summary needs no plan.
            let cost: String
            do {
                try sample.checkSizes()
                cost = try plannedCost(compiled ?? Model(graph: graph, operators: .all), sample)
            } catch {
                cost = "MACs not known: \((error as? CommandError)?.message ?? "\(error)")"
            }
            try Console.out(cost)
            return
        }
        let context = try loadSession(model, RunOptions.parse([])).makeContext()
        do throws(RuntimeError) {
            if stage == .target || stage == .plan { try context.prepare(graph.inputs.map(sample.shape)) }
        } catch {
            throw modelError(model, error)
        }
        for known in Session.Stage.allCases where "\(known.name)" == stage.rawValue {
            try Console.out(context.listing(known))
        }
    }

    private func plannedCost(_ model: Model, _ sample: SampleInputs) throws(RuntimeError) -> String {
        let context = try Session(model).makeContext(), graph = model.graph
        try context.prepare(graph.inputs.map(sample.shape))
        for (index, id) in graph.inputs.enumerated() {
            try context.inputBuffer(index).copyBytes(from: sample.array(for: id).bytes)
        }
        // One run tells the steps.
        let steps = try context.profile(runs: 1).steps
        let extents = sample.dimensions().map { "\($0.name)=\($0.extent)" }.joined(separator: " ")
        return "\(count(steps.reduce(0) { $0 + $1.macs })) MACs in \(steps.count) steps"
            + (extents.isEmpty ? "" : " at \(extents)")
    }

    private func summary(_ graph: Graph, _ compiled: Model?) -> String {
        var lines: [String] = []
        let producer = graph.producer.isEmpty ? "" : ", written by \(graph.producer)"
        lines.append("\(model): graph '\(graph.name)', opset \(graph.opset)\(producer)")
        lines.append("\ninputs")
        for id in graph.inputs { lines.append("  \(graph.describe(id))") }
        lines.append("outputs")
        for id in graph.outputs { lines.append("  \(graph.describe(id))") }
        if !graph.metadata.isEmpty {
            lines.append("metadata")
            var table = Table(["", ""])
            for (key, value) in graph.metadata { table.add(["  \(key)", shortened(value)]) }
            lines.append(String(table.text.drop { $0.isNewline }))
        }
        if let compiled = compiled?.compilation {
            lines.append("\ncompiled for \(compiled.instructionSet), for inputs of shapes")
            for shapes in compiled.shapes { lines.append("  " + shapes.map { "\($0)" }.joined(separator: " ")) }
            lines.append("")
            return lines.joined(separator: "\n")
        }
        let parameters = graph.constants.values.filter { $0.type != .string }
        let size = parameters.reduce(0) { $0 + $1.range.count }
        lines.append(
            "\n\(count(parameters.reduce(0) { $0 + $1.count })) parameters in \(parameters.count) tensors, \(bytes(size))"
        )
        lines.append("")
        lines.append(operators(graph))
        return lines.joined(separator: "\n")
    }

    private func operators(_ graph: Graph) -> String {
        var counts: [Name: Int] = [:]
        for node in graph.nodes {
            let label = node.domain.isEmpty ? node.op : Name("\(node.domain).\(node.op)")
            counts[label, default: 0] += 1
        }
        var table = Table(["operator", ">count"])
        for (op, number) in counts.sorted(by: { ($1.value, $0.key.description) < ($0.value, $1.key.description) }) {
            table.add([op.description, "\(number)"])
        }
        table.add(["all", "\(graph.nodes.count)"])
        return table.text
    }

    /// One line of at most 60 characters; says how much there is where it cuts.
    private func shortened(_ value: Name) -> String {
        let text = String(value.description.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) })
        guard text.count > 60 else { return text }
        return "\(text.prefix(48))... (\(value.bytes.count) bytes)"
    }
}

/// The graph in a file; errors as the person should read them.
func loadGraph(_ path: String) throws(CommandError) -> Graph {
    do { return try Model.graph(inFile: path) } catch { throw modelError(path, error) }
}

/// A model's own file cannot be read, or another that holds some of its weights.
func cannotRead(_ model: String, _ file: String, _ reason: String) -> CommandError {
    CommandError(
        code: .noInput,
        message: "cannot read \(file)" + (file == model ? "" : ", which holds weights of \(model)") + ": \(reason)")
}

/// What kept a model's file from being read, as the person should read it.
func modelError(_ path: String, _ error: RuntimeError) -> CommandError {
    switch error {
    case .file(.cannotOpen(let file, let reason)): cannotRead(path, file, reason)
    case .file(let error): .data("\(error)")
    case .compiled: .data("\(error)")
    case .unknownInstructionSet: .usage("--isa: \(error)")
    case .outOfMemory: CommandError(code: .memory, message: "\(path): \(error)")
    default: .data("\(path): \(error)")
    }
}
