internal import DeixisFiles

/// Lines of a data set whose pictures turned out to be broken when they were decoded, left out because of `--skip-bad`.
///
/// Shared by the threads that make batches. Which samples are left out depends on the files alone, so a resumed run
/// leaves out the same.
public final class LeftOut: Sendable {
    private struct State {
        var lines: [Int: BadLine] = [:]
        var unread: [BadLine] = []
    }
    private let state = Locked(State())

    public init() {}

    /// How many so far.
    public var count: Int { state.withLock { $0.lines.count } }

    /// Those found since the last call.
    public func takeUnread() -> [BadLine] {
        state.withLock { state in
            defer { state.unread = [] }
            return state.unread
        }
    }

    /// Sample `index` of `source`; nil where its picture is broken. Any other error is thrown.
    public func sample(_ index: Int, of source: some SampleSource) throws(GroundingError) -> GroundingSample? {
        if state.withLock({ $0.lines[index] != nil }) { return nil }
        do throws(GroundingError) { return try source.sample(index) } catch {
            guard case .badImage(let manifest, let line, let image, let reason) = error else { throw error }
            let bad = BadLine(file: manifest, line: line, reason: "image '\(image)': \(reason)")
            state.withLock { state in
                if state.lines.updateValue(bad, forKey: index) == nil { state.unread.append(bad) }
            }
            return nil
        }
    }
}
