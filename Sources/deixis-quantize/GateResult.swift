internal import DeixisFiles
internal import DeixisGraph
internal import DeixisQuantization
internal import Foundation

/// What the gate found.
struct GateResult {
    var float, plain, int8: BoxScore
    var kept: [Name]
    var passes: Bool
    var limits: AccuracyGate

    func table(_ work: Work) -> String {
        func row(_ name: String, _ s: BoxScore) -> String {
            String(
                format: "%@ Acc@0.5 %.4f   mean IoU %.4f   box shift mean %.5f, most %.5f",
                name.padding(toLength: 18, withPad: " ", startingAt: 0),
                s.accuracy, s.meanIoU, s.meanShift, s.largestShift)
        }
        var lines: [String] = []
        if float.count > 0 {
            lines.append("\(float.count) held-out samples; hit: IoU > 0.5; shift in sides of the square")
            lines.append(row("float", float))
            lines.append(row("int8", plain))
            if !kept.isEmpty { lines.append(row("int8, \(kept.count) float", int8)) }
        }
        if work.command.migrate == .auto {
            lines.append(
                "scales migrated into the weights of \(work.migratedProductCount) products, at \(work.migrated.count) of \(work.migrationSiteCount) "
                    + "places where that is free")
        }
        for (name, shift) in work.costs.prefix(8) {
            lines.append(String(format: "  %.5f  alone: %@", shift, "\(name)"))
        }
        if !kept.isEmpty { lines.append("kept float: " + kept.map { "\($0)" }.joined(separator: ", ")) }
        let size = (try? InputFile(work.command.out))?.size
        if passes || work.command.noGate {
            lines.append("\(work.command.out): \(size ?? 0) bytes" + (passes ? "" : " (the gate is not met)"))
        } else {
            lines.append(
                String(
                    format:
                        "not written: the int8 model loses more than %.4f of Acc@0.5 or %.4f of mean IoU even with every layer that can be "
                        + "kept float; try --method mse, more --calibration samples, or --no-gate", limits.accuracyLoss,
                    limits.meanIoULoss))
        }
        return lines.joined(separator: "\n")
    }

    private struct Numbers: Encodable {
        let accuracy, mean_iou, mean_shift, largest_shift: Double
        init(_ s: BoxScore) {
            (accuracy, mean_iou, mean_shift, largest_shift) = (s.accuracy, s.meanIoU, s.meanShift, s.largestShift)
        }
    }
    private struct Report: Encodable {
        let model, out, rule: String
        let passes: Bool
        let samples: Int
        let float, int8_all, int8: Numbers
        let kept_float, migrated_scales: [String]
        let costs: [String: Double]
    }

    func json(_ work: Work) -> String {
        let report = Report(
            model: work.command.model, out: work.command.out, rule: "hit: IoU > 0.5", passes: passes,
            samples: float.count, float: Numbers(float),
            int8_all: Numbers(plain), int8: Numbers(int8), kept_float: kept.map { "\($0)" },
            migrated_scales: work.migrated.flatMap { $0.products.map { "\($0)" } },
            costs: Dictionary(work.costs.map { ("\($0.name)", $0.shift) }, uniquingKeysWith: max))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return (try? encoder.encode(report)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
