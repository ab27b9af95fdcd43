import CDeixisSystem

/// A file that appears under its name whole or not at all (deixis_file_begin in CDeixisSystem says how).
///
/// Without `commit`, or when anything fails, what lay under the name before stays as it was.
public final class ReplacingFile {
    public let path: String
    private var file: OpaquePointer?
    /// Small writes gather here; large ones (weights) go straight from the caller's memory to the file.
    private var pending: [UInt8] = []
    private static let pendingLimit = 1 << 18

    public init(path: String) throws(FileError) {
        self.path = path
        let code = deixis_file_begin(path, &file)
        guard code == 0 else { throw .system(.write, path: path, code: code) }
        pending.reserveCapacity(Self.pendingLimit)
    }

    deinit { if let file { deixis_file_abort(file) } }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        if pending.count + bytes.count <= Self.pendingLimit {
            pending.append(contentsOf: bytes)
        } else {
            try flush()
            try append(bytes)
        }
    }

    public func write(_ bytes: [UInt8]) throws(FileError) {
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(FileError) in try write(raw) }
    }

    /// Makes the file visible under its name; `durable`: and safe from a power cut. Nothing can be written afterwards.
    public func commit(durable: Bool = true) throws(FileError) {
        try flush()
        let code = durable ? deixis_file_commit(file) : deixis_file_commit_unsynced(file)
        // Committed or aborted: done with in either case.
        file = nil
        // Delayed allocation: a full disk may show up only here.
        guard code == 0 else { throw .system(.write, path: path, code: code) }
    }

    private func flush() throws(FileError) {
        let gathered = pending
        try gathered.span.bytes.withUnsafeBytes { (raw) throws(FileError) in try append(raw) }
        pending.removeAll(keepingCapacity: true)
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let code = deixis_file_append(file, bytes.baseAddress, bytes.count)
        guard code == 0 else { throw .system(.write, path: path, code: code) }
    }
}
