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

extension Node {
    /// `Conv`, `deixis.Linear`.
    var spelledOp: Name { domain.isEmpty ? op : Name("\(domain).\(op)") }
}

extension RunContext {
    /// Runs the current plan `runs` times on whatever its inputs hold, timing each step.
    public func profile(runs: Int) throws(RuntimeError) -> SessionProfile {
        guard let bound = current else { throw .notPlanned }
        let plan = bound.plan, runs = max(runs, 1)
        var times = plan.steps.map { _ in [UInt64](repeating: 0, count: runs) }
        var whole: [UInt64] = []
        try roundingToNearest { () throws(RuntimeError) in
            for run in 0..<runs {
                let start = Machine.nanoseconds
                var before = start
                for i in plan.steps.indices {
                    try bound.run(i, on: session.workers.pool)
                    let after = Machine.nanoseconds
                    times[i][run] = after - before
                    before = after
                }
                whole.append(before - start)
            }
        }
        let steps = plan.steps.enumerated().map { i, step in
            let sorted = times[i].sorted()
            return SessionProfile.Step(
                name: step.node.name, op: step.node.spelledOp, kernel: step.kernel.label,
                output: (step.node.outputs.first ?? nil).flatMap { plan.graph[$0].type }, macs: step.kernel.macs,
                bytes: step.byteCount, nanoseconds: sorted[runs / 2], leastNanoseconds: sorted[0])
        }
        return SessionProfile(
            steps: steps, runNanoseconds: whole, arenaBytes: plan.activationBytes, scratchBytes: plan.scratchBytes,
            packedWeightBytes: session.packedWeightBytes)
    }

    /// The model at a stage, as text; the later stages are those of the current plan.
    public func listing(_ stage: Session.Stage) -> String {
        switch stage {
        case .read: return session.model.graph.listing
        case .portable: return session.portable.listing
        case .target: return current?.plan.graph.listing ?? ""
        case .plan:
            guard let plan = current?.plan else { return "" }
            var text = "arena \(plan.activationBytes) bytes, scratch \(plan.scratchBytes) bytes, "
            text += "packed weights \(session.packedWeightBytes) bytes\n"
            for step in plan.steps {
                text +=
                    "\(step.kernel.label)  \(step.kernel.macs / 1_000_000) MMAC  \(plan.graph.describe(step.node))\n"
            }
            return text
        }
    }
}

extension Session {
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
}
