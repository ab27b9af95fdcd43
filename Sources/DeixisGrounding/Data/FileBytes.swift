import Foundation

/// Whole files in and out. Writing never leaves a half-written file under the real name: temporary name in the same folder,
/// fsync, rename; when anything fails, a full disk included, what was there before stays.
enum FileBytes {
    static func read(_ path: String) throws(GroundingError) -> [UInt8] {
        func fail() -> GroundingError { .file(path: path, action: "read it", reason: String(cString: strerror(errno))) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fail() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fail() }
            if count == 0 { return bytes }
            bytes += piece[0..<count]
        }
    }

    static func writeAtomically(_ bytes: some ContiguousBytes, to path: String) throws(GroundingError) {
        let temporary = path + ".tmp-\(ProcessInfo.processInfo.processIdentifier)"
        func fail(_ action: String) -> GroundingError {
            let text = String(cString: strerror(errno))
            unlink(temporary)
            return .file(path: path, action: action, reason: text)
        }
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw fail("create it") }
        let complete = bytes.withUnsafeBytes { buffer in
            var at = 0
            while at < buffer.count {
                let count = write(descriptor, buffer.baseAddress?.advanced(by: at), buffer.count - at)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return false }
                at += count
            }
            return true
        }
        guard complete, fsync(descriptor) == 0 else {
            let error = fail("write it")
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw fail("write it") }
        guard rename(temporary, path) == 0 else { throw fail("rename its temporary file") }
    }

    static func makeDirectory(_ path: String) throws(GroundingError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .file(path: path, action: "create the directory", reason: reason(of: error))
        }
    }

    /// The system's words ("No space left on device") rather than Foundation's.
    static func reason(of error: any Error) -> String {
        let outer = error as NSError
        let inner = (outer.userInfo[NSUnderlyingErrorKey] as? NSError) ?? outer
        return inner.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(inner.code))) : outer.localizedDescription
    }
}
