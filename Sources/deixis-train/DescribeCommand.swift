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
            One line per layer for one picture and the longest sentence; image-like results are height x width x channels. \
            --detail lists every operator. Known networks: \(NetworkConfiguration.names.joined(separator: ", ")).

              deixis-train describe small
              deixis-train describe run/checkpoint

            --json writes the whole configuration, --recipe NAME --json a whole recipe: start your own from it. A file \
            need only name what differs from its "base" (all keys: formats/settings.md):
              deixis-train describe paper-r50 --json > my.json
              echo '{"base": "paper-r50", "visual": {"stages": [4, 5]}, "loss": {"lambda": 0.5}}' > my.json
              deixis-train describe my.json
              deixis-train train --config my.json --recipe paper --data refcoco/train --out run
            """)

    @Argument(help: ArgumentHelp("A configuration's name or JSON file, or a run's checkpoint.", valueName: "config"))
    var config: String?
    @Option(
        help: ArgumentHelp(
            "Describe a recipe instead: \(TrainingRecipe.Known.allCases.map(\.rawValue).joined(separator: ", ")), a JSON file, or a checkpoint.",
            valueName: "name"))
    var recipe: String?
    @Flag(help: "Every operator on a line of its own.")
    var detail = false
    @Flag(help: "Print the whole configuration or recipe as JSON; with --detail the operators.")
    var json = false

    func validate() throws {
        guard (config == nil) != (recipe == nil) else { throw ValidationError("name a configuration, or --recipe") }
    }

    func run() throws {
        if let recipe { return try Console.out(try Self.recipe(recipe).json) }
        let config = config ?? ""
        let isCheckpoint = exists(config) && !NetworkConfiguration.names.contains(config) && !config.hasSuffix(".json")
        let network: GroundingNetwork<Float>, base: String?
        if isCheckpoint {
            (network, base) = (try TrainedNetwork(checkpoint: config).network, nil)
        } else {
            let chosen = try ChosenConfiguration(config)
            base = chosen.base
            if json, !detail {
                return try Console.out(chosen.configuration.fileText(version: NetworkConfiguration.version, base: base))
            }
            network = try GroundingNetwork<Float>(chosen.configuration, seed: 1)
        }
        if json, !detail { return try Console.out(network.configuration.json) }
        let rows = network.summary()
        if json {
            try Console.out(Self.json(rows))
            return
        }
        let lines =
            detail ? rows.map { Line($0.scope.isEmpty ? $0.op : "\($0.scope)  \($0.op)", [$0]) } : Self.layers(rows)
        let name = max(12, lines.map(\.name.count).max() ?? 0)
        func row(_ cells: [String]) -> String {
            cells[0].padding(toLength: name + 2, withPad: " ", startingAt: 0)
                + zip(cells.dropFirst(), [20, 14, 12]).map { String(repeating: " ", count: max(1, $1 - $0.count)) + $0 }
                .joined()
        }
        try Console.out(row(["layer", "result", "parameters", "MMAC"]))
        for line in lines {
            try Console.out(row([line.name, line.shape, Self.grouped(line.parameters), Self.mega(line.macs)]))
        }
        let total = network.parameters.all.reduce(0) { $0 + $1.count }
        try Console.out(row(["total", "", Self.grouped(total), Self.mega(rows.reduce(0) { $0 + $1.macs })]))
        try Console.out(
            "\(config): \(Self.grouped(total)) parameters with buffers and sigma, \(Self.mega(Double(total) * 4)) MB as float32"
        )
    }

    private static func recipe(_ choice: String) throws -> TrainingRecipe {
        if exists(choice), TrainingRecipe.Known(rawValue: choice) == nil, !choice.hasSuffix(".json") {
            return try TrainedNetwork(checkpoint: choice).recipe
        }
        var recipe = TrainingRecipe()
        try recipe.adopt(choice)
        return recipe
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
        let entries = rows.map {
            Entry(scope: $0.scope, op: $0.op, shape: $0.shape, parameters: $0.parameters, macs: $0.macs)
        }
        return (try? encoder.encode(entries)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }
}
