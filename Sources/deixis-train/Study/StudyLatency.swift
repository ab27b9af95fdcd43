internal import DeixisFiles
internal import DeixisGrounding
internal import DeixisTraining

/// Measures models by turns, so that what slows the machine for a while slows all of them.
struct StudyLatency {
    private let unseen: UnseenSamples
    private let shouldStop: () -> Bool
    private static let rounds = 5
    /// Samples of a turn: as many as take so long for the slowest model, within bounds.
    private static let turnMilliseconds = 300.0, fewest = 3, most = 16

    init(_ unseen: UnseenSamples, shouldStop: @escaping () -> Bool) {
        (self.unseen, self.shouldStop) = (unseen, shouldStop)
    }

    /// The medians, over rounds, of each turn's median; for 1 thread, and for 2 where there are two cores.
    func measure(_ paths: [String], progress: (String, Bool) -> Void) throws -> [[StudyResults.Latency]] {
        let samples = try (0..<min(Self.most, unseen.count)).map { try unseen.source.sample($0) }
        var results = [[StudyResults.Latency]](repeating: [], count: paths.count)
        let counts = Backend.usableCores >= 2 ? [1, 2] : [1]
        for threads in counts {
            let models = try paths.map { try StudyModel($0, threads: threads) }
            // The first sentence of each length pays for its plan.
            let slowest = try models.map { try turn($0, samples[...]) }.filter(\.isFinite).max() ?? 1
            let count = max(Self.fewest, min(Self.most, Int(Self.turnMilliseconds / max(slowest, 1e-3))))
            var medians = [[Double]](repeating: [], count: models.count)
            for round in 0..<Self.rounds {
                for place in models.indices {
                    if shouldStop() { throw StudyStopped() }
                    // Another one begins each round.
                    let index = (place + round) % models.count
                    medians[index].append(try turn(models[index], samples.prefix(count)))
                    progress(
                        "latency, \(threads) thread\(threads == 1 ? "" : "s"), round \(round + 1) of \(Self.rounds)",
                        threads == counts.last && round + 1 == Self.rounds && place + 1 == models.count)
                }
            }
            for (index, values) in medians.enumerated() {
                let median = Self.median(values)
                guard median.isFinite else { continue }
                results[index].append(
                    .init(threads: threads, milliseconds: (median * 1000).rounded() / 1000))
            }
        }
        return results
    }

    private func turn(_ model: StudyModel, _ samples: ArraySlice<GroundingSample>) throws -> Double {
        Self.median(try samples.map { try model.milliseconds($0) })
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.filter(\.isFinite).sorted()
        return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    }

    /// What the system calls this CPU.
    static var processor: String {
        let known = (try? readFile("/proc/cpuinfo")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = known.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":").last.map { $0.drop { $0 == " " } } ?? ""
        return name.isEmpty ? "a CPU whose name the system does not tell" : String(name)
    }
}
