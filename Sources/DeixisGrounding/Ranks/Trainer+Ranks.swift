import CDeixisSystem
import DeixisFiles
import DeixisTraining

extension Trainer {
    /// How long the last step waited for other ranks' gradients after its own were computed; 0 with one rank.
    public var secondsWaited: Double { gradientSum?.waited ?? 0 }

    /// Makes what this rank found of its share of a batch that of the whole batch.
    func join(_ sums: inout StepSums) {
        guard let ranks, let gradientSum else { return }
        gradientSum.finish()
        let all = ranks.sum([sums.loss, Double(sums.hits)] + sums.terms + sums.weights)
        let (terms, weights) = (all[2...].prefix(sums.terms.count), all.suffix(sums.weights.count))
        (sums.loss, sums.hits, sums.terms, sums.weights) = (all[0], Int(all[1]), Array(terms), Array(weights))
        guard !sums.loss.isFinite else { return }
        // The same sum on all ranks: all come here.
        let none = UInt64.max, culprits = ranks.gather(sums.culprit.map { UInt64($0) } ?? none)
        sums.culprit = culprits.first { $0 != none }.map { Int($0) }
    }

    /// Refuses ranks that would not compute one run: each must begin at the same step of the same recipe, with the same
    /// weights and as many samples.
    public func checkRanks() throws(GroundingError) {
        guard let ranks else { return }
        var weights: UInt64 = 0
        for parameter in network.parameters.all {
            parameter.value.withUnsafeBufferPointer {
                weights = deixis_checksum(weights, $0.baseAddress, $0.count * MemoryLayout<Float>.stride)
            }
        }
        var recipe = recipe
        // Each rank's own memory decides it.
        recipe.microBatch = nil
        recipe.command = ""
        var text = Array(recipe.fileText(version: TrainingRecipe.version).utf8)
        // In any fixed order.
        var ranges = (quantization?.steps.sorted { $0.key < $1.key } ?? []).flatMap { place, steps in
            [UInt64(place), steps.scale.bitPattern, UInt64(steps.zero)]
        }
        let facts: [(what: String, value: UInt64)] = [
            ("another recipe", deixis_checksum(0, &text, text.count)), ("another step", UInt64(step)),
            ("another number of training samples", UInt64(data.training.count ?? 0)),
            ("another number of held-out samples", UInt64(data.heldOutCount)), ("other weights", weights),
            ("other int8 ranges", deixis_checksum(0, &ranges, ranges.count * 8)),
        ]
        for (what, value) in facts {
            let all = ranks.gather(value)
            if let other = all.firstIndex(where: { $0 != all[0] }) {
                throw .ranks("rank \(other) begins with \(what) than rank 0: give all ranks the same files")
            }
        }
    }
}
