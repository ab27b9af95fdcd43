import CDeixisSystem
import Glibc

/// A file that appears under its name whole or not at all.
///
/// Bytes go to a temporary name in the same folder; `commit` fsyncs, renames over the old file and fsyncs the folder. Without `commit`,
/// or when anything fails, the temporary file is removed and what lay under the name before stays as it was.
public final class ReplacingFile {
    public let path: String
    private var file: OpaquePointer?
    /// Small writes gather here; large ones (weights) go straight from the caller's memory to the file.
    private var pending: [UInt8] = []
    private static let pendingLimit = 1 << 18

    public init(path: String) throws(ExportError) {
        self.path = path
        // Renaming over a device would replace it.
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path: path) }
        }
        let code = deixis_file_begin(path, &file)
        guard code == 0 else { throw .file(path: path, action: .create, code: code) }
        pending.reserveCapacity(Self.pendingLimit)
    }

    deinit { if let file { deixis_file_abort(file) } }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(ExportError) {
        if pending.count + bytes.count <= Self.pendingLimit {
            pending.append(contentsOf: bytes)
        } else {
            try flush()
            try append(bytes)
        }
    }

    public func write(_ bytes: [UInt8]) throws(ExportError) {
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(ExportError) in try write(raw) }
    }

    /// Makes the file durable and visible under its name. Nothing can be written afterwards.
    public func commit() throws(ExportError) {
        try flush()
        let code = deixis_file_commit(file)
        // Committed or aborted: done with in either case.
        file = nil
        // Delayed allocation: a full disk may show up only here.
        guard code == 0 else { throw .file(path: path, action: .finish, code: code) }
    }

    private func flush() throws(ExportError) {
        let gathered = pending
        try gathered.span.bytes.withUnsafeBytes { (raw) throws(ExportError) in try append(raw) }
        pending = []
        pending.reserveCapacity(Self.pendingLimit)
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws(ExportError) {
        let code = deixis_file_append(file, bytes.baseAddress, bytes.count)
        guard code == 0 else { throw .file(path: path, action: .write, code: code) }
    }
}
