internal import DeixisCommand
internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisTraining
internal import Foundation

/// Runs what a study has not run yet, one after the other, and keeps what comes of each.
final class StudyRunner {
    let study: Study
    let outputs: StudyOutputs
    private(set) var results: StudyResults
    var checkpointSeconds = 120.0
    /// Of the runtime, as `SessionOptions.threads`.
    var threads = 0

    private let interrupt = Interrupt()
    private let screen = ProgressLine()
    private var clock = StudyClock()
    private let today: String

    init(_ study: Study, _ results: StudyResults, _ outputs: StudyOutputs) {
        (self.study, self.results, self.outputs) = (study, results, outputs)
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate]
        today = formatter.string(from: Date())
    }

    /// A point and a seed.
    private struct Job {
        let point: Int
        let seed: UInt64
    }

    /// All points of the first seed come first: half of the time gives a whole table.
    private var jobs: [Job] {
        study.seeds.flatMap { seed in study.points.indices.map { Job(point: $0, seed: seed) } }.filter {
            results.points[$0.point].problem == nil
        }
    }

    private func isDone(_ job: Job) -> Bool {
        results.points[job.point].run(seed: job.seed, unseenSettings: results.unseenSettings)?.accuracy != nil
    }

    /// Results first: tables can be made of them again.
    func save() throws {
        try results.write(to: outputs.results)
        try outputs.writeTables(results)
    }

    func stopIfAsked() throws { if interrupt.isRequested { throw StudyStopped() } }

    // MARK: All runs

    /// - Throws: `StudyStopped`; what keeps study.json from being written at the end.
    func runAll() throws {
        measureSizes()
        let all = jobs, left = all.filter { !isDone($0) }
        let points = study.points.count
        Console.note(
            "\(study.title): \(points) point\(points == 1 ? "" : "s"), \(study.seeds.count) "
                + "seed\(study.seeds.count == 1 ? "" : "s"), \(study.length) a run: \(all.count) runs, "
                + "\(all.count - left.count) done before")
        for point in results.listed { if let problem = point.problem { Console.note("\(point.name): \(problem)") } }
        noteChanges(left)
        try save()
        clock.units = left.map { job in
            let samples = (try? study.points[job.point].recipe.get().samples) ?? 1
            return Double(results.points[job.point].multiplyAdds ?? 1) * Double(samples)
        }
        let taughtProblem = try left.isEmpty ? nil : teach(for: left)
        for (number, job) in left.enumerated() {
            let point = study.points[job.point]
            let place = "run \(all.count - left.count + number + 1) of \(all.count)  \(point.name), seed \(job.seed)"
            let problem = point.visual == .pretrained ? taughtProblem : nil
            try run(job, number, place, problem)
        }
        try save()
    }

    /// The sizes of networks say how long their runs take beside each other, and stand in the table.
    private func measureSizes() {
        for index in study.points.indices where results.points[index].problem == nil {
            guard results.points[index].multiplyAdds == nil else { continue }
            do throws(GroundingError) {
                let size = try study.points[index].size()
                (results.points[index].parameters, results.points[index].multiplyAdds) = size
            } catch { results.points[index].problem = error.description }
        }
    }

    private func noteChanges(_ jobs: [Job]) {
        for job in jobs {
            let point = results.points[job.point]
            guard let old = point.runs.first(where: { $0.seed == job.seed }), old.accuracy != nil else { continue }
            let what = old.settings == point.settings ? "the unseen samples have" : "its settings have"
            Console.note("\(point.name), seed \(job.seed): \(what) changed since it was run; it is run again")
        }
    }

    private func run(_ job: Job, _ number: Int, _ place: String, _ problem: String?) throws {
        try stopIfAsked()
        var result = StudyResults.Run()
        result.seed = job.seed
        (result.settings, result.unseenSettings) = (results.points[job.point].settings, results.unseenSettings)
        do {
            if let problem { throw CommandError.data(problem) }
            try train(job, number, place, &result)
        } catch let stopped as StudyStopped {
            throw stopped
        } catch {
            let message = Self.message(error)
            Console.note("\(place): failed: \(message)")
            result.problem = message
        }
        clock.finish(number)
        BufferPool.trim()
        results.points[job.point].set(result)
        // The next saving may succeed, the last one must.
        do { try save() } catch { Console.note("\(Self.message(error)); the study goes on") }
    }

    static func message(_ error: any Error) -> String {
        (error as? CommandError)?.message ?? DeixisTrain.failure(error)?.message ?? "\(error)"
    }

    private func train(_ job: Job, _ number: Int, _ place: String, _ result: inout StudyResults.Run) throws {
        let run = StudyRun(study, study.points[job.point], seed: job.seed, in: outputs.directory)
        Console.note("\(place): \(run.directory)")
        let trainer = try run.trainer(taught: outputs.taught) { Console.note($0) }
        var training = TrainingRun(directory: run.directory)
        training.checkpointInterval = checkpointSeconds
        clock.begin(number)
        let ending = try training.train(
            trainer, shouldStop: { interrupt.isRequested },
            progress: { state in
                let left = TrainingProgress.clock(clock.secondsLeft(timeLeft: state.timeLeft))
                screen.show("\(place)  \(state.line)  study left \(left)", final: state.step == state.steps)
            },
            report: { Console.note($0) })
        if ending == .stopped { throw StudyStopped() }
        result.seconds = trainer.seconds.rounded()
        let size = try run.export(date: today)
        (results.points[job.point].parameters, results.points[job.point].multiplyAdds) = size
        let summary = try evaluate(run.model, place)
        (result.accuracy, result.meanIoU) = (summary.all.accuracy, summary.meanIoU)
        result.kinds = summary.kinds.map { group in
            var kind = StudyResults.Kind()
            (kind.name, kind.count, kind.hits) = (group.name, group.count, group.hits)
            return kind
        }
        Console.note(
            String(
                format: "%@: Acc@0.5 %.3f, mean IoU %.3f of %d unseen samples", place, summary.all.accuracy,
                summary.meanIoU, summary.all.count))
    }

    private func evaluate(_ model: String, _ place: String) throws -> EvaluationSummary {
        let asked = try StudyModel(model, threads: threads)
        var samples: [EvaluatedSample] = []
        for index in 0..<study.unseen.count {
            try stopIfAsked()
            samples.append(try asked.answer(index, of: study.unseen))
            screen.show(
                "\(place)  unseen sample \(index + 1) of \(study.unseen.count)",
                final: index + 1 == study.unseen.count)
        }
        return EvaluationSummary(samples)
    }

    // MARK: The visual encoder

    /// Teaches the visual encoder, where a run needs it and the directory has none of these settings.
    ///
    /// - Returns: why that failed; nil where it did not.
    private func teach(for jobs: [Job]) throws -> String? {
        guard let recipe = study.pretraining, jobs.contains(where: { study.points[$0.point].visual == .pretrained })
        else { return nil }
        if results.taughtSettings == study.pretrainingSettings, exists(outputs.taught) { return nil }
        results.taughtSettings = ""
        try save()
        Console.note("the visual encoder first, on \(recipe.samples) scenes: \(outputs.taught)")
        do {
            let run = PretrainingRun(out: outputs.taught, log: outputs.taughtLog, command: results.command)
            let ending = try run.train(
                VisualPretrainer(recipe), shouldStop: { interrupt.isRequested },
                progress: { state in
                    screen.show("visual encoder  \(state.line)", final: state.step == state.steps)
                },
                report: { Console.note($0) })
            guard ending.finished else { throw StudyStopped() }
        } catch let stopped as StudyStopped {
            throw stopped
        } catch { return "its visual encoder could not be taught: \(Self.message(error))" }
        BufferPool.trim()
        results.taughtSettings = study.pretrainingSettings
        try save()
        return nil
    }

    // MARK: Latencies

    /// Measures all models of listed points by turns; those whose file is not here have none afterwards, unless no
    /// file is here at all.
    func measureLatencies() throws {
        let models = results.points.indices.compactMap { index -> (point: Int, path: String)? in
            guard results.points[index].isListed else { return nil }
            let done = results.runs(of: results.points[index]).filter { $0.accuracy != nil }
            let paths = done.map { "\(outputs.directory)/\(results.points[index].folder)/seed-\($0.seed)/model.onnx" }
            return paths.first(where: exists).map { (index, $0) }
        }
        guard !models.isEmpty else { return }
        let latency = StudyLatency(study.unseen, shouldStop: { [interrupt] in interrupt.isRequested })
        let measured = try latency.measure(models.map(\.path)) { [screen] text, final in screen.show(text, final: final)
        }
        for index in results.points.indices where results.points[index].isListed {
            results.points[index].latencies = []
        }
        for (model, latencies) in zip(models, measured) { results.points[model.point].latencies = latencies }
        (results.processor, results.measured) = (StudyLatency.processor, today)
        try save()
    }
}
