import Glibc

/// A file opened for reading at any place.
final class InputFile {
    let path: String
    let size: Int
    private let descriptor: Int32

    init(_ path: String) throws(TrainingError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .reading(path, errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .reading(path, code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .file(path: path, operation: "read", reason: "not a regular file")
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    func bytes(at offset: Int, count: Int) throws(TrainingError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        var failure: TrainingError?
        result.withUnsafeMutableBytes { target in
            do throws(TrainingError) { try read(at: offset, into: target) } catch { failure = error }
        }
        if let failure { throw failure }
        return result
    }

    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(TrainingError) {
        var done = 0
        while done < target.count {
            let count = pread(descriptor, target.baseAddress.map { $0 + done }, target.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .reading(path, errno) }
            guard count > 0 else { throw .format(path: path, reason: "truncated: it ended while it was read") }
            done += count
        }
    }
}

extension TrainingError {
    static func reading(_ path: String, _ code: Int32) -> TrainingError {
        .file(path: path, operation: "read", reason: String(cString: strerror(code)))
    }
}
