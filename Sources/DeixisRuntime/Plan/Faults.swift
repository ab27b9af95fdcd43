import DeixisGraph
import Synchronization

/// Where a running step says that an index of its data lies outside the axis it picks from. Any thread of a run may
/// report; of several reports the one of the lowest position stays, so that every run of the same inputs says the same.
/// The run looks after each step.
final class FaultRecord: Sendable {
    struct Fault: Equatable, Sendable {
        /// Of the index within its tensor, in row-major order.
        var position: Int
        var index: Int
        var extent: Int
    }

    private let isHeld = Atomic(false)
    private let isSet = Atomic(false)
    private let position = Atomic(0), index = Atomic(0), extent = Atomic(0)

    /// Called for what is wrong only, so it may be slow.
    @inline(never)
    func report(position: Int, index: Int, extent: Int) {
        while isHeld.exchange(true, ordering: .acquiring) {}
        if !isSet.load(ordering: .relaxed) || position < self.position.load(ordering: .relaxed) {
            self.position.store(position, ordering: .relaxed)
            self.index.store(index, ordering: .relaxed)
            self.extent.store(extent, ordering: .relaxed)
            isSet.store(true, ordering: .relaxed)
        }
        isHeld.store(false, ordering: .releasing)
    }

    /// One load, to be asked between steps; the pool's end of a run orders it behind every report.
    @inline(__always)
    var isFaulty: Bool { isSet.load(ordering: .relaxed) }

    /// What was reported; none from then on.
    func take() -> Fault? {
        guard isSet.exchange(false, ordering: .relaxed) else { return nil }
        return Fault(
            position: position.load(ordering: .relaxed), index: index.load(ordering: .relaxed),
            extent: extent.load(ordering: .relaxed))
    }
}

extension FaultRecord {
    /// Throws what the step of node `name` reported.
    @inline(__always)
    func check(_ op: @autoclosure () -> Name, _ node: @autoclosure () -> Name) throws(RuntimeError) {
        if isFaulty { throw error(op(), node()) }
    }

    @inline(never)
    private func error(_ op: Name, _ node: Name) -> RuntimeError {
        let fault = take() ?? Fault(position: 0, index: 0, extent: 0)
        return .indexOutOfRange(op: op, node: node, position: fault.position, index: fault.index, extent: fault.extent)
    }
}
