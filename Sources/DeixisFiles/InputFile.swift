import Glibc

/// A regular file opened for reading at any place.
public final class InputFile {
    public let path: String
    public let size: Int
    private let descriptor: Int32

    public init(_ path: String) throws(FileError) {
        self.path = path
        // Not blocking: opening a pipe must fail below, not wait for a writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(.read, path: path, code: errno) }
        var status = stat()
        let code = fstat(descriptor, &status) == 0 ? 0 : errno
        let kind = status.st_mode & S_IFMT
        guard code == 0, kind == S_IFREG else {
            close(descriptor)
            throw .system(.read, path: path, code: code != 0 ? code : kind == S_IFDIR ? EISDIR : EINVAL)
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// `count` bytes from `offset` on, all within the file.
    public func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let result = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            let place = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[..<count])
            do throws(FileError) {
                try read(at: offset, into: place)
                initialized = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }

    public func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(FileError) {
        var done = 0
        while done < target.count {
            let place = target.baseAddress.map { $0 + done }
            let count = pread(descriptor, place, target.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system(.read, path: path, code: errno) }
            guard count > 0 else { throw .truncated(path: path) }
            done += count
        }
    }
}
