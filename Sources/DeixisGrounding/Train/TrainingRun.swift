import DeixisFiles
import DeixisTraining
import Foundation

/// What a run tells while it goes; the latest values, for one line on the screen.
public struct TrainingProgress: Sendable {
    public var step = 0
    public var steps = 0
    public var samples = 0
    public var loss = 0.0
    /// Of each of `SelfPacedLoss.terms`: its value, and its sigma.
    public var terms = SelfPacedLoss.terms.map { _ in 0.0 }, sigmas = SelfPacedLoss.terms.map { _ in 0.0 }
    /// Acc@0.5 on the last training batches.
    public var accuracy = 0.0
    public var heldOutAccuracy: Double?
    public var samplesPerSecond = 0.0
    /// Seconds, at the present speed.
    public var timeLeft = 0.0

    public var line: String {
        func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
        let heldOut = heldOutAccuracy.map { fixed($0, 3) } ?? "-"
        let parts = zip(SelfPacedLoss.terms, terms).map { "\($0.name) \(fixed($1, 3))  " }.joined()
        return "step \(step)/\(steps)  loss \(fixed(loss, 3))  \(parts)"
            + "sigma \(sigmas.map { fixed($0, 2) }.joined(separator: " "))  Acc@0.5 \(fixed(accuracy, 3))  held-out \(heldOut)  "
            + "\(fixed(samplesPerSecond, 0)) samples/s  left \(Self.clock(timeLeft))"
    }

    public static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e7 else { return "-" }
        let s = Int(seconds.rounded())
        let tail = String(format: "%02d:%02d", s / 60 % 60, s % 60)
        return s >= 3600 ? "\(s / 3600):\(tail)" : tail
    }
}

/// A directory with `checkpoint` and `log.jsonl`, and the loop that fills it.
public struct TrainingRun: Sendable {
    public let directory: String
    /// Seconds between checkpoints: what a killed run loses at most.
    public var checkpointInterval = 120.0
    /// Steps that a line of the log sums up.
    public var logEvery = 20

    public init(directory: String) { self.directory = directory }

    public var checkpoint: String { directory + "/checkpoint" }
    public var log: String { directory + "/log.jsonl" }

    public enum Ending: Sendable, Equatable { case finished, stopped }

    /// Trains until the recipe's samples are used up or `shouldStop` says so; either way the last state is in the
    /// checkpoint.
    ///
    /// When saving fails on the way (a full disk), `report` hears it, a checkpoint before it stays, and training goes
    /// on; only the last saving must succeed. `report` also hears which pictures were left out, and once, where steps
    /// wait for more than a tenth of the time, that pictures do not come fast enough.
    public func train(
        _ trainer: Trainer, shouldStop: () -> Bool = { false }, progress: (TrainingProgress) -> Void = { _ in },
        report: (String) -> Void = { _ in }
    ) throws(GroundingError) -> Ending {
        // One rank writes.
        let (ranks, writes) = (trainer.ranks, trainer.plan.rank == 0)
        if writes {
            try GroundingError.file { () throws(FileError) in
                try makeFolder(directory)
                // Now rather than after hours.
                try Outputs(("checkpoint", checkpoint), ("log", log)).mustBeReplaceable()
            }
            try TrainingLog.rewind(log, to: trainer.step)
        }
        func append(_ record: TrainingRecord) throws(GroundingError) {
            if writes { try TrainingLog.append(record, to: log) }
        }
        let recipe = trainer.recipe
        if recipe.int8Samples != nil, trainer.quantization == nil { try trainer.beginQuantizationAware() }
        let queue = BatchQueue(trainer.data.maker(recipe), trainer.plan, from: trainer.step, depth: 3)
        defer { queue.stop() }
        let clock = ContinuousClock()
        var saved = clock.now
        var state = TrainingProgress()
        state.steps = recipe.steps
        var hasWaited = false
        state.heldOutAccuracy = trainer.heldOutAccuracy
        while trainer.step < recipe.steps {
            let isAsked = shouldStop()
            if ranks?.any(isAsked) ?? isAsked {
                if writes { try trainer.save(to: checkpoint) }
                return .stopped
            }
            let start = clock.now
            var waited = 0.0
            let result = try trainer.train { (_) throws(GroundingError) in
                let asked = clock.now
                defer { waited += (clock.now - asked) / .seconds(1) }
                return try queue.next()
            }
            trainer.data.takeBroken().forEach { report("left out: \($0)") }
            let seconds = (clock.now - start) / .seconds(1)
            trainer.seconds += seconds
            trainer.window.add(result, recipe.batchSize, seconds: seconds, waited: waited)
            let isLast = trainer.step == recipe.steps
            var record = TrainingRecord(
                step: trainer.step, samples: trainer.step * recipe.batchSize, seconds: rounded(trainer.seconds))
            if trainer.step % recipe.evaluateEvery == 0 || isLast, trainer.data.heldOutCount > 0 {
                let score = try trainer.scoreHeldOut()
                trainer.heldOutAccuracy = score.accuracy
                record.heldOutAccuracy = rounded(score.accuracy)
                record.heldOutMeanIoU = rounded(score.meanIoU)
                try append(record)
                (record.heldOutAccuracy, record.heldOutMeanIoU) = (nil, nil)
            }
            trainer.update(&state, result)
            progress(state)
            if trainer.step % logEvery == 0 || isLast {
                trainer.window.fill(&record)
                for (term, sigma) in zip(SelfPacedLoss.terms, state.sigmas) { record.loss[term.sigma] = rounded(sigma) }
                try append(record)
                if writes, !hasWaited, trainer.window.shareWaited > 0.1 {
                    hasWaited = true
                    report(Self.waiting(trainer.window.shareWaited))
                }
                trainer.window = StepWindow()
            }
            if writes, !isLast, (clock.now - saved) / .seconds(1) >= checkpointInterval {
                do throws(GroundingError) {
                    try trainer.save(to: checkpoint)
                } catch {
                    report(
                        "\(error); \(exists(checkpoint) ? "the checkpoint before it is kept" : "there is no checkpoint yet"), training goes on"
                    )
                }
                saved = clock.now
            }
        }
        trainer.data.takeBroken().forEach { report("left out: \($0)") }
        if writes { try trainer.save(to: checkpoint) }
        return .finished
    }
}

extension TrainingRun {
    static func waiting(_ share: Double) -> String {
        "steps wait \(Int((100 * share).rounded())) % of the time for pictures, which one thread reads and changes: "
            + "smaller files or less augmentation make them come faster, one of --threads less leaves it a core"
    }
}

extension Trainer {
    /// Screen values move a tenth of the way to each step's: steady to read, quick to follow.
    func update(_ state: inout TrainingProgress, _ result: StepResult) {
        let share = state.step == 0 ? 1 : 0.1
        state.loss += (result.loss - state.loss) * share
        for (i, term) in result.terms.enumerated() { state.terms[i] += (term - state.terms[i]) * share }
        state.accuracy += (result.accuracy - state.accuracy) * share
        state.step = step
        state.samples = step * recipe.batchSize
        state.sigmas = network.sigma.value.values.map { Double($0) }
        state.heldOutAccuracy = heldOutAccuracy
        if window.count >= 5 || state.samplesPerSecond == 0 { state.samplesPerSecond = window.samplesPerSecond }
        state.timeLeft = Double((recipe.steps - step) * recipe.batchSize) / max(state.samplesPerSecond, 1e-9)
    }
}
