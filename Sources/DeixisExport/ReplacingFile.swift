import Glibc

/// A file that appears under its name whole or not at all.
///
/// Bytes go to a temporary name in the same folder; `commit` fsyncs, renames over the old file and fsyncs the folder. Without `commit`,
/// or when anything fails, the temporary file is removed and what lay under the name before stays as it was.
public final class ReplacingFile {
    public let path: String
    private let temporaryPath: String
    private var descriptor: Int32
    /// Small writes gather here; large ones (weights) go straight from the caller's memory to the file.
    private var pending: [UInt8] = []
    private static let pendingLimit = 1 << 18

    public init(path: String) throws(ExportError) {
        self.path = path
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path: path) }
        } else if errno != ENOENT {
            throw .file(path: path, action: .inspect, code: errno)
        }
        let (folder, name) = Self.split(path)
        // O_EXCL settles which of several writers owns a temporary name; a name left by a killed process is passed over.
        var attempt = 0
        while true {
            let candidate = "\(folder).\(name).\(getpid())-\(attempt).tmp"
            let opened = open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if opened >= 0 {
                (temporaryPath, descriptor) = (candidate, opened)
                break
            }
            attempt += 1
            guard errno == EEXIST, attempt < 1000 else { throw .file(path: path, action: .create, code: errno) }
        }
        pending.reserveCapacity(Self.pendingLimit)
    }

    deinit {
        if descriptor >= 0 {
            close(descriptor)
            unlink(temporaryPath)
        }
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(ExportError) {
        if pending.count + bytes.count <= Self.pendingLimit {
            pending.append(contentsOf: bytes)
        } else {
            try flush()
            try writeThrough(bytes)
        }
    }

    public func write(_ bytes: [UInt8]) throws(ExportError) {
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(ExportError) in try write(raw) }
    }

    /// Makes the file durable and visible under its name. Nothing can be written afterwards.
    public func commit() throws(ExportError) {
        try flush()
        // Delayed allocation: a full disk may show up only here.
        guard fsync(descriptor) == 0 else { throw .file(path: path, action: .sync, code: errno) }
        guard rename(temporaryPath, path) == 0 else { throw .file(path: path, action: .rename, code: errno) }
        close(descriptor)
        descriptor = -1
        let folder = Self.split(path).folder
        let opened = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // Some file systems cannot sync a folder; the file itself is in place and whole by now.
        if opened >= 0 {
            fsync(opened)
            close(opened)
        }
    }

    private func flush() throws(ExportError) {
        let gathered = pending
        try gathered.span.bytes.withUnsafeBytes { (raw) throws(ExportError) in try writeThrough(raw) }
        pending = []
        pending.reserveCapacity(Self.pendingLimit)
    }

    private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws(ExportError) {
        var rest = bytes[...]
        while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
            let count = Glibc.write(descriptor, base, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .file(path: path, action: .write, code: count < 0 ? errno : EIO) }
            rest = rest.dropFirst(count)
        }
    }

    /// `a/b.onnx` -> (`a/`, `b.onnx`).
    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
        let start = path.utf8.index(after: slash)
        return (String(path[..<start]), String(path[start...]))
    }
}
