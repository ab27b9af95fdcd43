import ArgumentParser
import DeixisExport
import DeixisGraph
import DifferentialGraphs
import Foundation

/// Random graphs, each run in every way there is. What differs is made small, printed as a test and saved.
@main struct DifferentialCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deixis-differential",
        abstract: "Runs random graphs in every way there is and compares with the graph as read by references.")

    @Option(help: "How many graphs.") var graphs: UInt64 = 2000
    @Option(help: "Where random numbers start.") var seed: UInt64 = 1
    @Option(help: "The first graph's number.") var from: UInt64 = 0
    @Option(help: "Where graphs that differ are saved, as ONNX files.") var out = "differences"
    @Option(help: "Stop after so many differences.") var most = 20
    @Flag(help: "Every thread count, compiled file and kept input for every graph.") var thorough = false
    @Flag(help: "Do not make what differs smaller.") var whole = false
    @Flag(help: "Print each graph.") var list = false
    @Flag(help: "Count how many graphs each pass changed and each kernel ran in.") var coverage = false
    @Option(help: "Write graphs, inputs and expected outputs here instead, for another runtime.") var export: String?

    func run() throws {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("deixis-differential-\(getpid())")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let differential = Differential(folder: scratch.path, isThorough: thorough), start = Date()
        var counts = (agreed: 0, exact: 0, open: 0, invalid: 0, differed: 0), invalid: [String: Int] = [:]
        var covered = Coverage()
        for number in from..<from + graphs {
            let test = Generator.make(seed: seed, number: number)
            if list { print(number, test.graph.nodes.map { "\($0.op)" }.joined(separator: " ")) }
            if let export {
                try Exporter.write(test, number, to: export)
                continue
            }
            if coverage { try? covered.add(test) }
            switch differential.check(test, number: number) {
            case .agrees(let isExact, let isOpen):
                counts.agreed += 1
                counts.exact += isExact ? 1 : 0
                counts.open += isOpen ? 1 : 0
            case .invalid(let reason):
                counts.invalid += 1
                invalid[String(reason.prefix(120)), default: 0] += 1
            case .differs(let difference):
                counts.differed += 1
                try report(test, number, difference, differential)
            }
            if (number - from + 1) % 1000 == 0 { progress(number - from + 1, counts, start) }
            if counts.differed >= most { break }
        }
        progress(UInt64(counts.agreed + counts.invalid + counts.differed), counts, start)
        for (reason, count) in invalid.sorted(by: { $0.value > $1.value }).prefix(5) {
            print("  \(count) not valid: \(reason)")
        }
        if coverage { print(covered.description) }
        if counts.differed > 0 { throw ExitCode(1) }
    }

    private func progress(
        _ done: UInt64, _ counts: (agreed: Int, exact: Int, open: Int, invalid: Int, differed: Int), _ start: Date
    ) {
        let rate = Int(Double(done) / max(Date().timeIntervalSince(start), 1e-9))
        let agreed = "\(counts.agreed) agree (\(counts.exact) to the bit, \(counts.open) in part)"
        print("\(done) graphs: \(agreed), \(counts.differed) differ, \(counts.invalid) not valid; \(rate) a second")
        fflush(nil)
    }

    private func report(
        _ test: DifferentialCase, _ number: UInt64, _ difference: Difference, _ differential: Differential
    ) throws {
        print("graph \(number) of seed \(seed) differs. \(difference)")
        fflush(nil)
        let small =
            whole
            ? test.compacted
            : Shrinker.shrink(test) {
                if case .differs = differential.check($0, number: number) { true } else { false }
            }
        var comment = "\(difference)"
        if case .differs(var own) = differential.check(small, number: number) {
            own.pass = Differential.blame(small)
            comment = "\(own)"
        }
        print(small.test(named: "seed\(seed)graph\(number)", comment: comment))
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        try ONNXFile.write(Differential.typed(small), to: "\(out)/\(seed)-\(number).onnx")
        fflush(nil)
    }
}
