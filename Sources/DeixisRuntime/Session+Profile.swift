public import DeixisGraph

/// What each step of the current plan costs.
public struct SessionProfile: Sendable {
    public struct Step: Sendable {
        /// The node's name in the file, or that of a node it was fused from.
        public var name: Name
        /// `Conv`, `deixis.Linear`.
        public var op: Name
        /// Kernel family, `reference` where none serves.
        public var kernel: StaticString
        /// Output type and shape.
        public var output: TensorType?
        /// Multiply-accumulates, and bytes read and written, per run.
        public var macs: Int
        public var bytes: Int
        /// Median and least over the runs.
        public var nanoseconds: UInt64
        public var leastNanoseconds: UInt64
    }

    public var steps: [Step]
    /// Whole runs, steps timed one by one.
    public var runNanoseconds: [UInt64]
    /// Activations, inputs and outputs; scratch of all threads; weights as kernels want them.
    public var arenaBytes: Int
    public var scratchBytes: Int
    public var packedWeightBytes: Int
}

extension Session {
    /// Runs the current plan `runs` times on whatever its inputs hold, timing each step.
    public func profile(runs: Int) throws(RuntimeError) -> SessionProfile {
        guard let plan = current else { throw .notPlanned }
        let runs = max(runs, 1)
        var times = plan.steps.map { _ in [UInt64](repeating: 0, count: runs) }
        var whole: [UInt64] = []
        for run in 0..<runs {
            let start = Machine.nanoseconds
            var before = start
            for i in plan.steps.indices {
                try plan.run(workers, i)
                let after = Machine.nanoseconds
                times[i][run] = after - before
                before = after
            }
            whole.append(before - start)
        }
        let steps = plan.steps.enumerated().map { i, step in
            let sorted = times[i].sorted()
            return SessionProfile.Step(
                name: step.node.name, op: step.node.domain.isEmpty ? step.node.op : Name("\(step.node.domain).\(step.node.op)"),
                kernel: step.label, output: (step.node.outputs.first ?? nil).flatMap { plan.graph[$0].type }, macs: step.macs,
                bytes: step.byteCount, nanoseconds: sorted[runs / 2], leastNanoseconds: sorted[0])
        }
        return SessionProfile(
            steps: steps, runNanoseconds: whole, arenaBytes: plan.arenaBytes, scratchBytes: plan.scratchBytes,
            packedWeightBytes: weights.byteCount)
    }

    /// Stages of the way from file to plan that `listing` can show.
    public enum Stage: CaseIterable, Sendable {
        /// As the file says it.
        case read
        /// After the passes that need no shapes.
        case portable
        /// At the current shapes, after all passes. Empty before shapes are prepared.
        case target
        /// The steps of the current plan, with their kernels.
        case plan

        public var name: StaticString {
            switch self {
            case .read: "read"
            case .portable: "portable"
            case .target: "target"
            case .plan: "plan"
            }
        }
    }

    /// The model at a stage, as text.
    public func listing(_ stage: Stage) -> String {
        switch stage {
        case .read: return model.graph.listing
        case .portable: return portable.listing
        case .target: return current?.graph.listing ?? ""
        case .plan:
            guard let plan = current else { return "" }
            var text = "arena \(plan.arenaBytes) bytes, scratch \(plan.scratchBytes) bytes, packed weights \(weights.byteCount) bytes\n"
            for step in plan.steps { text += "\(step.label)  \(step.macs / 1_000_000) MMAC  \(plan.graph.describe(step.node))\n" }
            return text
        }
    }
}
