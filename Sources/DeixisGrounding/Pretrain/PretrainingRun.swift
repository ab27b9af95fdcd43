import DeixisFiles
import DeixisTraining
import Foundation

/// One line of pretraining's log. Training lines average over the steps since the line before; measuring lines hold
/// accuracies.
public struct PretrainingRecord: LogRecord, Sendable, Codable, Equatable {
    public var step: Int
    public var samples: Int
    public var seconds: Double
    public var loss: Double?
    public var rateFactor: Double?
    public var samplesPerSecond: Double?
    /// On held-out scenes, by property: of C3, C4, C5.
    public var heldOut: [String: [Double]]?
}

/// What pretraining tells while it goes.
public struct PretrainingProgress: Sendable {
    public var step = 0
    public var steps = 0
    public var loss = 0.0
    public var heldOut: CellScore?
    public var samplesPerSecond = 0.0
    public var timeLeft = 0.0

    public var line: String {
        let accuracies = CellProperty.allCases.map { property in
            property.name + " " + (heldOut.map { String(format: "%.3f", $0.accuracy(property, stage: 1)) } ?? "-")
        }
        return
            "step \(step)/\(steps)  loss \(String(format: "%.3f", loss))  held-out C4 \(accuracies.joined(separator: " "))  "
            + "\(Int(samplesPerSecond.rounded())) samples/s  left \(TrainingProgress.clock(timeLeft))"
    }
}

/// The loop: trains, measures, and writes the encoder as safetensors.
public struct PretrainingRun: Sendable {
    /// The safetensors file, written anew after each measurement and at the end.
    public let out: String
    /// JSON lines; begun anew.
    public let log: String
    /// For the file's `__metadata__`.
    public let command: String
    public var logEvery = 20

    public init(out: String, log: String, command: String = "") {
        (self.out, self.log, self.command) = (out, log, command)
    }

    /// Trains until the samples are used up or `shouldStop` says so; either way the file holds the last weights.
    ///
    /// When writing fails on the way (a full disk), `report` hears it and training goes on; only the last writing must
    /// succeed.
    /// - Returns: the last measurement, and whether the run was finished.
    public func train(
        _ trainer: VisualPretrainer, shouldStop: () -> Bool = { false },
        progress: (PretrainingProgress) -> Void = { _ in },
        report: (String) -> Void = { _ in }
    ) throws(GroundingError) -> (score: CellScore, finished: Bool) {
        let recipe = trainer.recipe, maker = trainer.maker()
        try GroundingError.file { () throws(FileError) in try replaceFile(log, with: []) }
        let heldOut = trainer.heldOutBatches()
        let queue = BatchQueue<CellBatch>(from: trainer.step, depth: 3) { number in maker.batch(number) }
        defer { queue.stop() }
        let clock = ContinuousClock(), start = clock.now
        var state = PretrainingProgress(), sum = 0.0, count = 0, windowStart = start
        state.steps = recipe.steps
        func elapsed(since then: ContinuousClock.Instant) -> Double { (clock.now - then) / .seconds(1) }
        func record() -> PretrainingRecord {
            PretrainingRecord(
                step: trainer.step, samples: trainer.step * recipe.batchSize, seconds: rounded(elapsed(since: start)))
        }
        func measure() throws(GroundingError) -> CellScore {
            let score = trainer.score(heldOut)
            var line = record()
            line.heldOut = [:]
            for property in CellProperty.allCases {
                line.heldOut?[property.name] = (0..<3).map { rounded(score.accuracy(property, stage: $0)) }
            }
            try TrainingLog.append(line, to: log)
            return score
        }
        while trainer.step < recipe.steps, !shouldStop() {
            let factor = trainer.rateFactor
            let loss = try trainer.train(try queue.next())
            (sum, count) = (sum + loss, count + 1)
            state.step = trainer.step
            state.loss += (loss - state.loss) * (trainer.step == 1 ? 1 : 0.1)
            if count >= 5 || state.samplesPerSecond == 0 {
                state.samplesPerSecond = Double(count * recipe.batchSize) / max(1e-9, elapsed(since: windowStart))
            }
            state.timeLeft =
                Double((recipe.steps - trainer.step) * recipe.batchSize) / max(1e-9, state.samplesPerSecond)
            progress(state)
            if trainer.step % logEvery == 0 || trainer.step == recipe.steps {
                var line = record()
                line.loss = rounded(sum / Double(count))
                line.rateFactor = rounded(factor)
                line.samplesPerSecond = rounded(state.samplesPerSecond)
                try TrainingLog.append(line, to: log)
                (sum, count, windowStart) = (0, 0, clock.now)
            }
            if trainer.step % recipe.evaluateEvery == 0, trainer.step < recipe.steps {
                let pause = clock.now
                state.heldOut = try measure()
                do throws(GroundingError) {
                    try write(trainer)
                } catch {
                    report("\(error); training goes on")
                }
                windowStart += clock.now - pause
            }
        }
        let score = try measure()
        try write(trainer)
        return (score, trainer.step == recipe.steps)
    }

    private func write(_ trainer: VisualPretrainer) throws(GroundingError) {
        let recipe = trainer.recipe
        let metadata = [
            "format": "deixis visual encoder", "command": command, "configuration": recipe.name,
            "seed": "\(recipe.seed)",
            "samples": "\(trainer.step * recipe.batchSize)",
        ]
        do throws(TrainingError) {
            try SafeTensors.write(trainer.encoder, metadata: metadata, to: out)
        } catch {
            throw .training(error)
        }
    }
}
