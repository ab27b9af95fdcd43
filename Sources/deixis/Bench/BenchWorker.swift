import ArgumentParser
import CDeixisSystem
import DeixisCommand
import DeixisFiles
import DeixisGraph
import DeixisRuntime

/// One side of `tools/compare-runtimes`: a process that holds a model and runs it when told to, so that runtimes can
/// take turns without loading again. `tools/compare/worker.py` speaks the same for the others.
///
/// Answers are one line of JSON each. The first comes unasked, after the model has run once. Between orders it waits in
/// `read`, and the pool's threads sleep.
struct BenchWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-worker",
        abstract: "The worker of tools/compare-runtimes: loads a model, then runs it when told to.",
        discussion: """
            Orders come on standard input, one a line; each is answered by one line of JSON on standard output:

              run N        runs N times; nanoseconds of each
              alternate N  the same, changing between --other and --input before each run: another sentence, the same picture
              memory       bytes of this process: anonymous, proportional (PSS), resident, peak resident
              output DIR   writes the last run's outputs as .npy files; their names
              quit         ends, as does the end of the input

              deixis bench-worker model.onnx --input x=x.npy --threads 2
            """,
        shouldDisplay: false)

    @Argument(help: "An ONNX file.") var model: String
    @Option(help: ArgumentHelp("One input of the model.", valueName: "name=file.npy")) var input: [String] = []
    @Option(help: ArgumentHelp("Another content, of the same shape, of one input.", valueName: "name=file.npy"))
    var other: [String] = []
    @OptionGroup var options: RunOptions

    func run() throws {
        let arrays = try load(input), others = try load(other)
        let tensors = arrays.map { (name: $0.name, tensor: $0.array.constant) }
        let before = memory
        let begin = deixis_clock_ns()
        let context = try loadSession(model, options).makeContext()
        let loaded = deixis_clock_ns()
        do {
            _ = try context.run(tensors)
            let first = deixis_clock_ns()
            try answer([
                ("load_ms", .number(Double(loaded - begin) / 1e6)), ("first_ms", .number(Double(first - loaded) / 1e6)),
                ("threads", .integer(context.session.threads)), ("memory_before", before), ("memory", memory),
            ])
            while let line = readLine() {
                let words = line.split(separator: " ", maxSplits: 1).map(String.init)
                switch (words.first, words.dropFirst().first) {
                case ("run", let count?):
                    try answer([("ns", .array(try measure(context, times(count)).map(JSON.integer)))])
                case ("alternate", let count?):
                    let sets = [others, arrays.filter { array in others.contains { $0.name == array.name } }]
                    try answer([("ns", .array(try measure(context, times(count), sets).map(JSON.integer)))])
                case ("memory", nil): try answer([("memory", memory)])
                case ("output", let folder?): try answer([("outputs", .array(try write(context, to: folder)))])
                case ("quit", nil): return
                default: throw CommandError.usage("'\(line)': expected run N, alternate N, memory, output DIR or quit")
                }
            }
        } catch let error as RuntimeError {
            throw CommandError.data("\(model): \(error)")
        }
    }

    private func load(_ arguments: [String]) throws(CommandError) -> [(name: Name, array: NumPyArray)] {
        try readInputs(arguments).map { ($0.name, $0.array) }
    }

    private func times(_ text: String) throws(CommandError) -> Int {
        guard let count = Int(text), count >= 1, count <= 1_000_000 else {
            throw .usage("'\(text)' runs: expected 1 to 1000000")
        }
        return count
    }

    /// Inputs lie in place, outputs are read in place; what changes from run to run is written within the time
    /// measured, and what does not change is not computed again.
    private func measure(_ context: RunContext, _ count: Int, _ sets: [[(name: Name, array: NumPyArray)]] = []) throws
        -> [Int]
    {
        let changes = try sets.isEmpty ? [] : alternation(context, sets)
        var times = [Int](repeating: 0, count: count)
        for index in 0..<count {
            let start = deixis_clock_ns()
            if changes.isEmpty {
                try context.run()
            } else {
                for change in changes[index % changes.count] { change.buffer.copyBytes(from: change.bytes) }
                try context.runChanged()
            }
            times[index] = Int(deixis_clock_ns() - start)
        }
        return times
    }

    /// Plans with everything but the inputs of `sets` kept, at the lengths that the last run had: padding may have been
    /// dropped from the end.
    private func alternation(
        _ context: RunContext, _ sets: [[(name: Name, array: NumPyArray)]]
    ) throws -> [[(buffer: UnsafeMutableRawBufferPointer, bytes: ArraySlice<UInt8>)]] {
        let arrays = try load(input), names = context.session.inputNames
        var shapes: [[Int]] = []
        for (index, name) in names.enumerated() {
            guard let array = arrays.first(where: { $0.name == name })?.array else {
                throw CommandError.usage("input \(name) is missing")
            }
            let held = try context.inputBuffer(index).count
            shapes.append(held < array.bytes.count ? [1, held * array.shape[1] / array.bytes.count] : array.shape)
        }
        let changing = sets.flatMap { $0.map(\.name) }
        try context.prepare(shapes, keeping: names.indices.filter { !changing.contains(names[$0]) })
        func place(_ set: [(name: Name, array: NumPyArray)]) throws -> [(
            buffer: UnsafeMutableRawBufferPointer, bytes: ArraySlice<UInt8>
        )] {
            try set.map { entry in
                guard let index = names.firstIndex(of: entry.name),
                    let own = arrays.first(where: { $0.name == entry.name })?.array,
                    own.bytes.count == entry.array.bytes.count
                else {
                    throw CommandError.usage("--other \(entry.name): expected an input of the model, of the same size")
                }
                let buffer = try context.inputBuffer(index)
                return (buffer: buffer, bytes: entry.array.bytes.prefix(buffer.count))
            }
        }
        for change in try place(arrays) { change.buffer.copyBytes(from: change.bytes) }
        try context.run()
        return try sets.map(place)
    }

    private func write(_ context: RunContext, to folder: String) throws -> [JSON] {
        try makeFolder(folder)
        let names = context.session.outputNames, files = outputFileNames(names)
        let read = try readInputs(input).map(\.path) + readInputs(other).map(\.path)
        try Outputs(files.map { ("output", folder + "/" + $0) }).check(model: model, read)
        return try zip(names, files).enumerated().map { index, names in
            let output = try context.output(index)
            let array = NumPyArray(type: output.element, shape: output.shape, bytes: Array(output.bytes))
            try replaceFile(folder + "/" + names.1, with: array.encoded())
            return .object([("name", .string(names.0.description)), ("file", .string(names.1))])
        }
    }

    private var memory: JSON {
        var memory = deixis_memory()
        readMemory(&memory)
        return .object([
            ("anonymous_bytes", told(memory.anonymous)), ("proportional_bytes", told(memory.proportional)),
            ("resident_bytes", told(memory.resident)), ("peak_resident_bytes", told(memory.peak_resident)),
        ])
    }

    private func answer(_ pairs: [(String, JSON)]) throws(CommandError) { try Console.out(JSON.object(pairs).line) }
}
