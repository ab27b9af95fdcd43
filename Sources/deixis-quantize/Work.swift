internal import DeixisCommand
internal import DeixisExport
internal import DeixisGraph
internal import DeixisGrounding
internal import DeixisInput
internal import DeixisQuantization
internal import DeixisOperators
import DeixisRuntime
internal import Foundation

/// What the person asked for cannot be done; the message says why.
struct Refusal: Error, CustomStringConvertible {
    let description: String
}

/// One quantization: the model, its samples, and what was learned of them.
struct Work {
    let command: QuantizeCommand
    let graph: Graph
    let reader: SampleReader
    let calibrationCount: Int
    let heldOut: Range<Int>
    private(set) var quantizer: Quantizer
    /// Where scales migrated, and how many places there were to look at.
    private(set) var migrated: [MigratedScales] = []
    private(set) var migrationSiteCount = 0
    private var options: SessionOptions
    /// Cost of each layer, the most costly first, once asked for.
    private(set) var costs: [(name: Name, shift: Double)] = []

    init(_ command: QuantizeCommand) throws {
        self.command = command
        options = SessionOptions()
        options.threads = command.threads
        graph = try Model.load(command.model, operators: .all).graph
        quantizer = try Quantizer(graph, session: options)
        let dataset = try Dataset(directory: command.data)
        do { reader = try SampleReader(dataset, graph: graph) } catch {
            throw Refusal(description: "\(command.model): \(error)")
        }
        let count = dataset.entries.count
        calibrationCount = min(command.calibration, count)
        let wanted = command.evaluate == 0 ? count - calibrationCount : min(command.evaluate, count - calibrationCount)
        heldOut = calibrationCount..<calibrationCount + wanted
        if heldOut.isEmpty, !command.noGate {
            throw Refusal(
                description:
                    "\(command.data) has \(count) samples, --calibration takes all of them: nothing is left to judge by; "
                    + "give more samples, a lower --calibration, or --no-gate")
        }
        let known = Set(quantizer.computeNodes)
        for name in command.keepFloat where !known.contains(Name(name)) {
            throw Refusal(description: "--keep-float \(name): the model has no convolution or product of that name")
        }
    }

    /// Channels' ranges first where scales may migrate, for that changes the values; then the values' ranges.
    mutating func calibrate() throws {
        if command.migrate == .auto {
            // Weights that were trained on their steps would leave them.
            if graph.metadata.contains(where: { $0.key == "deixis.training.int8" }) {
                Console.note("\(command.model) was trained for int8 as it is: no scales migrate")
            } else {
                try migrateScales()
            }
        }
        for i in 0..<calibrationCount {
            try quantizer.observe(try reader.sample(i).inputs)
            progress("learning ranges", i + 1, of: calibrationCount)
        }
    }

    private mutating func migrateScales() throws {
        var migration = try ScaleMigration(graph, session: options)
        migrationSiteCount = migration.siteCount
        guard migrationSiteCount > 0 else { return }
        for i in 0..<calibrationCount {
            try migration.observe(try reader.sample(i).inputs)
            progress("learning channels", i + 1, of: calibrationCount)
        }
        let found = try migration.migrated()
        migrated = found.migrated
        if !migrated.isEmpty { quantizer = try Quantizer(found.graph, session: options) }
    }

    var migratedProductCount: Int { migrated.reduce(0) { $0 + $1.products.count } }

    /// The quantized graph with `kept` layers float beside those the person named.
    func int8(keeping kept: [Name]) throws(QuantizationError) -> Graph {
        var choice = QuantizationOptions()
        choice.method = command.method.range
        choice.biasCorrection = !command.noBiasCorrection
        choice.keepFloat = Set(kept).union(command.keepFloat.map { Name($0) })
        return try quantizer.quantized(choice)
    }

    private func score(_ graph: Graph, _ samples: [(sample: Sample, float: NormalizedBox)], _ text: String) throws
        -> BoxScore
    {
        let boxes = try Boxes(graph, options)
        var score = BoxScore()
        for (i, entry) in samples.enumerated() {
            let box = try boxes.box(entry.sample)
            score.add(iou: box.intersectionOverUnion(entry.sample.truth), shift: box.shift(from: entry.float))
            if !text.isEmpty { progress(text, i + 1, of: samples.count) }
        }
        return score
    }

    mutating func gate() throws -> GateResult {
        var samples: [(sample: Sample, float: NormalizedBox)] = []
        var float = BoxScore()
        let boxes = try Boxes(graph, options)
        for i in heldOut {
            let sample = try reader.sample(i), box = try boxes.box(sample)
            samples.append((sample, box))
            float.add(iou: box.intersectionOverUnion(sample.truth), shift: 0)
            progress("float model", i + 1 - heldOut.lowerBound, of: heldOut.count)
        }
        let limits = AccuracyGate(accuracyLoss: command.accuracyLoss, meanIoULoss: command.iouLoss)
        let plain = try score(try int8(keeping: []), samples, "int8 model")
        if command.report != nil || (!command.noGate && !limits.passes(plain, against: float)) {
            try measureCosts(Array(samples.prefix(command.sensitivity)))
        }
        var kept: [Name] = [], last = plain
        if !command.noGate, !limits.passes(plain, against: float) {
            var scores: [Int: BoxScore] = [0: plain]
            let found = try AccuracyGate.fewest(of: costs.map { $0.name }) { (names: [Name]) throws(any Error) in
                let result =
                    try scores[names.count] ?? score(try int8(keeping: names), samples, "\(names.count) layers float")
                scores[names.count] = result
                return limits.passes(result, against: float)
            }
            kept = found ?? costs.map { $0.name }
            last = scores[kept.count] ?? plain
        }
        return GateResult(
            float: float, plain: plain, int8: last, kept: kept, passes: limits.passes(last, against: float),
            limits: limits)
    }

    /// Box shift with one layer quantized alone.
    private mutating func measureCosts(_ samples: [(sample: Sample, float: NormalizedBox)]) throws {
        guard !samples.isEmpty else { return }
        let all = quantizer.computeNodes
        for (i, name) in all.enumerated() {
            let alone = try score(try int8(keeping: all.filter { $0 != name }), samples, "")
            costs.append((name, alone.meanShift))
            progress("sensitivity of layers", i + 1, of: all.count)
        }
        costs.sort { ($0.shift, $1.name.description) > ($1.shift, $0.name.description) }
    }

    func write(_ result: GateResult) throws {
        guard result.passes || command.noGate else { return }
        var int8 = try int8(keeping: result.kept)
        let provenance: [(String, String)] = [
            ("method", command.method.rawValue), ("migrated_scales", "\(migratedProductCount)"),
            ("samples", "\(calibrationCount)"),
            ("kept_float", result.kept.map { "\($0)" }.joined(separator: " ")), ("held_out", "\(result.float.count)"),
            ("accuracy", String(format: "%.4f", result.int8.accuracy)),
            ("float_accuracy", String(format: "%.4f", result.float.accuracy)),
        ]
        for (key, value) in provenance { int8.metadata.append((Name("deixis.quantization.\(key)"), Name(value))) }
        try ONNXFile.write(int8, to: command.out)
    }
}
