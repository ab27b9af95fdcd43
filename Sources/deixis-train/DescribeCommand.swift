internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisTraining
internal import Foundation

struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "List a network's layers with shapes, parameters and multiply-adds.",
        discussion: """
            One line per layer for one picture and the longest sentence; image-like results are height x width x channels.
            --detail lists every operator. Known networks: \(NetworkConfiguration.names.joined(separator: ", ")).

              deixis-train describe small
              deixis-train describe run/checkpoint
            """)

    @Argument(help: ArgumentHelp("A configuration's name, or a run's checkpoint.", valueName: "config"))
    var config: String
    @Flag(help: "Every operator on a line of its own.")
    var detail = false
    @Flag(help: "Print a JSON array of operators instead of the table.")
    var json = false

    func run() throws {
        let isFile = exists(config) && !NetworkConfiguration.names.contains(config)
        let network =
            isFile
            ? try TrainedNetwork(checkpoint: config).network
            : try GroundingNetwork<Float>(try NetworkConfiguration.named(config), seed: 1)
        let rows = network.summary()
        if json {
            try Console.out(Self.json(rows))
            return
        }
        let lines = detail ? rows.map { Line($0.scope.isEmpty ? $0.op : "\($0.scope)  \($0.op)", [$0]) } : Self.layers(rows)
        let name = max(12, lines.map(\.name.count).max() ?? 0)
        func row(_ cells: [String]) -> String {
            cells[0].padding(toLength: name + 2, withPad: " ", startingAt: 0)
                + zip(cells.dropFirst(), [20, 14, 12]).map { String(repeating: " ", count: max(1, $1 - $0.count)) + $0 }.joined()
        }
        try Console.out(row(["layer", "result", "parameters", "MMAC"]))
        for line in lines { try Console.out(row([line.name, line.shape, Self.grouped(line.parameters), Self.mega(line.macs)])) }
        let total = network.parameters.all.reduce(0) { $0 + $1.count }
        try Console.out(row(["total", "", Self.grouped(total), Self.mega(rows.reduce(0) { $0 + $1.macs })]))
        try Console.out("\(config): \(Self.grouped(total)) parameters with buffers and sigma, \(Self.mega(Double(total) * 4)) MB as float32")
    }

    struct Line {
        let name, shape: String
        let parameters: Int
        let macs: Double

        init(_ name: String, _ rows: [Tape<Float>.SummaryRow]) {
            self.name = name
            // Batch is 1.
            shape = (rows.last?.shape.dropFirst() ?? []).map(String.init).joined(separator: " x ")
            parameters = rows.reduce(0) { $0 + $1.parameters }
            macs = Double(rows.reduce(0) { $0 + $1.macs })
        }
    }

    /// Neighboring operators of one scope are one line.
    private static func layers(_ rows: [Tape<Float>.SummaryRow]) -> [Line] {
        var lines: [Line] = []
        var current: [Tape<Float>.SummaryRow] = []
        for row in rows {
            if let last = current.last, last.scope != row.scope {
                lines.append(Line(last.scope, current))
                current = []
            }
            current.append(row)
        }
        if let last = current.last { lines.append(Line(last.scope, current)) }
        return lines
    }

    private static func mega(_ value: some BinaryInteger) -> String { mega(Double(value)) }
    private static func mega(_ value: Double) -> String { value == 0 ? "-" : String(format: "%.2f", value / 1e6) }

    private static func grouped(_ value: Int) -> String {
        var digits = Array(String(value))
        var at = digits.count - 3
        while at > 0 {
            digits.insert(",", at: at)
            at -= 3
        }
        return value == 0 ? "-" : String(digits)
    }

    private struct Entry: Encodable {
        let scope, op: String
        let shape: [Int]
        let parameters, macs: Int
    }

    private static func json(_ rows: [Tape<Float>.SummaryRow]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let entries = rows.map { Entry(scope: $0.scope, op: $0.op, shape: $0.shape, parameters: $0.parameters, macs: $0.macs) }
        return (try? encoder.encode(entries)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }
}
