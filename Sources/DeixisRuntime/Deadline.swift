public import DeixisGraph

/// How long an answer may take, counted from when this was made.
public struct Deadline: Sendable {
    let start: UInt64
    let limit: UInt64

    /// Starts now. Less than nothing is nothing, and what is not a number never ends.
    public init(milliseconds: Double) {
        start = Machine.nanoseconds
        limit = milliseconds < 1e12 ? UInt64(max(milliseconds, 0) * 1e6) : .max
    }
}

/// A run that was given up between two steps, for its deadline had passed.
public struct Timeout: Sendable, CustomStringConvertible {
    public let deadlineNanoseconds: UInt64
    public let elapsedNanoseconds: UInt64
    /// The step that would have been next, counted from 0; of how many; the name and operator of its node.
    public let step: Int
    public let stepCount: Int
    public let name: Name
    public let op: Name

    public var description: String { message.text }

    private var message: Message {
        let what: Message = name.isEmpty ? "\(op)" : "'\(name)' (\(op))"
        return "the deadline of \(spell(deadlineNanoseconds)) ms passed: \(spell(elapsedNanoseconds)) ms were gone before step \(step + 1) of \(stepCount), \(what)"
    }

    /// Milliseconds with three decimals, `7.300`. Embedded Swift need not spell a Double.
    private func spell(_ nanoseconds: UInt64) -> String {
        let microseconds = nanoseconds / 1000, rest = "\(microseconds % 1000)"
        return "\(microseconds / 1000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
    }
}

extension Session {
    /// Runs on what the input buffers hold, unless `deadline` passes first: that is looked at before each step, and thrown as
    /// `RuntimeError.timeout`. Outputs then mean nothing; the session is as usable as before. A last step that ends late still counts.
    public func run(before deadline: Deadline?) throws(RuntimeError) { try runAll(before: deadline) }

    func runAll(before deadline: Deadline?) throws(RuntimeError) {
        guard let plan = current else { throw .notPlanned }
        plan.kept?.isFilled = false
        try run(plan, 0..<plan.steps.count, before: deadline)
        plan.kept?.isFilled = true
    }

    /// Steps `range` of `plan`.
    func run(_ plan: Plan, _ range: Range<Int>, before deadline: Deadline?) throws(RuntimeError) {
        stepsRun += range.count
        guard let deadline else { return try plan.run(workers, range) }
        for index in range {
            let step = plan.steps[index], elapsed = Machine.nanoseconds - deadline.start
            guard elapsed <= deadline.limit else {
                throw .timeout(Timeout(
                    deadlineNanoseconds: deadline.limit, elapsedNanoseconds: elapsed, step: index, stepCount: plan.steps.count,
                    name: step.node.name, op: step.node.domain.isEmpty ? step.node.op : Name("\(step.node.domain).\(step.node.op)")))
            }
            try plan.run(workers, index)
        }
    }
}
