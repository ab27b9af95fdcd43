internal import ArgumentParser
internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisImage
internal import DeixisTraining

struct StudyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "study",
        abstract: "Train a table of networks or recipes that differ in one thing, and measure all of them alike.",
        discussion: """
            FILE says what all points share and what each of them changes (formats/study.md). Every point is trained \
            from each seed, exported, and asked about the same unseen samples in the runtime that will serve it; then \
            the latencies of all models are measured by turns. With this in loss.json, for example,

              {"title": "How much lambda", "config": "small", "samples": 60000,
               "seeds": [1, 2], "pretrain": {"samples": 60000}, "points": [
                {"name": "lambda 0.5", "config": {"loss": {"lambda": 0.5}}},
                {"name": "lambda 0.75"},
                {"name": "plain", "config": {"loss": {"isSelfPaced": false}}}]}

            a study is made, looked at, and made again where something has changed:
              deixis-train study loss.json --out loss
              deixis-train study --table --out loss
              deixis-train study loss.json --out loss

            DIR/study.json holds the results, DIR/study.md the table with the settings, DIR/study.png its picture; \
            DIR/POINT/seed-S the run of each: checkpoint, log.jsonl, model.onnx. Ctrl-C saves and stops; the same \
            command goes on, also after a crash, and on another machine that has study.json. What is done and has kept \
            its settings is not run again; latencies are, each time, unless --skip-latency. A point that cannot be, or \
            whose run fails, is told in the table; the others go on. All points of the first seed come first, and the table \
            is written after each run.

            The four ablations of the paper, on generated scenes that two cores learn:
              deixis-train study tools/studies/features.json --out features
              deixis-train study tools/studies/depth.json --out depth
              deixis-train study tools/studies/loss.json --out loss
              deixis-train study tools/studies/interaction.json --out interaction

            Exit code 0: at least one run has succeeded; 65: none has, or FILE or study.json is not right.
            """)

    @Argument(help: ArgumentHelp("The study: a JSON file.", valueName: "file"))
    var file: String?
    @Option(help: ArgumentHelp("Directory of the study's runs and results.", valueName: "dir"))
    var out: String
    @Flag(help: "Only write the tables and the picture anew, from study.json; no FILE is needed.")
    var table = false
    @Flag(help: "Measure no latencies; those in study.json stay.")
    var skipLatency = false
    @Option(help: "Seconds between checkpoints: what a killed run loses at most.")
    var checkpointSeconds: Double = 120
    @Option(help: "Threads of training and evaluation; default: the cores this process may use.")
    var threads: Int?

    func validate() throws {
        guard file != nil || table else {
            throw ValidationError("name a study's file, or --table for what is in --out")
        }
        if let threads { try check(threads, "--threads", 1...1024) }
        try check(checkpointSeconds, "--checkpoint-seconds", 1e-6...1e9)
    }

    func run() throws {
        let outputs = StudyOutputs(directory: out)
        guard let file else {
            let results = try StudyResults(file: outputs.results)
            try outputs.all.mustBeReplaceable()
            return try outputs.show(results)
        }
        let study = try Study(file: file)
        try outputs.all.check(against: [file] + study.inputs)
        // Before anything is written: a study.json that is damaged, or another study's, is left as it is.
        var results = StudyResults()
        if exists(outputs.results) { results = try StudyResults(file: outputs.results) }
        try results.adopt(study, path: outputs.results)
        try files { () throws(FileError) in
            try makeFolder(out)
            try outputs.all.mustBeReplaceable()
        }
        if table { return try outputs.show(results) }
        if let threads { try Backend.setThreadCount(threads) }
        try Backend.load()
        results.command = "deixis-train " + Program.arguments.joined(separator: " ")
        let runner = StudyRunner(study, results, outputs)
        runner.checkpointSeconds = checkpointSeconds
        runner.threads = threads ?? 0
        do {
            try runner.runAll()
            if !skipLatency { try runner.measureLatencies() }
        } catch is StudyStopped {
            try runner.save()
            Console.note("")
            try Console.out("Stopped; what is done is in \(outputs.results)")
            try Console.out("Go on with: deixis-train study \(file) --out \(out)")
            // As a shell says "interrupted": `study && next` must not go on.
            throw ExitCode(130)
        }
        try outputs.show(runner.results)
        if runner.results.successCount == 0 { throw CommandError.data("\(file): no run has succeeded") }
    }
}

/// Somebody has pressed Ctrl-C.
struct StudyStopped: Error {}

/// What a study leaves in its directory, beside its runs.
struct StudyOutputs {
    let directory: String

    var results: String { directory + "/study.json" }
    var table: String { directory + "/study.md" }
    var picture: String { directory + "/study.png" }
    /// The encoder that the study has taught, and how that went.
    var taught: String { directory + "/visual.safetensors" }
    var taughtLog: String { directory + "/visual.jsonl" }

    var all: Outputs {
        Outputs([results, table, picture, taught, taughtLog].map { (option: "--out: its file", path: $0) })
    }

    /// All that is made of results.
    func writeTables(_ results: StudyResults) throws {
        let text = StudyTable(results).markdown
        try files { () throws(FileError) in try replaceFile(table, with: Array(text.utf8)) }
        try StudyPicture(results).chart.drawn().write(to: picture)
    }

    /// The same, and the table on standard output.
    func show(_ results: StudyResults) throws {
        try writeTables(results)
        try Console.out(StudyTable(results).text)
        Console.note("\(table), \(picture)")
    }
}
