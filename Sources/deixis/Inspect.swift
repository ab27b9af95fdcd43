import ArgumentParser
import DeixisGraph
import DeixisONNX

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what is in an ONNX model.",
        discussion: """
            Inputs, outputs, metadata, operators with their counts, parameters.

              deixis inspect model.onnx
              deixis inspect model.onnx --stage read      the whole graph as text, as the file has it
            """)

    @Argument(help: "An ONNX file.") var model: String

    func run() throws {
        let graph = try loadGraph(model)
        try Console.out(summary(graph))
    }

    private func summary(_ graph: Graph) -> String {
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
        let parameters = graph.constants.values.filter { $0.type != .string }
        let size = parameters.reduce(0) { $0 + $1.range.count }
        lines.append("\n\(count(parameters.reduce(0) { $0 + $1.count })) parameters in \(parameters.count) tensors, \(bytes(size))")
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
    do {
        return try Graph(onnxFile: path)
    } catch {
        if case .cannotOpen(_, let reason) = error {
            throw CommandError(code: .noInput, message: "cannot read \(path): \(reason)")
        }
        throw .data("\(error)")
    }
}
