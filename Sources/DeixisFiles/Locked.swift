import Foundation

/// A value that one thread at a time may touch.
///
/// What Synchronization's Mutex does, by a lock that ThreadSanitizer knows: it cannot see Mutex's, and takes what it guards for a race.
package final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    package init(_ value: sending Value) { self.value = value }

    /// Runs `body` while no other thread is in a `withLock` of this value; `body` must not call it again.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
