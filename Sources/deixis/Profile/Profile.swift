import ArgumentParser
import CDeixisSystem
import DeixisCommand
import DeixisFiles
import DeixisGraph
import DeixisRuntime

struct Profile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how fast an ONNX model runs, and where the time goes.",
        discussion: """
            Inputs that are not given are made up: pictures of natural-looking noise, token ids of the vocabulary, masks of ones; what stands \
            for each symbolic dimension is printed and can be chosen.

              deixis profile small.onnx
              deixis profile small.onnx --threads 1 --runs 200 --dim length=40
              deixis profile small.onnx --threads 1 --callers 2
              deixis profile small.onnx --html profile.html --trace trace.json
              deixis profile model.onnx --input x=x.npy --json before.json
              deixis profile model.onnx --input x=x.npy --compare before.json
              deixis profile now.json --compare before.json

            COLUMNS
              share    of all steps' time
              of peak  multiply-accumulates against the most this machine does with these threads in their type, fp32 or int8, measured by
                       loops that do nothing else; they are counted as the operator defines them, so a kernel that saves some can exceed 100 %
              moved    bytes of inputs, weights and outputs, each counted once
              limit    what the step runs into: compute; memory, where reading the bytes takes longer than the arithmetic; cache, the same
                       where they came faster than from memory
            "share of peak" is the time that all multiply-accumulates take at the peaks of their types, against p50.

            CALLERS
              --runs rounds of some 20 ms each for one caller, for all callers of one session, and for callers with a session and a model of \
            their own, which is the most that this machine allows. Ratios are taken within a round; the median of all rounds is told. \
            --threads 1 keeps each caller to one core.

            FILES
              --json     milliseconds: load_ms first_ms min_ms p50_ms p90_ms p99_ms; histogram, phases, peaks, memory, operators, steps
              --trace    one run, step by step and thread by thread, for chrome://tracing and ui.perfetto.dev
              --html     one page that needs no network: timeline, roofline, layers
              --compare  a file that --json wrote; whole runs, operators and steps before and now. Steps only where the graph is the same.
            """)

    @Argument(help: "An ONNX file; with --compare also a file that --json wrote.") var model: String
    @Option(help: ArgumentHelp("One input of the model; the others are made up.", valueName: "name=file.npy"))
    var input: [String] = []
    @Option(help: ArgumentHelp("What a symbolic dimension stands for.", valueName: "name=n")) var dim: [String] = []
    @Option(help: "How often the model runs after the first time.") var runs = 30
    @Option(help: ArgumentHelp("Also write the measurements as JSON.", valueName: "file")) var json: String?
    @Option(help: ArgumentHelp("Also write one run as a trace for Chrome or Perfetto.", valueName: "file")) var trace:
        String?
    @Option(help: ArgumentHelp("Also write a page with timeline, roofline and layers.", valueName: "file")) var html:
        String?
    @Option(help: ArgumentHelp("Print what changed since this profile instead.", valueName: "before.json")) var compare:
        String?
    @Option(
        help:
            "Also let so many callers ask at once, sharing the model and each with its own, and compare with one caller."
    ) var callers: Int?
    @Flag(help: "Also list every step of the plan.") var steps = false
    @Flag(help: "Do not measure this machine's peaks (0.3 s, 128 MiB).") var noPeaks = false
    @OptionGroup var options: RunOptions

    func validate() throws {
        try check(runs, "--runs", 1...1_000_000)
        if let callers { try check(callers, "--callers", 2...256) }
    }

    func run() throws {
        let before = try compare.map { path throws(CommandError) in try ProfileRecord(file: path) }
        if let before, model.hasSuffix(".json") {
            guard json == nil, trace == nil, html == nil else {
                throw CommandError.usage("--json, --trace and --html need a model to measure, not a profile")
            }
            try Console.out(Comparison(before: before, now: try ProfileRecord(file: model)).text(steps: steps))
            return
        }
        let given = try readInputs(input)
        let outputs = Outputs(("--json", json), ("--trace", trace), ("--html", html))
        try outputs.check(model: model, given.map(\.path) + (compare.map { [$0] } ?? []))
        try outputs.mustBeWritable()
        let report = try measure(given.map { ($0.name, $0.array) })
        if let before {
            try Console.out(Comparison(before: before, now: try ProfileRecord(report.json, model)).text(steps: steps))
        } else {
            try Console.out(report.text(steps: steps))
        }
        if let json { try writeText(report.json.text() + "\n", to: json) }
        if let trace { try writeText(report.traceJSON.text() + "\n", to: trace) }
        if let html { try writeText(ProfilePage(report).html, to: html) }
    }

    private func measure(_ given: [(name: Name, array: NumPyArray)]) throws -> ProfileReport {
        let chosen = try readDimensions(dim)
        let begin = deixis_clock_ns()
        let session = try loadSession(model, options)
        let load = milliseconds(since: begin)
        let graph = session.model.graph
        let sample = SampleInputs(graph: graph, chosen: chosen)
        try sample.check()
        try sample.checkSizes()
        let made = graph.inputs.filter { id in !given.contains { $0.name == graph[id].name } }
        let inputs = given + made.map { (graph[$0].name, sample.array(for: $0)) }

        var report = ProfileReport(path: model, session: session)
        report.loadMilliseconds = load
        report.inputs = inputs.enumerated().map { index, input in
            "\(input.name) \(input.array.type.label) \(input.array.shape)" + (index < given.count ? "" : " (made up)")
        }
        report.dimensions = made.isEmpty ? [] : sample.dimensions().map { ($0.name.description, $0.extent) }
        do throws(RuntimeError) {
            try time(session.makeContext(), inputs, &report)
        } catch {
            throw CommandError.data("\(model): \(error)")
        }
        // Last, for the peaks' own memory is not the model's.
        if !noPeaks { report.peaks = Peaks.measure(threads: session.threads) }
        return report
    }

    private func time(
        _ context: RunContext, _ inputs: [(name: Name, array: NumPyArray)], _ report: inout ProfileReport
    ) throws(RuntimeError) {
        let tensors = inputs.map { (name: $0.name, tensor: $0.array.constant) }
        let first = deixis_clock_ns()
        _ = try context.run(tensors)
        report.firstMilliseconds = milliseconds(since: first)
        report.divide(context.session.times)
        // What is measured is the run itself: inputs lie in place, outputs are read in place.
        let sensors = Sensors()
        let cool = sensors.temperature(), energy = sensors.energy(), begin = deixis_clock_ns()
        for _ in 0..<runs {
            let start = deixis_clock_ns()
            try context.run()
            report.times.append(milliseconds(since: start))
        }
        let seconds = milliseconds(since: begin) / 1e3
        if let energy, let joules = sensors.energy()?.joules(since: energy), seconds > 0 {
            report.energy = ProfileReport.Energy(joulesPerRun: joules / Double(runs), watts: joules / seconds)
        }
        if let cool, let warm = sensors.temperature() { report.temperatures = (cool, warm) }
        try report.measure(context, runs: min(max(runs, 3), 20))
        var memory = deixis_memory()
        readMemory(&memory)
        report.memory = memory
        // What follows is no memory of the model's.
        if let callers {
            let others = try (1..<callers).map { _ throws(RuntimeError) in
                try Session(try Model.load(model), options: options.session)
            }
            report.callers = try Callers(context.session, others: others, tensors, rounds: runs)
        }
    }

    private func milliseconds(since start: UInt64) -> Double { Double(deixis_clock_ns() - start) / 1e6 }
}
