internal import DeixisCommand
internal import DeixisFiles
internal import Foundation

/// One line on standard error that is drawn over: at most ten times a second on a terminal, every ten seconds
/// elsewhere.
final class ProgressLine: Sendable {
    private let terminal = isatty(2) == 1
    private let last = Locked(ContinuousClock.Instant?.none)

    func show(_ text: @autoclosure () -> String, final: Bool = false) {
        let due = last.withLock { last in
            let now = ContinuousClock.now
            if !final, let last, now - last < (terminal ? .milliseconds(100) : .seconds(10)) { return false }
            last = now
            return true
        }
        guard due else { return }
        Console.draw(terminal ? "\r\u{1B}[K" + text() + (final ? "\n" : "") : text() + "\n")
    }
}
