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
        return
            "the deadline of \(spell(deadlineNanoseconds)) ms passed: \(spell(elapsedNanoseconds)) ms were gone before step \(step + 1) of \(stepCount), \(what)"
    }

    /// Milliseconds with three decimals, `7.300`. Embedded Swift need not spell a Double.
    private func spell(_ nanoseconds: UInt64) -> String {
        let microseconds = nanoseconds / 1000, rest = "\(microseconds % 1000)"
        return "\(microseconds / 1000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
    }
}

extension Deadline {
    /// Before step `index` of `plan`: whether there is time left for it.
    func check(_ plan: Plan, _ index: Int) throws(RuntimeError) {
        let elapsed = Machine.nanoseconds - start
        if elapsed <= limit { return }
        let node = plan.steps[index].node
        throw .timeout(
            Timeout(
                deadlineNanoseconds: limit, elapsedNanoseconds: elapsed, step: index, stepCount: plan.steps.count,
                name: node.name, op: node.spelledOp))
    }
}
