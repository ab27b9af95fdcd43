import ArgumentParser
import CDeixisSystem
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
              deixis profile model.onnx --input x=x.npy --json profile.json

            JSON keys (milliseconds): load_ms first_ms min_ms p50_ms p90_ms p99_ms, and more.
            """)

    @Argument(help: "An ONNX file.") var model: String
    @Option(help: ArgumentHelp("One input of the model; the others are made up.", valueName: "name=file.npy")) var input: [String] = []
    @Option(help: ArgumentHelp("What a symbolic dimension stands for.", valueName: "name=n")) var dim: [String] = []
    @Option(help: "How often the model runs after the first time.") var runs = 30
    @Option(help: ArgumentHelp("Also write the measurements as JSON.", valueName: "file")) var json: String?
    @Flag(help: "Also list every step of the plan.") var steps = false
    @OptionGroup var options: RunOptions

    func validate() throws {
        guard runs >= 1, runs <= 1_000_000 else { throw ValidationError("--runs is \(runs); expected 1 to 1000000") }
    }

    func run() throws {
        let chosen = try readDimensions(dim)
        let given = try readInputs(input)
        let begin = deixis_clock_ns()
        let session = try loadSession(model, options)
        let load = milliseconds(since: begin)
        let graph = session.model.graph
        let sample = SampleInputs(graph: graph, chosen: chosen)
        try sample.check()
        let made = graph.inputs.filter { id in !given.contains { $0.name == graph[id].name } }
        let inputs = given + made.map { (graph[$0].name, sample.array(for: $0)) }

        var report = ProfileReport(path: model, threads: session.threads, loadMilliseconds: load)
        report.inputs = inputs.enumerated().map { index, input in
            "\(input.name) \(input.array.type.label) \(input.array.shape)" + (index < given.count ? "" : " (made up)")
        }
        report.dimensions = made.isEmpty ? [] : sample.dimensions().map { ($0.name.description, $0.extent) }
        do throws(RuntimeError) {
            try measure(session, inputs, &report)
        } catch {
            throw CommandError.data("\(model): \(error)")
        }
        try Console.out(report.text(steps: steps))
        if let json { try Files.write(Array((report.json.text() + "\n").utf8), to: json) }
    }

    private func measure(
        _ session: Session, _ inputs: [(name: Name, array: NumPyArray)], _ report: inout ProfileReport
    ) throws(RuntimeError) {
        let tensors = inputs.map { (name: $0.name, tensor: $0.array.constant) }
        let first = deixis_clock_ns()
        _ = try session.run(tensors)
        report.firstMilliseconds = milliseconds(since: first)
        // What is measured is the run itself: inputs lie in place, outputs are read in place.
        for _ in 0..<runs {
            let start = deixis_clock_ns()
            try session.run()
            report.times.append(milliseconds(since: start))
        }
        try report.measure(session, runs: min(max(runs, 3), 20))
        var memory = deixis_memory()
        if deixis_read_memory(&memory) == 0 { report.memory = memory }
    }

    private func milliseconds(since start: UInt64) -> Double { Double(deixis_clock_ns() - start) / 1e6 }
}
